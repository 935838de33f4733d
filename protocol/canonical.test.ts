import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { equals } from 'uint8arrays/equals'
import { describe, expect, it } from 'vitest'
import { isPlainlyCanonical } from './canonical.ts'
import { encode } from './encoding.ts'
import { fromHex } from './test/keys.ts'

/** The slow twin: what is decoded is encoded again. */
function isCanonical(bytes: Uint8Array): boolean {
  try {
    return equals(dagCbor.encode(dagCbor.decode(bytes)), bytes)
  } catch {
    return false
  }
}

const numbers = fc.oneof(fc.nat(30), fc.nat(70_000), fc.nat(), fc.maxSafeInteger()).filter((value) => Math.abs(value) < Number.MAX_SAFE_INTEGER)
const texts = (unit: 'grapheme' | 'grapheme-ascii') => fc.string({ unit, maxLength: 30 })
const plain = (unit: 'grapheme' | 'grapheme-ascii', key: fc.Arbitrary<string>): fc.Arbitrary<unknown> => fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, false, true),
    numbers,
    texts(unit),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
})).value
const anyKey = texts('grapheme').filter((key) => key !== '__proto__')
/** What messages are made of. */
const ofMessages = plain('grapheme-ascii', texts('grapheme-ascii').filter((key) => key !== '__proto__' && key !== '/'))

describe('the walk over the heads', () => {
  it('takes nothing for canonical that its slow twin does not, and everything that messages are made of', () => {
    fc.assert(fc.property(ofMessages, (value) => {
      expect(isPlainlyCanonical(encode(value))).toBe(true)
    }))
    fc.assert(fc.property(plain('grapheme', anyKey), (value) => {
      const bytes = encode(value)
      if (isPlainlyCanonical(bytes)) expect(isCanonical(bytes)).toBe(true)
    }))
  })

  it('takes no damage for canonical that its slow twin does not', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom<'turn' | 'cut' | 'double'>('turn', 'cut', 'double'), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(fc.property(ofMessages, damage, (value, changes) => {
      const bytes = [...encode(value)]
      for (const [place, what, change] of changes) {
        const at = place % Math.max(1, bytes.length)
        if (what === 'turn') bytes[at] = (bytes[at] ?? 0) ^ change
        if (what === 'cut') bytes.splice(at, change)
        if (what === 'double') bytes.splice(at, 0, ...bytes.slice(at, at + change))
      }
      const damaged = Uint8Array.from(bytes)
      if (isPlainlyCanonical(damaged)) expect(isCanonical(damaged)).toBe(true)
    }), { numRuns: 2_000 })
  })

  it('takes no short run of bytes for canonical that its slow twin does not', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        for (const bytes of [Uint8Array.of(first), Uint8Array.of(first, second), Uint8Array.of(0xa1, 0x61, first, second), Uint8Array.of(0x82, first, second)]) {
          if (isPlainlyCanonical(bytes) && !isCanonical(bytes)) expect.fail(`[${[...bytes].join()}]`)
        }
      }
    }
  })

  it.each([
    ['a map that may stand for a link', 'a2' + '612f' + '6178' + '656279746573' + '6178'],
    ['text that is not ASCII', '62c3a9'],
    ['text that is no UTF-8', '61ff'],
    ['a link', 'd82a' + '40'],
    ['a float', 'fb3ff8000000000000'],
    ['an integer beyond the safe ones', '1b0020000000000000'],
    ['bytes that end too early', '43' + '0102'],
    ['text that ends too early', '63' + '6161'],
    ['deep nesting', '81'.repeat(40) + '00'],
    ['nothing', ''],
  ])('leaves %s to the slow twin', (_, hex) => {
    expect(isPlainlyCanonical(fromHex(hex))).toBe(false)
  })
})
