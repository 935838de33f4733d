import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import type { Signer } from '../../protocol/index.ts'
import { createSigner, memberIdOf } from '../crypto.ts'

const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A signer with a fresh key. */
export function createStranger(): Signer {
  const seed = new Uint8Array(randomBytes(32))
  const key = createPublicKey(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' }))
  const raw = new Uint8Array(key.export({ format: 'der', type: 'spki' })).slice(-32)
  return { member: memberIdOf(raw), sign: createSigner(seed, raw) }
}
