import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCountdown, evaluateExpression, formatCountdownTask, parseCountdownTask } from './countdown.ts'
import type { CountdownTask } from './countdown.ts'

const task: CountdownTask = { numbers: [25, 50, 75, 100, 3, 6], target: 952 }

/** Random expressions as trees, written with all brackets; evaluated by an independent recursion. */
type Tree = number | { operator: string; left: Tree; right: Tree }
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 1, max: 20 }),
    fc.record({ operator: fc.constantFrom('+', '-', '*', '/'), left: tie('tree'), right: tie('tree') }),
  ),
}))
const write = (node: Tree): string => (typeof node === 'number' ? String(node) : `(${write(node.left)}${node.operator}${write(node.right)})`)
const valueOf = (node: Tree): number => {
  if (typeof node === 'number') return node
  const left = valueOf(node.left)
  const right = valueOf(node.right)
  const value = { '+': left + right, '-': left - right, '*': left * right, '/': left / right }[node.operator] as number
  return Number.isInteger(value) && value > 0 && value <= 1e9 ? value : NaN
}

describe('countdown', () => {
  it('formats and parses to the same task', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 7 }), fc.integer({ min: 1, max: 100_000 }), (numbers, target) => {
        expect(parseCountdownTask(formatCountdownTask({ numbers, target }))).toEqual({ numbers, target })
      }),
    )
  })

  it('refuses malformed tasks', () => {
    const bad = ['', '{"numbers":[1],"target":1}', '{"numbers":[1,2,3,4,5,6,7,8],"target":1}', '{"numbers":[0,2],"target":1}', '{"numbers":[1,2],"target":0}']
    for (const data of [...bad, '{"numbers":[1,2],"target":1.5}', '{"numbers":[1,"2"],"target":1}']) expect(parseCountdownTask(`Words.\n${data}`)).toBeNull()
  })

  it('pins a known game', () => {
    expect(checkCountdown(task, 'FINAL ANSWER: ((100+6)*3*75-50)/25')).toEqual({ quality: 1_000_000, fault: null, measure: 952 })
    expect(checkCountdown(task, '(100 + 6) * 3 * 3')).toEqual({ quality: 0, fault: 'number-not-available', measure: null })
    expect(checkCountdown(task, '3*(100+75*3)')).toEqual({ quality: 0, fault: 'number-not-available', measure: null })
    expect(checkCountdown(task, '100*6+75*3')).toEqual({ quality: 37_878, fault: null, measure: 825 })
  })

  it('refuses what the rules forbid', () => {
    for (const text of ['3-6', '3-3', '100/6', '50-25*3']) expect(evaluateExpression(text)).toEqual({ ok: false, fault: 'result-out-of-range' })
    expect(evaluateExpression('999*999*999*999')).toEqual({ ok: false, fault: 'result-out-of-range' })
    for (const text of ['', '()', '1+', '+1', '1 2', '(1', '1)', '1**2', '1e2', '0x1', '1.5', '-1', '12345', 'alert(1)', '1+'.repeat(99) + '1+1+1']) {
      expect(evaluateExpression(text)).toEqual({ ok: false, fault: 'malformed-answer' })
    }
    expect(evaluateExpression('0+1')).toEqual({ ok: false, fault: 'number-not-available' })
  })

  it('follows the usual precedence from left to right', () => {
    expect(evaluateExpression('20-3-2*4')).toEqual({ ok: true, value: 9, used: [20, 3, 2, 4] })
    expect(evaluateExpression('24/4/2*5')).toEqual({ ok: true, value: 15, used: [24, 4, 2, 5] })
  })

  it('agrees with an independent evaluation of the same tree', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const result = evaluateExpression(write(node))
        expect(result.ok ? result.value : NaN).toBe(valueOf(node))
      }),
      { numRuns: 500 },
    )
  })

  it('falls strictly with the distance from the target', () => {
    const qualities = Array.from({ length: 50 }, (_, distance) => checkCountdown({ numbers: [100, 1], target: 100 + distance }, '100').quality)
    for (let distance = 1; distance < 50; distance++) expect(qualities[distance]).toBeLessThan(qualities[distance - 1] as number)
    expect(qualities[5]).toBe(500_000)
  })

  it('never throws on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'()+-*/ 0179x\n') , maxLength: 300 }), (text) => {
        const { quality } = checkCountdown(task, text)
        expect(quality >= 0 && quality <= 1_000_000).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
