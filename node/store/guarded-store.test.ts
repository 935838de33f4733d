import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNotes, guardStore, notePath, type GuardedStore } from './guarded-store.ts'
import { openLevelStore } from './level-store.ts'
import { describeStore } from './store-conformance.ts'

let folder: string
let note: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-note-'))
  const identity = join(folder, 'identity.key')
  createNotes(identity)
  note = notePath(identity, '0'.repeat(64), 'member')
})
afterEach(() => rm(folder, { recursive: true }))

const path = (): string => join(folder, 'store')
const open = async (): Promise<GuardedStore> => guardStore(await openLevelStore(path()), note)
const write = (store: GuardedStore, key: string): Promise<void> => store.write([{ key, value: new Uint8Array(1) }])

/** Opens, writes so many batches, closes; resolves to what was lost. */
async function live(batches: number): Promise<string | null> {
  const store = await open()
  for (let number = 0; number < batches; number++) await write(store, `key-${number}`)
  await store.close()
  return store.loss
}

describeStore('guarded', async () => {
  const base = await mkdtemp(join(tmpdir(), 'peerage-guarded-'))
  const at = join(base, 'notes', 'note')
  const openStore = async () => {
    const store = await guardStore(await openLevelStore(join(base, 'store')), at)
    // The number of the batch is an entry of its own: the laws are about the others.
    const range: GuardedStore['range'] = async function* (prefix, options) {
      for await (const entry of store.range(prefix, options)) if (entry[0] !== 'batch') yield entry
    }
    return { ...store, range }
  }
  return { open: openStore, reopen: openStore, cleanUp: () => rm(base, { recursive: true }) }
})

describe('what a store has lost', () => {
  it('is nothing at first, after writing, after announcing alone, and after every restart', async () => {
    expect(await live(0)).toBeNull()
    const store = await open()
    store.notePresence(7)
    await store.close()
    expect((await open().then(async (again) => (await again.close(), again))).lastPresence).toBe(7)
    expect(await live(3)).toBeNull()
    expect(await live(0)).toBeNull()
    expect(await live(2)).toBeNull()
  })

  it('is nothing where the note is older: a power failure may take back what was not synced', async () => {
    await live(3)
    const older = await readFile(note)
    await live(2)
    await writeFile(note, older)
    expect(await live(1)).toBeNull()
  })

  it('shows when an older copy of it is brought back, until it has been told', async () => {
    await live(3)
    await cp(path(), join(folder, 'backup'), { recursive: true })
    await live(1)
    await rm(path(), { recursive: true })
    await cp(join(folder, 'backup'), path(), { recursive: true })
    expect(await live(0)).toBe('store-behind')
    expect(await live(1)).toBe('store-behind')
    expect(await live(0)).toBeNull()
  })

  it('shows when it is gone, or another one is in its place', async () => {
    await live(3)
    await rm(path(), { recursive: true })
    expect(await live(1)).toBe('store-missing')
    await live(9)
    await rm(path(), { recursive: true })
    const other = await guardStore(await openLevelStore(path()), join(folder, 'notes', 'other'))
    for (let number = 0; number < 20; number++) await write(other, `key-${number}`)
    await other.close()
    expect(await live(0)).toBe('store-behind')
  })

  it('is unknown without a note, and where the note is not readable', async () => {
    await live(2)
    await writeFile(note, 'peerage.note/v1 nonsense\n')
    expect(await live(0)).toBe('note-missing')
    await rm(join(folder, 'notes'), { recursive: true })
    expect(await live(0)).toBe('note-missing')
    await rm(path(), { recursive: true })
    expect(await live(0)).toBe('note-missing')
  })
})
