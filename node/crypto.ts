import { createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'

/** Identity multihash of a libp2p Ed25519 public key: identity code, length 36, key type 1, 32 key bytes. */
const memberIdHead = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const publicKeyBytes = 32
const cachedKeysMax = 4096

/** What every Ed25519 member id looks like: its fixed head encodes to these first characters. */
const memberIdShape = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** Member ids recently verified against, oldest use first; null for an id of the right shape that holds no key. */
const cachedKeys = new Map<string, KeyObject | null>()

/**
 * Whether `signature` is the Ed25519 signature of `bytes` by the member `memberId` (a PeerId in base58 text).
 * Synchronous, never throws: false for anything malformed. About 65 us with the member's key in the cache.
 */
export function verify(memberId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = cachedKey(memberId)
  if (key === null || signature.length !== 64) return false
  try {
    return verifyBytes(null, bytes, key, signature)
  } catch {
    return false
  }
}

/** The same on another thread: for many signatures at once. */
export function verifySoon(memberId: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = cachedKey(memberId)
  if (key === null || signature.length !== 64) return Promise.resolve(false)
  return new Promise((resolve) => {
    verifyBytes(null, bytes, key, signature, (error, holds) => resolve(error === null && holds))
  })
}

/** The 32 bytes of the Ed25519 public key in a member id, or null where the id is not one. */
export function publicKeyOf(memberId: string): Uint8Array | null {
  if (!memberIdShape.test(memberId)) return null
  try {
    const bytes = base58btc.decode(`z${memberId}`)
    if (bytes.length !== memberIdHead.length + publicKeyBytes) return null
    if (!memberIdHead.every((byte, index) => bytes[index] === byte)) return null
    return bytes.slice(memberIdHead.length)
  } catch {
    return null
  }
}

/** The member id of an Ed25519 public key (32 bytes): libp2p's PeerId in base58 text. */
export function memberIdOf(publicKey: Uint8Array): string {
  if (publicKey.length !== publicKeyBytes) throw new RangeError(`an Ed25519 public key has 32 bytes, got ${publicKey.length}`)
  const multihash = new Uint8Array(memberIdHead.length + publicKeyBytes)
  multihash.set(memberIdHead)
  multihash.set(publicKey, memberIdHead.length)
  return base58btc.encode(multihash).slice(1)
}

/**
 * A synchronous signer for an Ed25519 key. About 25 us a signature.
 *
 * @param seed - the private key's 32 bytes
 * @param publicKey - its public key's 32 bytes
 */
export function createSigner(seed: Uint8Array, publicKey: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x: base64url(publicKey) }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return (bytes) => new Uint8Array(signBytes(null, bytes, key))
}

function cachedKey(memberId: string): KeyObject | null {
  let key = cachedKeys.get(memberId)
  if (key === undefined) {
    const raw = publicKeyOf(memberId)
    if (raw === null) return null
    key = toKeyObject(raw)
    if (cachedKeys.size >= cachedKeysMax) cachedKeys.delete(cachedKeys.keys().next().value as string)
  } else {
    cachedKeys.delete(memberId)
  }
  cachedKeys.set(memberId, key)
  return key
}

function toKeyObject(publicKey: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey) }, format: 'jwk' })
  } catch {
    return null
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}
