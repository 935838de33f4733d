import { Level } from 'level'
import { findDamage } from './check-files.ts'
import { findDamagedTable } from './check-tables.ts'
import { StoreError } from './store-error.ts'
import type { StoreErrorCode } from './store-error.ts'
import { assertKey, copyChanges, rangeBounds, rangeLimit } from './store-key.ts'
import type { Store, StoreChange } from './store.ts'

/** Batches that wait for the disk are joined up to this size, so that one fsync serves many callers. */
const joinedChangesMax = 10_000

interface QueuedWrite {
  changes: StoreChange[]
  resolve: () => void
  reject: (error: StoreError) => void
}

/**
 * Opens (creates where absent) the store in the folder `path`, on LevelDB. Each resolved write was synced to disk.
 * After a failed write the store takes no further one: what the disk holds is then unknown until it is opened again.
 *
 * @throws StoreError `locked` when another process holds it, `corrupt`, `io`
 */
export async function openLevelStore(path: string): Promise<Store> {
  const damage = await findDamage(path).catch((error: unknown) => {
    throw toStoreError(error, path)
  })
  if (damage !== null) throw new StoreError('corrupt', `the store in ${path} is damaged: ${damage}`)
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open().catch((error: unknown) => {
    throw toStoreError(error, path)
  })
  const table = await findDamagedTable(path).catch((error: unknown) => {
    throw toStoreError(error, path)
  })
  if (table !== null) {
    await db.close()
    throw new StoreError('corrupt', `the store in ${path} is damaged: its table ${table} has been altered`)
  }
  const writer = createWriter(db, path)
  let closing: Promise<void> | null = null
  const assertOpen = (): void => {
    if (closing !== null) throw new StoreError('closed', `the store in ${path} is closed`)
  }

  const read = async (keys: readonly string[]): Promise<(Uint8Array | null)[]> => {
    assertOpen()
    keys.forEach(assertKey)
    await writer.settled()
    const values = await db.getMany([...keys]).catch((error: unknown) => {
      throw toStoreError(error, path)
    })
    return values.map((value) => (value === undefined ? null : toBytes(value)))
  }

  return {
    async write(changes) {
      assertOpen()
      const copy = copyChanges(changes)
      if (copy.length > 0) await writer.write(copy)
    },

    get: async (key) => (await read([key]))[0] ?? null,
    getMany: read,

    async *range(prefix, options = {}) {
      assertOpen()
      const { low, high } = rangeBounds(prefix, options)
      const limit = rangeLimit(options.limit)
      if (limit === 0) return
      await writer.settled()
      const iterator = db.iterator({ gte: low, lte: high, reverse: options.reverse === true, limit: limit === Infinity ? -1 : limit })
      try {
        for (let entry = await iterator.next(); entry !== undefined; entry = await iterator.next()) {
          if (entry[0].startsWith(prefix)) yield [entry[0], toBytes(entry[1])]
        }
      } catch (error) {
        throw toStoreError(error, path)
      } finally {
        await iterator.close()
      }
    },

    close() {
      closing ??= writer.settled().then(() => db.close())
      return closing
    },
  }
}

/** Applies batches one after the other, joining those that queue up behind a sync. */
function createWriter(db: Level<string, Uint8Array>, path: string): { write: (changes: StoreChange[]) => Promise<void>; settled: () => Promise<void> } {
  let queue: QueuedWrite[] = []
  let failure: StoreError | null = null
  let running: Promise<void> = Promise.resolve()
  let active = false

  const takeJoined = (): QueuedWrite[] => {
    let count = 0
    let size = 0
    for (const { changes } of queue) {
      size += changes.length
      if (count > 0 && size > joinedChangesMax) break
      count++
    }
    const taken = queue.slice(0, count)
    queue = queue.slice(count)
    return taken
  }

  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const taken = takeJoined()
      const operations = taken.flatMap(({ changes }) =>
        changes.map(({ key, value }) => (value === null ? { type: 'del' as const, key } : { type: 'put' as const, key, value })),
      )
      try {
        if (failure !== null) throw failure
        await db.batch(operations, { sync: true })
        for (const { resolve } of taken) resolve()
      } catch (error) {
        failure ??= toStoreError(error, path)
        for (const { reject } of taken) reject(failure)
      }
    }
    active = false
  }

  return {
    write(changes) {
      return new Promise((resolve, reject) => {
        queue.push({ changes, resolve, reject })
        if (active) return
        active = true
        running = run()
      })
    },
    settled: () => running,
  }
}

const causes: Record<string, { code: StoreErrorCode; says: string }> = {
  LEVEL_LOCKED: { code: 'locked', says: 'is in use by another process' },
  LEVEL_CORRUPTION: { code: 'corrupt', says: 'is damaged' },
  LEVEL_DATABASE_NOT_OPEN: { code: 'closed', says: 'is closed' },
  LEVEL_ITERATOR_NOT_OPEN: { code: 'closed', says: 'is closed' },
}

/** LevelDB wraps the reason of a failed open in the cause of a general error: the innermost one counts. */
function toStoreError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  let reason = error
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  const { code, message }: NodeJS.ErrnoException = reason instanceof Error ? reason : new Error(String(reason))
  const known = causes[code ?? ''] ?? { code: 'io', says: 'cannot be read or written' }
  return new StoreError(known.code, `the store in ${path} ${known.says}: ${message}`, { cause: error })
}

/** The bytes of LevelDB's Buffer as a plain array, so that all stores return the same type. */
function toBytes(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}
