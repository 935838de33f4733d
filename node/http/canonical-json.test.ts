import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, canonicalPieces } from './canonical-json.ts'

describe('canonicalJson', () => {
  it('does not depend on the order in which keys were set, at any depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: { z: 1, y: 2 } })).toBe('{"a":{"y":2,"z":1},"b":[{"c":2,"d":1}]}\n')
    expect(canonicalJson({ a: { y: 2, z: 1 }, b: [{ c: 2, d: 1 }] })).toBe(canonicalJson({ b: [{ d: 1, c: 2 }], a: { z: 1, y: 2 } }))
  })
  it('keeps the value', () => {
    const keepsValue = fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    })
    fc.assert(keepsValue)
  })
})

describe('canonicalPieces', () => {
  it('makes the same text, and writes no long list in one go', () => {
    const list = fc.tuple(fc.jsonValue(), fc.constantFrom(0, 1, 249, 250, 251, 500, 750, 1_001)).map(([entry, length]) => Array.from({ length }, () => entry))
    fc.assert(fc.property(fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(list, fc.jsonValue(), fc.constant(undefined)), { maxKeys: 4 }), (record) => {
      expect([...canonicalPieces(record)].join('')).toBe(canonicalJson(record))
    }), { numRuns: 50 })
    const pieces = [...canonicalPieces({ a: 1, list: Array.from({ length: 1_000 }, (_, index) => ({ index })), z: 2 })]
    expect(pieces.map((piece) => piece.split('index').length - 1)).toEqual([250, 250, 250, 250, 0])
  })
})
