import { describe, expect, it } from 'vitest'
import { parseIntegers, parseRanges, UsageError } from './script.ts'

describe('parseIntegers', () => {
  it('reads numbers within bounds, and names the flag otherwise', () => {
    expect(parseIntegers('--n', '3,1', 0, 5)).toEqual([3, 1])
    for (const text of ['', '6', '1.5', 'x', '1,,2']) expect(() => parseIntegers('--n', text, 0, 5)).toThrow(/^--n: /)
  })
})

describe('parseRanges', () => {
  it('reads numbers and ranges, each number once', () => {
    expect(parseRanges('--n', '2-4,3,9', 0, 10)).toEqual([2, 3, 4, 9])
    expect(parseRanges('--n', '7', 0, 10)).toEqual([7])
  })

  it.each(['4-2', '1-2-3', '1-x', '', '-1', '0-11', '0-5000'])('refuses %s', (text) => {
    expect(() => parseRanges('--n', text, 0, text === '0-5000' ? 9_999 : 10)).toThrow(UsageError)
  })
})
