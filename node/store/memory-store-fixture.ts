import { StoreError } from './store-error.ts'
import { assertKey, copyChanges, rangeBounds, rangeLimit } from './store-key.ts'
import type { Store } from './store.ts'

/** A store that forgets everything when it closes: for tests and simulations. Same rules as the one on disk. */
export function createMemoryStore(): Store {
  const values = new Map<string, Uint8Array>()
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new StoreError('closed', 'the store is closed')
  }

  return {
    async write(changes) {
      assertOpen()
      for (const { key, value } of copyChanges(changes)) {
        if (value === null) values.delete(key)
        else values.set(key, value)
      }
    },

    async get(key) {
      assertOpen()
      assertKey(key)
      return values.get(key)?.slice() ?? null
    },

    async getMany(keys) {
      assertOpen()
      keys.forEach(assertKey)
      return keys.map((key) => values.get(key)?.slice() ?? null)
    },

    async *range(prefix, options = {}) {
      assertOpen()
      const { low, high } = rangeBounds(prefix, options)
      const limit = rangeLimit(options.limit)
      const snapshot = [...values].filter(([key]) => key.startsWith(prefix) && key >= low && key <= high)
      snapshot.sort(([left], [right]) => (left < right ? -1 : 1))
      if (options.reverse === true) snapshot.reverse()
      for (const [key, value] of snapshot.slice(0, limit)) yield [key, value.slice()]
    },

    async close() {
      closed = true
      values.clear()
    },
  }
}
