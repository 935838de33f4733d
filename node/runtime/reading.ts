import type { Entries, Reading } from '../../protocol/index.ts'
import type { Store } from '../store/store.ts'

/** Runs store-reading code of the protocol against a real store. */
export async function drive<T>(store: Store, reading: Reading<T>): Promise<T> {
  let next = reading.next()
  while (next.done !== true) {
    const request = next.value
    const entries: Entries = []
    if (request.type === 'get') {
      const values = await store.getMany(request.keys)
      request.keys.forEach((key, index) => {
        const value = values[index]
        if (value !== undefined && value !== null) entries.push([key, value])
      })
    } else {
      const { prefix, from, limit } = request
      const options = { ...(from === undefined ? {} : { from }), ...(limit === undefined ? {} : { limit }) }
      for await (const entry of store.range(prefix, options)) entries.push(entry)
    }
    next = reading.next(entries)
  }
  return next.value
}
