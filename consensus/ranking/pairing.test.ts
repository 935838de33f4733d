import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { schedulePairs, type ScheduledPair } from './pairing.ts'

const anySchedule = fc.record({
  answers: fc.integer({ min: 0, max: 30 }),
  own: fc.constant([] as number[]),
  seed: fc.string(),
  judge: fc.string(),
}).chain((input) => (input.answers === 0 ? fc.constant(input) : fc.record({
  ...{ answers: fc.constant(input.answers), seed: fc.constant(input.seed), judge: fc.constant(input.judge) },
  own: fc.uniqueArray(fc.nat({ max: input.answers - 1 }), { maxLength: 2 }),
})))

function countDegrees(pairs: readonly ScheduledPair[]): Map<number, number> {
  const degrees = new Map<number, number>()
  for (const { left, right } of pairs) for (const index of [left, right]) degrees.set(index, (degrees.get(index) ?? 0) + 1)
  return degrees
}

function isConnected(nodes: readonly number[], pairs: readonly ScheduledPair[]): boolean {
  const reached = new Set(nodes.slice(0, 1))
  for (const _ of nodes) for (const { left, right } of pairs) if (reached.has(left) || reached.has(right)) reached.add(left).add(right)
  return reached.size === nodes.length
}

function others({ answers, own }: { answers: number; own: readonly number[] }): number[] {
  return Array.from({ length: answers }, (_, index) => index).filter((index) => !own.includes(index))
}

describe('schedulePairs', () => {
  it('asks for all pairs up to seven answers, for three per answer above', () => {
    fc.assert(fc.property(anySchedule, (input) => {
      const n = others(input).length
      expect(schedulePairs(input)).toHaveLength(n <= 7 ? (n * (n - 1)) / 2 : 3 * n)
    }))
  })

  it('never asks about an own answer, an answer against itself, or a pair twice', () => {
    fc.assert(fc.property(anySchedule, (input) => {
      const pairs = schedulePairs(input)
      for (const { left, right } of pairs) {
        expect(left).not.toBe(right)
        expect(others(input)).toContain(left)
        expect(others(input)).toContain(right)
      }
      expect(new Set(pairs.map(({ left, right }) => `${Math.min(left, right)}/${Math.max(left, right)}`)).size).toBe(pairs.length)
    }))
  })

  it('connects all answers, and does so in its first n pairs', () => {
    fc.assert(fc.property(anySchedule, (input) => {
      const nodes = others(input)
      expect(isConnected(nodes, schedulePairs(input).slice(0, nodes.length))).toBe(true)
    }))
  })

  it('gives every answer the same number of comparisons: six, or all of its rivals', () => {
    fc.assert(fc.property(anySchedule, (input) => {
      const nodes = others(input)
      const degrees = countDegrees(schedulePairs(input))
      for (const node of nodes) expect(degrees.get(node) ?? 0).toBe(Math.min(6, nodes.length - 1))
    }))
  })

  it('shows every answer first as often as second, up to one', () => {
    fc.assert(fc.property(anySchedule, (input) => {
      const pairs = schedulePairs(input)
      for (const node of others(input)) {
        const first = pairs.filter(({ left }) => left === node).length
        const second = pairs.filter(({ right }) => right === node).length
        expect(Math.abs(first - second)).toBeLessThanOrEqual(1)
      }
    }))
  })

  it('gives the same pairs for the same input, other pairs to another judge or seed', () => {
    const input = { answers: 15, own: [3], seed: 'seed', judge: 'judge' }
    const text = JSON.stringify(schedulePairs(input))
    expect(JSON.stringify(schedulePairs({ ...input }))).toBe(text)
    const variants = Array.from({ length: 50 }, (_, index) => JSON.stringify(schedulePairs({ ...input, judge: `judge ${index}` })))
    expect(new Set([text, ...variants]).size).toBe(51)
    expect(JSON.stringify(schedulePairs({ ...input, seed: 'other' }))).not.toBe(text)
  })

  it('pins one schedule', () => {
    expect(schedulePairs({ answers: 4, own: [0], seed: 'seed', judge: 'judge' })).toMatchInlineSnapshot(`
      [
        {
          "left": 3,
          "right": 1,
        },
        {
          "left": 1,
          "right": 2,
        },
        {
          "left": 2,
          "right": 3,
        },
      ]
    `)
  })

  it.each([[-1, []], [1.5, []], [3, [3]], [3, [-1]]])('throws RangeError on %d answers, own %j', (answers, own) => {
    expect(() => schedulePairs({ answers, own, seed: '', judge: '' })).toThrow(RangeError)
  })
})
