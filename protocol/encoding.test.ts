import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BODY_SCHEMAS } from './bodies.ts'
import { equals } from 'uint8arrays/equals'
import { decodeCanonical, encode } from './encoding.ts'
import { fromHex, toHex } from './test/keys.ts'

/** Plain values as messages hold them: text, safe integers, bytes, null, booleans, lists and maps. */
const anyPlain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }).filter((key) => key !== '__proto__'), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

describe('encode and decodeCanonical', () => {
  it('are inverse on plain values', () => {
    fc.assert(fc.property(anyPlain, (value) => {
      expect(decodeCanonical(encode(value))).toEqual(value)
    }))
  })

  it('give one value one encoding, in whatever order its fields were written', () => {
    expect(toHex(encode({ b: 1, a: 2, aa: 3 }))).toBe(toHex(encode({ aa: 3, a: 2, b: 1 })))
    expect(toHex(encode({ bb: 1, a: 2 }))).toBe('a2616102626262' + '01')
  })

  it.each([
    ['an integer in more bytes than it needs', '1801'],
    ['an integer in eight bytes that fits two', '1b0000000000000100'],
    ['a length in more bytes than it needs', '780161'],
    ['a list whose length is written too long', '980101'],
    ['map keys out of order', 'a2616201616102'],
    ['a shorter map key after a longer one', 'a262616101616202'],
    ['one map key twice', 'a2616101616102'],
    ['a list of indefinite length', '9f01ff'],
    ['text of indefinite length', '7f6161ff'],
    ['a float that is an integer', 'fb3ff0000000000000'],
    ['a float of half precision', 'f93c00'],
    ['minus zero', 'fb8000000000000000'],
    ['not a number', 'fb7ff8000000000000'],
    ['infinity', 'fb7ff0000000000000'],
    ['undefined', 'f7'],
    ['an unknown tag', 'c001'],
    ['a map key that is no text', 'a10102'],
    ['text that is no UTF-8', '61ff'],
    ['trailing bytes', '0100'],
    ['a list cut short', '8201'],
    ['nothing', ''],
  ])('decodeCanonical refuses %s', (_, hex) => {
    expect(decodeCanonical(fromHex(hex))).toBeNull()
  })

  it('decodeCanonical reads a key named like the prototype as a field, and schemas refuse it as an unknown one', () => {
    const value = decodeCanonical(fromHex('a2' + '6873657175656e6365' + '01' + '695f5f70726f746f5f5f' + 'a1616101')) as object
    expect(Object.keys(value).sort()).toEqual(['__proto__', 'sequence'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(BODY_SCHEMAS.join.safeParse(value).success).toBe(false)
  })

  it('decodeCanonical refuses what is nested deeper than the stack', () => {
    expect(decodeCanonical(new Uint8Array(900_000).fill(0x81))).toBeNull()
    const deepMap = fromHex('a16161'.repeat(100_000) + '00')
    expect(decodeCanonical(deepMap)).toBeNull()
  })

  it('decodeCanonical never throws, and what it accepts encodes to the same bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const value = decodeCanonical(bytes)
      if (value !== null) expect(equals(encode(value), bytes)).toBe(true)
    }), { numRuns: 2_000 })
  })

  it('decodeCanonical takes no damage as another spelling of the same value', () => {
    fc.assert(fc.property(anyPlain, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
      const bytes = encode(value)
      const damaged = bytes.slice()
      const at = place % damaged.length
      damaged[at] = (damaged[at] as number) ^ change
      const read = decodeCanonical(damaged)
      if (read !== null) expect(toHex(dagCbor.encode(read))).not.toBe(toHex(bytes))
    }))
  })
})
