import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { z } from 'zod'
import { createSigner, memberIdOf } from './crypto.ts'
import { createNotes } from './store/guarded-store.ts'

/** Who this node is: one Ed25519 key. The member id is its libp2p PeerId in base58 text. */
export interface Identity {
  readonly memberId: string
  /** Ed25519, 64 bytes, synchronous. */
  sign(bytes: Uint8Array): Uint8Array
  /** The same key for the network host. */
  readonly privateKey: Ed25519PrivateKey
}

/** Why an identity cannot be made or used; closed set. */
export type IdentityErrorCode = 'exists' | 'missing' | 'malformed' | 'permissions' | 'io'

export class IdentityError extends Error {
  readonly code: IdentityErrorCode
  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'IdentityError'
    this.code = code
  }
}

const schemaName = 'peerage.identity/v1'

/** The file: the private key is libp2p's protobuf encoding in base64, as other libp2p tools hold it. */
const identityFile = z.strictObject({ schema: z.literal(schemaName), peerId: z.string(), privateKey: z.base64() })

/**
 * Makes a new identity and its file, mode 0600, and the folder that says that nothing was signed with it yet. The file appears whole or not at all and never replaces another one.
 *
 * @throws IdentityError `exists`, `io`
 */
export async function createIdentity(path: string): Promise<Identity> {
  const identity = toIdentity(await generateKeyPair('Ed25519'))
  const encoded = Buffer.from(privateKeyToProtobuf(identity.privateKey)).toString('base64')
  const text = JSON.stringify({ schema: schemaName, peerId: identity.memberId, privateKey: encoded }, null, 2) + '\n'
  try {
    await writeNewFile(path, text)
    createNotes(path)
  } catch (error) {
    if (error instanceof IdentityError) throw error
    throw new IdentityError('io', `cannot write the identity to ${path}`, { cause: error })
  }
  return identity
}

/**
 * Reads an identity back.
 *
 * @throws IdentityError `missing`, `malformed`, `permissions` when others can read the file, `io`
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const text = await readPrivateFile(path)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new IdentityError('malformed', `${path} is not a JSON document`)
  }
  const parsed = identityFile.safeParse(content)
  if (!parsed.success) throw new IdentityError('malformed', `${path} is not an identity file (${schemaName})`)
  const identity = parseKey(parsed.data.privateKey, path)
  if (identity.memberId !== parsed.data.peerId) throw new IdentityError('malformed', `the key in ${path} does not belong to its peerId`)
  return identity
}

function parseKey(encoded: string, path: string): Identity {
  try {
    const key = privateKeyFromProtobuf(Buffer.from(encoded, 'base64'))
    if (key.type === 'Ed25519') return toIdentity(key)
  } catch (error) {
    throw new IdentityError('malformed', `${path} holds no readable private key`, { cause: error })
  }
  throw new IdentityError('malformed', `the key in ${path} is not an Ed25519 key`)
}

function toIdentity(privateKey: Ed25519PrivateKey): Identity {
  const publicKey = privateKey.publicKey.raw
  return { memberId: memberIdOf(publicKey), sign: createSigner(privateKey.raw.slice(0, 32), publicKey), privateKey }
}

async function readPrivateFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new IdentityError('permissions', `other users can read the private key in ${path}: run chmod 600 ${path}`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof IdentityError) throw error
    if (codeOf(error) === 'ENOENT') throw new IdentityError('missing', `there is no identity at ${path}`, { cause: error })
    throw new IdentityError('io', `cannot read the identity at ${path}`, { cause: error })
  }
}

/** Written and synced under another name, then linked: linking fails where the name is taken, and never shows a part. */
async function writeNewFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await writeSynced(draft, text)
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
      throw new IdentityError('exists', `${path} already exists; an identity is never overwritten`, { cause: error })
    })
  } finally {
    await unlink(draft).catch(() => {})
  }
  const folder = await open(dirname(path))
  await folder.sync().finally(() => folder.close())
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
