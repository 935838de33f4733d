import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

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
