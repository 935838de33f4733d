import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Context } from './context.ts'
import { formatMicro, formatSigned, formatTable, oneLine, printable } from './format.ts'

const piped = { interactive: false, colour: false } as Context
const watched = { interactive: true, colour: true } as Context

describe('numbers', () => {
  it.each([
    [0, '0.000', '+0.000'],
    [742_000, '0.742', '+0.742'],
    [-412_499, '-0.412', '-0.412'],
    [1_999_600, '2.000', '+2.000'],
    [-400, '0.000', '+0.000'],
  ])('%i is %s, signed %s', (micro, plain, signed) => expect([formatMicro(micro), formatSigned(micro)]).toEqual([plain, signed]))
  it('are within half a thousandth of their value', () => {
    fc.assert(fc.property(fc.integer({ min: -1e9, max: 1e9 }), (micro) => Math.abs(Number(formatMicro(micro)) * 1e6 - micro) <= 501))
  })
})

describe('text from elsewhere', () => {
  it('cannot steer a terminal', () => {
    expect(printable('a\u001b[2Jb\u009bc\u202ed\u0007\ne')).toBe('a [2Jb c d \ne')
  })
  it('is cut only where a person watches', () => {
    const text = `one\n  two\t${'x'.repeat(100)}`
    expect(oneLine(text, piped, 10)).toBe(`one two ${'x'.repeat(100)}`)
    expect(oneLine(text, watched, 10)).toBe('one two x…')
  })
})

describe('tables', () => {
  it('align their columns and end lines at their last word', () => {
    expect(formatTable(['name', 'n'], [['a', '10'], ['longer', '1']], piped)).toBe('name    n\na       10\nlonger  1\n')
    expect(formatTable(['name'], [], watched)).toBe('\u001b[1mname\u001b[22m\n')
  })
})
