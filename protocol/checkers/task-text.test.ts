import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerLengthMax, isIntegerIn, lastAnswerLine, parseIndexList, parseTaskData, promptLengthMax } from './task-text.ts'

describe('task text', () => {
  it('takes the data from the last line and nothing else', () => {
    expect(parseTaskData('Words.\nMore {"a":2} words.\n{"a":1}')).toEqual({ a: 1 })
    expect(parseTaskData('{"a":1}\nWords.')).toBeUndefined()
  })

  it('refuses JSON that is not canonical', () => {
    for (const line of ['{"a": 1}', '{"a":1.0}', '{"a":-0}', '{"a":1,"a":2}', '{"a":1} ', '']) expect(parseTaskData(`Words.\n${line}`)).toBeUndefined()
  })

  it('survives deep nesting and refuses oversized prompts', () => {
    expect(parseIndexList('['.repeat(20_000) + ']'.repeat(20_000), 1, 1)).toBeNull()
    expect(() => parseTaskData('['.repeat(20_000) + ']'.repeat(20_000))).not.toThrow()
    expect(parseTaskData(' '.repeat(promptLengthMax) + '\n1')).toBeUndefined()
  })

  it('takes the answer from the last line that is not blank, with or without its marker', () => {
    expect(lastAnswerLine('Because.\nFINAL ANSWER: [1]\n\n')).toBe('[1]')
    expect(lastAnswerLine('  [1]\r\n')).toBe('[1]')
    expect(lastAnswerLine('FINAL ANSWER:')).toBeNull()
    expect(lastAnswerLine(' \n ')).toBeNull()
    expect(lastAnswerLine('x'.repeat(answerLengthMax + 1))).toBeNull()
  })

  it('never throws on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        parseTaskData(text)
        lastAnswerLine(text)
        expect(parseIndexList(text, 40, 3)).toBeNull()
      }),
    )
  })

  it('counts only integers within the bounds', () => {
    expect([0, 5].every((value) => isIntegerIn(value, 0, 5))).toBe(true)
    for (const value of [-0, -1, 6, 1.5, NaN, Infinity, '1', null, true, [1]]) expect(isIntegerIn(value, 0, 5)).toBe(false)
  })
})
