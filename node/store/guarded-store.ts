/**
 * A store that knows how much it has forgotten. Every batch carries a number, and the last number written is noted in a
 * file beside the identity, outside of the store. A store that is behind its file has lost batches: it was restored from a
 * backup, cut short, or replaced. The note is not synced, and need not be: a power failure can only set it back, and a
 * store that is ahead of its note has lost nothing. A killed process loses none.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { failpoint } from '../failpoint.ts'
import { StoreError } from './store-error.ts'
import type { Store } from './store.ts'

/**
 * What a node can no longer vouch for. `note-missing`: there is a key, and nothing says what was signed with it.
 * `store-missing`, `store-behind`: the store that belongs to the note is gone, or older than it.
 */
export type MemoryLoss = 'note-missing' | 'store-missing' | 'store-behind'

/** The last number of the store with this id, and of the presences that were announced. */
interface Note {
  store: string
  batch: number
  presence: number
}

export interface GuardedStore extends Store {
  /** What was lost before this start, or null: then everything that was ever signed is in the store, unless a copy of the identity is at work elsewhere. */
  readonly loss: MemoryLoss | null
  /** Number of the last presence that was announced, -1 where nobody knows. */
  readonly lastPresence: number
  /** To be called before a presence is sent. */
  notePresence(sequence: number): void
}

const BATCH_KEY = 'batch'
const SCHEMA = 'peerage.note/v1'
const NOTES_FOLDER = 'notes'

/** Says of a fresh identity that nothing was signed with it yet. */
export function createNotes(identityFile: string): void {
  mkdirSync(join(dirname(identityFile), NOTES_FOLDER), { recursive: true, mode: 0o700 })
}

/** Where the note of a member in a network is. */
export function notePath(identityFile: string, network: string, member: string): string {
  return join(dirname(identityFile), NOTES_FOLDER, `${network.slice(0, 16)}-${member.slice(-16)}`)
}

/**
 * Compares a store with its note and numbers its batches from here on. The store is then the one that counts.
 *
 * @throws StoreError `io` where the note cannot be read or written
 */
export async function guardStore(store: Store, path: string): Promise<GuardedStore> {
  const held = decode(await store.get(BATCH_KEY))
  const note = attempt(path, () => readNote(path))
  const loss = findLoss(held, note, existsSync(dirname(path)))
  const id = (loss === null ? (held ?? note)?.store : undefined) ?? randomBytes(16).toString('hex')
  const current: Note = { store: id, batch: held?.batch ?? 0, presence: note?.presence ?? (loss === null ? 0 : -1) }
  let issued = current.batch
  let file: number | null = null
  const write = (): void => {
    attempt(path, () => {
      const bytes = encode(current)
      const isFirst = file === null
      file ??= openNote(path)
      writeSync(file, bytes, 0, bytes.length, 0)
      if (isFirst) fsyncSync(file)
    })
  }
  return {
    ...store,
    loss,
    lastPresence: current.presence,
    notePresence(sequence) {
      current.presence = sequence
      write()
    },
    async write(changes) {
      if (changes.length === 0) return
      const batch = ++issued
      const written = store.write([...changes, { key: BATCH_KEY, value: encode({ ...current, batch }) }])
      failpoint('during-write')
      await written
      failpoint('before-note')
      current.batch = batch
      write()
    },
    async close() {
      await store.close()
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

function findLoss(held: Note | null, note: Note | null, hasNotes: boolean): MemoryLoss | null {
  if (note === null) return held === null && hasNotes ? null : 'note-missing'
  if (held === null) return note.batch === 0 ? null : 'store-missing'
  return held.store === note.store && held.batch >= note.batch ? null : 'store-behind'
}

function readNote(path: string): Note | null {
  try {
    return decode(readFileSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

// Synced once; from then on it is written over in place, at the same length.
function openNote(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return openSync(path, existsSync(path) ? 'r+' : 'w', 0o600)
}

const padded = (value: number): string => String(value).padStart(16, '0')

function encode({ store, batch, presence }: Note): Uint8Array {
  return new TextEncoder().encode(`${SCHEMA} ${store} ${padded(batch)} ${padded(Math.max(0, presence))}\n`)
}

function decode(bytes: Uint8Array | null): Note | null {
  const found = bytes === null ? null : /^peerage\.note\/v1 ([0-9a-f]{32}) (\d{16}) (\d{16})\n$/.exec(new TextDecoder().decode(bytes))
  return found === null ? null : { store: found[1] as string, batch: Number(found[2]), presence: Number(found[3]) }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new StoreError('io', `the note in ${path} cannot be read or written: ${(error as Error).message}`, { cause: error })
  }
}
