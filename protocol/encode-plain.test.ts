import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { encodePlain } from './encode-plain.ts'
import { toHex } from './test/keys.ts'

/** The library's bytes are compared as bytes: some of them are many. */
function expectTwin(value: unknown): void {
  expect(Buffer.compare(encodePlain(value), dagCbor.encode(value))).toBe(0)
}
const text = fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }))
const key = fc.oneof(fc.constantFrom('/', 'bytes', 'asCID', 'a', 'b', 'aa', '1', '10', '2', ''), text)
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -0, -1, 23, 24, -24, -25, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 2n ** 63n),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.uint8Array({ maxLength: 70_000, size: 'small' }),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }).map((map) => new Map(Object.entries(map).filter(([name]) => name !== ''))),
  ),
})).value

/** The bytes that something gives, or that it gives none. */
function outcome(encode: () => Uint8Array): string {
  try {
    return toHex(encode())
  } catch {
    return 'none'
  }
}

describe('a plain value', () => {
  it('has the bytes that the library gives it, as has everything else that may be in it', () => {
    fc.assert(fc.property(anything, (value) => {
      expect(outcome(() => encodePlain(value))).toBe(outcome(() => dagCbor.encode(value)))
    }), { numRuns: 1_000 })
  })

  it('has them at every size of a head', () => {
    for (const size of [0, 1, 23, 24, 255, 256, 65_535, 65_536]) {
      expectTwin('x'.repeat(size))
      expectTwin('é'.repeat(size))
      expectTwin(new Uint8Array(size))
    }
    for (const size of [0, 1, 23, 24, 255, 256, 1_000]) {
      expectTwin(Array.from({ length: size }, (_, index) => index))
      expectTwin(Object.fromEntries(Array.from({ length: size }, (_, index) => [`${index % 7}${index}`, index])))
    }
    expectTwin({ large: new Uint8Array(9_000_000), after: 'x' })
    expectTwin('small again')
  })

  it('is a copy: what is encoded next changes nothing', () => {
    const first = encodePlain('first')
    const kept = toHex(first)
    encodePlain('other')
    expect(toHex(first)).toBe(kept)
    expect(first.byteLength).toBe(first.buffer.byteLength)
  })

  it('is read at the offset of a view', () => {
    expectTwin(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))
  })

  it('may hold a link', () => {
    expectTwin({ link: CID.parse('bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi') })
  })

  it.each([['undefined', undefined], ['not a number', NaN], ['infinity', Infinity], ['a function', () => 1], ['a symbol', Symbol('x')]])('cannot be %s, and what is encoded after it is whole', (_, value) => {
    expect(() => encodePlain({ a: [1, value] })).toThrow()
    expectTwin({ a: [1, 2] })
  })
})
