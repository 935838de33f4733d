import { describe, expect, it } from 'vitest'
import { TASK_KINDS } from '../../../consensus/index.ts'
import type { TaskKind } from '../../../consensus/index.ts'
import { formatCountdownTask } from '../../../protocol/index.ts'
import type { AgentTask } from '../agent.ts'
import { readAnswer } from './extract-value.ts'

const taskOf = (kind: TaskKind, prompt = 'p'): AgentTask => ({ round: 'r', kind, prompt, reference: null })
const valueOf = (kind: TaskKind, reply: string): string | null => readAnswer(taskOf(kind), reply).value

describe('reading an answer', () => {
  it('takes the value from the last line alone', () => {
    expect(valueOf('choice', 'So:\nFINAL ANSWER: B\n\n')).toBe('B')
    expect(valueOf('choice', 'FINAL ANSWER: A\nNo, wait.\nFINAL ANSWER: B')).toBe('B')
    for (const reply of ['FINAL ANSWER: B\nSure.', 'FINAL ANSWER:', '', 'B is right, C is not', 'Hm.\nB']) expect(valueOf('choice', reply)).toBeNull()
  })

  it('looks through how models set it', () => {
    const replies = [
      '**Answer: C**', '**Answer:** C', 'answer: (c)', '### Final Answer\n\n**C**', 'The final answer is:\n\n$$\\boxed{C}$$', 'FINAL ANSWER:\n```\nC\n```', 'Thus\n\\[\n\\boxed{\\text{C}}\n\\]',
      'So the answer is $$C$$.', 'The answer is: C', '**The final answer is $$\\textbf{(C)}$$.**', 'FINAL ANSWER: `C`', 'FINAL ANSWER: [C]', 'FINAL ANSWER: \\boxed{C}.', 'C', '(C)', 'FINAL ANSWER: C) Paris', 'The answer is (C) Paris.', 'FINAL ANSWER: Option C',
    ]
    for (const reply of replies) expect([reply, valueOf('choice', reply)]).toEqual([reply, 'C'])
  })

  it('does not guess between two', () => {
    for (const reply of ['FINAL ANSWER: B or C', 'The answer is (A) or (B).', 'FINAL ANSWER: A, C, and D', 'It is \\boxed{A} or \\boxed{B}', 'The answer is not B', 'FINAL ANSWER: B) and (C)', 'FINAL ANSWER: none', 'FINAL ANSWER: 7', 'The answer is **A** or **B**']) {
      expect([reply, valueOf('choice', reply)]).toEqual([reply, null])
    }
    for (const reply of ['\\boxed{3} or \\boxed{4}', 'FINAL ANSWER: 3, 4', 'FINAL ANSWER: about 3', 'The answer is 3 or 4', 'FINAL ANSWER: \\boxed{3} and \\boxed{4}']) expect([reply, valueOf('number', reply)]).toEqual([reply, null])
  })

  it('brings numbers into one form', () => {
    const cases: [string, string | null][] = [
      ['42', '42'], ['+42.0', '42'], ['-0', '0'], ['0042.50', '42.5'], ['1,234,567', '1234567'], ['-3/4', '-3/4'], ['\u22125', '-5'], ['42.', '42'], ['\\frac{3}{4}', '3/4'], ['-\\dfrac{1}{2}', '-1/2'], ['1{,}234', '1234'], ['1\\,234', '1234'],
      ['x = 7', '7'], ['$\\boxed{12}$', '12'], ['**8**', '8'], ['12,34', null], ['42 km', null], ['3/0', null], ['x', null], ['', null], ['\\frac{a}{b}', null],
    ]
    for (const [text, value] of cases) expect([text, valueOf('number', `FINAL ANSWER: ${text}`)]).toEqual([text, value])
  })

  it('takes labels as they are, never out of a sentence, texts never', () => {
    expect(valueOf('label', 'FINAL ANSWER:  New   York ')).toBe('New York')
    expect(valueOf('label', 'It follows:\n\\boxed{New York}')).toBe('New York')
    for (const reply of ['The answer is not known.', 'New York', 'FINAL ANSWER: \\boxed{Rome} or \\boxed{Paris}', `FINAL ANSWER: ${'x'.repeat(1_001)}`]) expect(valueOf('label', reply)).toBeNull()
    expect(readAnswer(taskOf('text'), 'FINAL ANSWER: x')).toEqual({ text: 'FINAL ANSWER: x', value: null })
  })

  it('measures what a checker can measure, and says a marked solution again in the form that checkers read', () => {
    const task = taskOf('countdown', formatCountdownTask({ numbers: [2, 3, 4], target: 25 }))
    expect(readAnswer(task, 'FINAL ANSWER: 2*3*4')).toEqual({ text: 'FINAL ANSWER: 2*3*4', value: '24' })
    for (const reply of ['**FINAL ANSWER: 2*3*4**', 'FINAL ANSWER:\n```\n2*3*4\n```', 'So \\boxed{2*3*4}.']) expect(readAnswer(task, reply)).toEqual({ text: `${reply}\nFINAL ANSWER: 2*3*4`, value: '24' })
    for (const reply of ['FINAL ANSWER: 5*5', 'nothing', '\\boxed{5*5}']) expect(readAnswer(task, reply)).toEqual({ text: reply, value: null })
  })

  it('keeps the text within the limit of the protocol', () => {
    expect(Buffer.byteLength(readAnswer(taskOf('text'), '€'.repeat(100_000)).text)).toBeLessThanOrEqual(60_000)
  })

  it('takes little time for hostile lines', () => {
    const start = performance.now()
    const lines = [`FINAL ANSWER:${'*'.repeat(60_000)}x${' *'.repeat(60_000)}`, `\\boxed{${'{'.repeat(60_000)}`, '\\boxed{'.repeat(8_000), 'answer is '.repeat(6_000), `${'\\text{'.repeat(9_000)}${'}'.repeat(9_000)}`, ' \n'.repeat(60_000), `FINAL ANSWER: ${'1,'.repeat(30_000)}`]
    for (const kind of TASK_KINDS) for (const line of lines) readAnswer(taskOf(kind), line)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
