import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGenesis, genesisSchema, step, type Machine } from '../../protocol/index.ts'
import { verify } from '../crypto.ts'
import { createIdentity, loadIdentity, type Identity } from '../identity.ts'
import { createStranger } from '../test/stranger.ts'
import { openMemory, vouchFor, type Memory } from './open-memory.ts'

let folder: string
let identity: Identity
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-memory-'))
  identity = await createIdentity(file())
})
afterEach(() => rm(folder, { recursive: true }))

const file = (): string => join(folder, 'identity.key')
const path = (): string => join(folder, 'store', 'network')

/** Opens the memory of a founder among others, has it start and write, and closes it. */
async function live({ hasPeers = true, write = true } = {}): Promise<Machine['guard']> {
  const { store, machine } = await open(hasPeers)
  const { effects } = step(machine, { type: 'start' }, 1_000)
  const changes = effects.flatMap((effect) => (effect.type === 'persist' ? effect.changes : []))
  if (write) await store.write([...changes, { key: 'some', value: new Uint8Array(1) }])
  await store.close()
  return machine.guard
}

async function open(hasPeers: boolean): Promise<Memory> {
  const members = [identity.memberId, createStranger().member, createStranger().member].map((id) => ({ id, weight: 1 }))
  const genesis = genesisSchema.parse(createGenesis({ name: 'memory', members }))
  const agent = { canAnswer: true, canJudge: true, model: 'none' }
  const machine = { genesis, signer: { member: identity.memberId, sign: identity.sign }, verify, agent }
  return openMemory({ path: path(), identityFile: file(), network: '0'.repeat(64), machine, hasPeers, log: () => undefined })
}

const damageStore = async (): Promise<void> => {
  const manifest = (await readdir(path())).find((name) => name.startsWith('MANIFEST')) as string
  await writeFile(join(path(), manifest), 'not a manifest, but long enough to have a broken checksum')
}

describe('what a node may do with what it remembers', () => {
  it('is to ask its peers first, whether it is new or continues', async () => {
    expect(await live()).toMatchObject({ mode: 'asking', cause: null })
    expect(await live()).toMatchObject({ mode: 'asking', cause: null })
    expect((await loadIdentity(file())).memberId).toBe(identity.memberId)
  })

  it.each([
    ['the key alone is left', 'note-missing', async () => {
      await rm(path(), { recursive: true })
      await rm(join(folder, 'notes'), { recursive: true })
    }],
    ['the store is gone', 'store-missing', () => rm(path(), { recursive: true })],
    ['the store is damaged', 'store-damaged', damageStore],
  ] as const)('is to observe where %s, and still so after further starts', async (_, cause, lose) => {
    await live()
    await lose()
    expect(await live({ write: false })).toMatchObject({ mode: 'observing' })
    expect(await live()).toMatchObject({ mode: 'observing' })
    expect(await live()).toMatchObject({ mode: 'observing', ...(cause === 'store-damaged' ? {} : { cause }) })
  })

  it('is to ask again once the owner has vouched, for one start', async () => {
    await live()
    await rm(path(), { recursive: true })
    expect(await live()).toMatchObject({ mode: 'observing', cause: 'store-missing' })
    await vouchFor(file())
    expect(await live()).toMatchObject({ mode: 'asking', cause: null })
    expect(await live()).toMatchObject({ mode: 'asking', cause: null })
    expect(await readdir(folder)).not.toContain('vouched')
  })
})

describe('a damaged store', () => {
  it('is set aside where others have the chain, and refused where nobody does', async () => {
    await live()
    await damageStore()
    await expect(open(false)).rejects.toMatchObject({ name: 'StoreError', code: 'corrupt' })
    expect(await live()).toMatchObject({ mode: 'observing', cause: 'store-damaged' })
    expect((await readdir(join(folder, 'store'))).filter((name) => name.startsWith('network.damaged-'))).toHaveLength(1)
  })
})
