import type { StoreChange } from './store.ts'

/** Sorts after every key that starts with the same prefix, since no key holds a code unit from U+D800 on. */
const afterAllKeys = '\uffff'

/**
 * Keys are not empty and stay below U+D800: there code-unit order equals the byte order of UTF-8,
 * so that every implementation sorts alike.
 *
 * @throws RangeError naming the key
 */
export function assertKey(key: string): void {
  if (key === '') throw new RangeError('a store key must not be empty')
  assertPrefix(key)
}

/** As `assertKey`, but a prefix may be empty. */
function assertPrefix(prefix: string): void {
  if (/[\ud800-\uffff]/.test(prefix)) throw new RangeError(`a store key must stay below U+D800: ${JSON.stringify(prefix)}`)
}

/** The batch as it is at the time of the call: later changes to the caller's arrays do not reach it. */
export function copyChanges(changes: readonly StoreChange[]): StoreChange[] {
  return changes.map(({ key, value }) => {
    assertKey(key)
    return { key, value: value === null ? null : value.slice() }
  })
}

/** The keys of a range: from `low` (inclusive) to `high` (inclusive or, as the end of the prefix, unreachable). */
export function rangeBounds(prefix: string, options: { from?: string; reverse?: boolean }): { low: string; high: string } {
  assertPrefix(prefix)
  let low = prefix
  let high = prefix + afterAllKeys
  if (options.from !== undefined) {
    assertPrefix(options.from)
    if (options.reverse === true) high = options.from < high ? options.from : high
    else low = options.from > low ? options.from : low
  }
  return { low, high }
}

/** @throws RangeError unless absent or an integer >= 0 */
export function rangeLimit(limit: number | undefined): number {
  if (limit === undefined) return Infinity
  if (!Number.isInteger(limit) || limit < 0) throw new RangeError(`limit must be an integer >= 0, got ${limit}`)
  return limit
}
