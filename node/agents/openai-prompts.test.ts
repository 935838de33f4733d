import { describe, expect, it } from 'vitest'
import { TASK_KINDS } from '../../consensus/index.ts'
import type { TaskKind } from '../../consensus/index.ts'
import { formatCountdownTask } from '../../protocol/index.ts'
import type { AgentTask } from './agent.ts'
import { askForAnswer, askForVerdict, extractValue, parseVerdict } from './openai-prompts.ts'

const taskOf = (kind: TaskKind, prompt = 'p'): AgentTask => ({ round: 'r', kind, prompt, reference: null })

describe('asking for an answer', () => {
  it('asks for a last line where the kind has a value', () => {
    for (const kind of TASK_KINDS) {
      const [system, user] = askForAnswer(taskOf(kind, 'What?'))
      expect(system?.content.includes('FINAL ANSWER: x')).toBe(kind !== 'text')
      expect(user).toEqual({ role: 'user', content: 'What?' })
    }
  })
})

describe('extracting the value', () => {
  it('takes it from the last line alone', () => {
    expect(extractValue(taskOf('choice'), 'So:\nFINAL ANSWER: B\n\n')).toBe('B')
    for (const text of ['B', 'FINAL ANSWER: B\nSure.', 'I say FINAL ANSWER: B', 'final answer: B', 'FINAL ANSWER:', '']) expect(extractValue(taskOf('choice'), text)).toBeNull()
  })

  it('reads choices', () => {
    for (const [text, value] of [['b', 'B'], ['(C)', 'C'], ['D.', 'D'], ['**E**', 'E'], ['B or C', null], ['7', null]]) expect(extractValue(taskOf('choice'), `FINAL ANSWER: ${text}`)).toBe(value)
    expect(extractValue(taskOf('choice'), '**FINAL ANSWER: B**')).toBe('B')
  })

  it('brings numbers into one form', () => {
    const cases: [string, string | null][] = [['42', '42'], ['+42.0', '42'], ['-0', '0'], ['0042.50', '42.5'], ['1,234,567', '1234567'], ['-3/4', '-3/4'], ['12,34', null], ['42 km', null], ['1e5', null], ['x', null]]
    for (const [text, value] of cases) expect(extractValue(taskOf('number'), `FINAL ANSWER: ${text}`)).toBe(value)
  })

  it('takes labels as they are, text never', () => {
    expect(extractValue(taskOf('label'), 'FINAL ANSWER:  New   York ')).toBe('New York')
    expect(extractValue(taskOf('label'), `FINAL ANSWER: ${'x'.repeat(1_001)}`)).toBeNull()
    expect(extractValue(taskOf('text'), 'FINAL ANSWER: x')).toBeNull()
  })

  it('measures what a checker can measure', () => {
    const task = taskOf('countdown', formatCountdownTask({ numbers: [2, 3, 4], target: 25 }))
    expect(extractValue(task, 'FINAL ANSWER: 2*3*4')).toBe('24')
    expect(extractValue(task, 'FINAL ANSWER: 5*5')).toBeNull()
  })

  it('takes little time for hostile lines', () => {
    const start = performance.now()
    for (const kind of TASK_KINDS) extractValue(taskOf(kind), `FINAL ANSWER:${'*'.repeat(200_000)}x${' *'.repeat(100_000)}`)
    expect(performance.now() - start).toBeLessThan(500)
  })
})

describe('asking for a verdict', () => {
  it('removes the code from what stands between the fences, also when removing makes a new one', () => {
    const nonce = 'n0n'
    const [, user] = askForVerdict(taskOf('text', 'n0n'), { author: 'a', text: 'xn0n0n0ny', value: 'n0n' }, { author: 'b', text: 'nn0n0n', value: null }, nonce)
    expect(user?.content.split(nonce).length).toBe(7)
  })
})

describe('reading a verdict', () => {
  it('accepts exactly one line with one of the three words', () => {
    expect(parseVerdict('Hm.\nREASON: because\n  VERDICT: LEFT  \n')).toEqual({ verdict: 'left', reason: 'because' })
    expect(parseVerdict('VERDICT: RIGHT\nThat is all.')).toEqual({ verdict: 'right', reason: null })
    expect(parseVerdict('VERDICT: TIE')).toEqual({ verdict: 'tie', reason: null })
    for (const text of ['', 'LEFT', 'VERDICT:LEFT', 'VERDICT: LEFT.', 'VERDICT: LEFT\nVERDICT: LEFT', 'VERDICT: LEFT\nVERDICT: maybe', '**VERDICT: LEFT**']) expect(parseVerdict(text)).toBeNull()
  })

  it('cuts the reason', () => {
    expect(parseVerdict(`REASON: ${'x'.repeat(500)}\nVERDICT: TIE`)?.reason?.length).toBe(280)
  })
})
