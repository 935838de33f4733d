import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIdentity, loadIdentity } from './identity.ts'

describe('identity', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peerage-identity-'))
    path = join(folder, 'sub', 'identity.json')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const write = async (content: unknown): Promise<string> => {
    const file = join(folder, 'identity.json')
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
    return file
  }

  it('has the member id that libp2p gives the key', async () => {
    const identity = await createIdentity(path)
    expect(identity.memberId).toBe(peerIdFromPrivateKey(identity.privateKey).toString())
    expect(peerIdFromString(identity.memberId).toString()).toBe(identity.memberId)
  })

  it('reads back what it wrote, in a file only the owner can read', async () => {
    const made = await createIdentity(path)
    const read = await loadIdentity(path)
    expect(read.memberId).toBe(made.memberId)
    expect(read.sign(new Uint8Array([1]))).toEqual(made.sign(new Uint8Array([1])))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ schema: 'peerage.identity/v1', peerId: made.memberId })
  })

  it('never overwrites an identity, even when several are made at once, and leaves no other file', async () => {
    const made = await Promise.allSettled([createIdentity(path), createIdentity(path), createIdentity(path)])
    const winners = made.filter((result) => result.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    for (const result of made) if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'IdentityError', code: 'exists' })
    expect((await loadIdentity(path)).memberId).toBe(winners[0]?.value.memberId)
    expect((await readdir(join(folder, 'sub'))).sort()).toEqual(['identity.json', 'notes'])
  })

  it('says `missing` where there is none', async () => {
    await expect(loadIdentity(path)).rejects.toMatchObject({ name: 'IdentityError', code: 'missing' })
  })

  it('says `permissions` and the command that helps when others can read the key', async () => {
    await createIdentity(path)
    for (const mode of [0o640, 0o604, 0o644]) {
      await chmod(path, mode)
      await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'permissions', message: expect.stringContaining(`chmod 600 ${path}`) })
    }
  })

  it('says `malformed` to anything that is not its own kind of file', async () => {
    const key = await generateKeyPair('Ed25519')
    const peerId = peerIdFromPrivateKey(key).toString()
    const privateKey = Buffer.from(privateKeyToProtobuf(key)).toString('base64')
    const good = { schema: 'peerage.identity/v1', peerId, privateKey }
    expect((await loadIdentity(await write(good))).memberId).toBe(peerId)

    const other = await generateKeyPair('secp256k1')
    const bad: unknown[] = [
      '', 'not json', 'null', [], {},
      { ...good, schema: 'peerage.identity/v2' },
      { ...good, peerId: peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString() },
      { ...good, privateKey: privateKey.slice(0, 40) },
      { ...good, privateKey: '???' },
      { ...good, extra: 1 },
      { ...good, peerId: peerIdFromPrivateKey(other).toString(), privateKey: Buffer.from(privateKeyToProtobuf(other)).toString('base64') },
    ]
    for (const content of bad) await expect(loadIdentity(await write(content))).rejects.toMatchObject({ name: 'IdentityError', code: 'malformed' })
  })

  it('says `io` where the file cannot be written', async () => {
    const file = await write('a file')
    await expect(createIdentity(join(file, 'identity.json'))).rejects.toMatchObject({ code: 'io' })
  })
})
