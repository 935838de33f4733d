import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalValue, clusterAnswers } from './merge.ts'
import { TASK_KINDS } from './types.ts'

describe('canonicalValue', () => {
  it.each([['c', 'C'], [' (c) ', 'C'], ['C.', 'C'], ['c)', 'C'], ['B:', 'B']])('reads the choice %j as %j', (value, canonical) => {
    expect(canonicalValue('choice', value)).toBe(canonical)
  })

  it.each([[''], ['AB'], ['7'], ['(A) or (B)'], ['\u00e9']])('reads no choice in %j', (value) => {
    expect(canonicalValue('choice', value)).toBeNull()
  })

  it.each([
    ['42', '42'], ['+42', '42'], ['-42', '-42'], ['\u221242', '-42'], ['0042', '42'], [' 42.0 ', '42'], ['42.', '42'], ['4.2e1', '42'], ['420E-1', '42'], ['1,234,567', '1234567'],
    ['0', '0'], ['-0', '0'], ['-0.000', '0'], ['0e5', '0'], ['0.5', '1/2'], ['.5', '1/2'], ['1/2', '1/2'], ['2 / 4', '1/2'], ['-1/-2', '1/2'], ['1/-2', '-1/2'], ['0.25/0.5', '1/2'],
    ['0.333', '333/1000'], ['1,000.5', '2001/2'], ['6/3', '2'], ['0/7', '0'],
  ])('reads the number %j as %j', (value, canonical) => {
    expect(canonicalValue('number', value)).toBe(canonical)
  })

  it.each([
    [''], ['.'], ['-'], ['e5'], ['1,23'], ['12,34,567'], ['1/0'], ['0/0'], ['1/2/3'], ['two'], ['NaN'], ['Infinity'], ['0x10'], ['1 2'], ['--1'], ['1e'],
    ['1e999999999'], ['1e-999999999'], ['1/1e999999999'], ['9'.repeat(201)], ['1e200'],
  ])('reads no number in %j', (value) => {
    expect(canonicalValue('number', value)).toBeNull()
  })

  it('reads equal numbers alike, however they are written', () => {
    fc.assert(fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 50 }), (top, bottom, factor) => {
      expect(canonicalValue('number', `${top * factor}/${bottom * factor}`)).toBe(canonicalValue('number', `${top}/${bottom}`))
      expect(canonicalValue('number', `${top}e-3`)).toBe(canonicalValue('number', `${top}/1000`))
    }))
  })

  it('is its own canonical form', () => {
    fc.assert(fc.property(fc.constantFrom(...TASK_KINDS), fc.oneof(fc.string(), fc.double({ noNaN: true }).map(String), fc.integer({ min: -210, max: 210 }).map((power) => `7e${power}`)), (kind, value) => {
      const canonical = canonicalValue(kind, value)
      expect(canonical === null || canonicalValue(kind, canonical) === canonical).toBe(true)
    }))
  })

  it('takes a label as it is', () => {
    expect(canonicalValue('label', ' Yes')).toBe(' Yes')
  })

  it.each(['text', 'tour', 'colouring', 'countdown'] as const)('compares nothing in a %s task', (kind) => {
    expect(canonicalValue(kind, '42')).toBeNull()
  })
})

describe('clusterAnswers', () => {
  it('numbers equal values in order of first appearance', () => {
    expect(clusterAnswers('choice', ['b', '(A)', 'B', 'a', 'C'])).toEqual([0, 1, 0, 1, 2])
    expect(clusterAnswers('number', ['1/2', '2', '0.5', '2.0'])).toEqual([0, 1, 0, 1])
    expect(clusterAnswers('label', ['x', 'X', 'x'])).toEqual([0, 1, 0])
  })

  it('leaves texts, solver answers, absent and unreadable values alone', () => {
    expect(clusterAnswers('text', ['same', 'same'])).toEqual([0, 1])
    expect(clusterAnswers('tour', ['1 2 3', '1 2 3'])).toEqual([0, 1])
    expect(clusterAnswers('choice', ['A', null, 'none', null, 'A', 'none'])).toEqual([0, 1, 2, 3, 0, 4])
  })

  it('gives dense ids, each first seen after the one before', () => {
    fc.assert(fc.property(fc.constantFrom(...TASK_KINDS), fc.array(fc.option(fc.constantFrom('A', 'b', '1', '1.0', 'x'))), (kind, values) => {
      const firsts = [...new Set(clusterAnswers(kind, values))]
      expect(firsts).toEqual(firsts.map((_, index) => index))
    }))
  })
})
