import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { Store, StoreChange } from './store.ts'

/** One way to make stores; `reopen` gives a store on the same data after a close, where the kind keeps any. */
export interface StoreFixture {
  open(): Promise<Store>
  reopen?(): Promise<Store>
  cleanUp(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const put = (key: string, value = key): StoreChange => ({ key, value: bytes(value) })

async function keysOf(store: Store, ...range: Parameters<Store['range']>): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.range(...range)) keys.push(key)
  return keys
}

/** The laws of `Store`, run against every implementation. */
export function describeStore(name: string, createFixture: () => Promise<StoreFixture>): void {
  describe(`store: ${name}`, () => {
    let fixture: StoreFixture
    let store: Store

    beforeEach(async () => {
      fixture = await createFixture()
      store = await fixture.open()
    })
    afterEach(async () => {
      await store.close()
      await fixture.cleanUp()
    })

    describeEntries(() => store)
    describeRanges(() => store)
    describeLife(() => store)

    it('keeps everything written over a close and a reopen, where it is durable', async ({ skip }) => {
      if (fixture.reopen === undefined) return skip('this kind forgets')
      await store.write([put('kept'), put('gone')])
      await store.write([{ key: 'gone', value: null }])
      await store.close()
      store = await fixture.reopen()
      expect(await keysOf(store, '')).toEqual(['kept'])
    })
  })
}

function describeEntries(current: () => Store): void {
  it('returns the bytes last written, and null for what is absent or deleted', async () => {
    const store = current()
    await store.write([put('a', 'one'), put('b', '')])
    await store.write([put('a', 'two')])
    expect(await store.get('a')).toEqual(bytes('two'))
    expect(await store.get('b')).toEqual(bytes(''))
    expect(await store.get('c')).toBeNull()
    expect(await store.getMany(['c', 'b', 'a', 'b'])).toEqual([null, bytes(''), bytes('two'), bytes('')])
    expect(await store.getMany([])).toEqual([])
    await store.write([{ key: 'a', value: null }, { key: 'never', value: null }])
    expect(await store.get('a')).toBeNull()
  })

  it('applies the changes of a batch in order, the last for a key winning', async () => {
    const store = current()
    await store.write([put('a', 'one'), { key: 'a', value: null }, put('a', 'three')])
    expect(await store.get('a')).toEqual(bytes('three'))
  })

  it('applies calls in the order made, without waiting in between', async () => {
    const store = current()
    const writes = Array.from({ length: 50 }, (_, index) => store.write([put('counter', String(index)), put(`entry/${index}`)]))
    expect(await store.get('counter')).toEqual(bytes('49'))
    await Promise.all(writes)
    expect(await keysOf(store, 'entry/')).toHaveLength(50)
  })

  it('applies a batch as a whole: a bad key in it leaves nothing behind', async () => {
    const store = current()
    await expect(store.write([put('good'), put('')])).rejects.toThrow(RangeError)
    await expect(store.write([put('good'), put('\u{1f600}')])).rejects.toThrow(RangeError)
    expect(await store.get('good')).toBeNull()
  })

  it('holds its own copy of the bytes', async () => {
    const store = current()
    const given = bytes('before')
    const written = store.write([put('first'), { key: 'a', value: given }])
    given.fill(0)
    await written
    const read = await store.get('a')
    expect(read).toEqual(bytes('before'))
    read?.fill(0)
    expect(await store.get('a')).toEqual(bytes('before'))
  })
}

function describeRanges(current: () => Store): void {
  it('ranges over a prefix in key order, either way, from a key on, up to a limit', async () => {
    const store = current()
    await store.write(['b/2', 'a/1', 'b/1', 'b/10', 'b', 'b0', 'c/1', 'b/3'].map((key) => put(key)))
    expect(await keysOf(store, 'b/')).toEqual(['b/1', 'b/10', 'b/2', 'b/3'])
    expect(await keysOf(store, 'b/', { reverse: true })).toEqual(['b/3', 'b/2', 'b/10', 'b/1'])
    expect(await keysOf(store, 'b/', { from: 'b/10' })).toEqual(['b/10', 'b/2', 'b/3'])
    expect(await keysOf(store, 'b/', { from: 'b/2', reverse: true })).toEqual(['b/2', 'b/10', 'b/1'])
    expect(await keysOf(store, 'b/', { limit: 2 })).toEqual(['b/1', 'b/10'])
    expect(await keysOf(store, 'b/', { reverse: true, limit: 1 })).toEqual(['b/3'])
    expect(await keysOf(store, 'b/', { limit: 0 })).toEqual([])
    expect(await keysOf(store, 'b/', { from: 'a' })).toHaveLength(4)
    expect(await keysOf(store, 'b/', { from: 'c' })).toEqual([])
    expect(await keysOf(store, 'b/', { from: 'a', reverse: true })).toEqual([])
    expect(await keysOf(store, 'd')).toEqual([])
    expect(await keysOf(store, '')).toHaveLength(8)
  })

  it('ranges like a sorted list, for any keys', async () => {
    const store = current()
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '0', '\u00e9', '\ud7ff', '\u0000'), maxLength: 5 })
    const sample = fc.record({ keys: fc.uniqueArray(key.filter((text) => text !== ''), { maxLength: 12 }), prefix: key, from: key, reverse: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(sample, async ({ keys, prefix, from, reverse }) => {
        await store.write(keys.map((text) => put(text)))
        const sorted = [...keys].sort((left, right) => (left < right ? -1 : 1))
        const expected = sorted.filter((text) => text.startsWith(prefix) && (reverse ? text <= from : text >= from))
        expect(await keysOf(store, prefix, { from, reverse })).toEqual(reverse ? expected.reverse() : expected)
        await store.write(keys.map((text) => ({ key: text, value: null })))
      }),
      { numRuns: 60 },
    )
  })

  it('shows a range as it was when reading began', async () => {
    const store = current()
    await store.write([put('a'), put('b'), put('c')])
    const seen: string[] = []
    for await (const [key] of store.range('')) {
      seen.push(key)
      await store.write([{ key: 'c', value: null }, put('d')])
    }
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  it('lets a reader leave a range early', async () => {
    const store = current()
    await store.write([put('a'), put('b')])
    for await (const [key] of store.range('')) {
      expect(key).toBe('a')
      break
    }
    await store.close()
  })
}

function describeLife(current: () => Store): void {
  it('closes once, however often asked, after the writes already made', async () => {
    const store = current()
    const written = store.write([put('a')])
    await Promise.all([store.close(), store.close()])
    await store.close()
    await expect(written).resolves.toBeUndefined()
  })

  it('answers `closed` after close', async () => {
    const store = current()
    await store.close()
    const closed: unknown = expect.objectContaining({ name: 'StoreError', code: 'closed' })
    await expect(store.get('a')).rejects.toEqual(closed)
    await expect(store.write([put('a')])).rejects.toEqual(closed)
    await expect(keysOf(store, '')).rejects.toEqual(closed)
  })
}
