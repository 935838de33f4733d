/** The store of a node that does not run. */
import { decodeCanonical, encode, KEYS, type LedgerState } from '../../protocol/index.ts'
import { openLevelStore } from './level-store.ts'
import type { Store } from './store.ts'

/** The ledger state as the node left it, or null where there is none. Rejects with StoreError, `locked` while the node runs. */
export async function readLedger(path: string): Promise<LedgerState | null> {
  return withStore(path, async (store) => {
    const saved = await store.get(KEYS.state)
    return saved === null ? null : (decodeCanonical(saved) as { state: LedgerState }).state
  })
}

/** Lets go of all that was signed with the key and not settled: it will sign no more. */
export async function forgetOwnWords(path: string): Promise<void> {
  await withStore(path, async (store) => {
    const changes: { key: string; value: null }[] = []
    for (const prefix of ['own/', 'secret/', KEYS.guard]) for await (const [key] of store.range(prefix)) changes.push({ key, value: null })
    await store.write(changes)
  })
}

/** Prefixes of what a member can be asked about rounds that have closed. */
const PAST = ['history/', KEYS.allClosed, 'round/', 'result/', 'item/']
const BATCH = 1_000

/** Makes a store that knows nothing of the time up to a height. */
export async function forgetPast(path: string, height: number): Promise<void> {
  await withStore(path, (store) => store.write([{ key: KEYS.past, value: encode(height) }]))
}

/** Copies what is kept of closed rounds from one store to a new one, up to a height. */
export async function copyPast(from: string, to: string, height: number): Promise<void> {
  await withStore(from, (source) =>
    withStore(to, async (target) => {
      for (const prefix of PAST) {
        const batch: { key: string; value: Uint8Array }[] = []
        for await (const [key, value] of source.range(prefix)) {
          if (heightIn(key) > height) continue
          batch.push({ key, value })
          if (batch.length === BATCH) await target.write(batch.splice(0))
        }
        await target.write(batch)
      }
    }),
  )
}

// Histories and closed rounds carry their height; what the others are about is found by these.
function heightIn(key: string): number {
  const [kind, first, second] = key.split('/')
  return kind === 'history' ? Number(second) : kind === 'closed' ? Number(first) : 0
}

async function withStore<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openLevelStore(path)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
