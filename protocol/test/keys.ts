import { createPrivateKey, createPublicKey, sign, verify as verifySignature, type KeyObject } from 'node:crypto'
import type { Signer, Verify } from '../envelope.ts'

/** PKCS #8 and SubjectPublicKeyInfo of an Ed25519 key, up to the 32 bytes of the key itself (RFC 8410). */
const PRIVATE_HEAD = fromHex('302e020100300506032b657004220420')
const PUBLIC_HEAD = fromHex('302a300506032b6570032100')
/** What stands before the key in a libp2p PeerId: an identity multihash of a protobuf that says Ed25519, 32 bytes. */
const ID_HEAD = fromHex('002408011220')
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

const publicKeys = new Map<string, KeyObject>()

/** An Ed25519 member whose seed is 32 times the same byte. */
export function memberWith(seed: number): Signer {
  const der = join(PRIVATE_HEAD, new Uint8Array(32).fill(seed))
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  const raw = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })).slice(PUBLIC_HEAD.length)
  return { member: base58(join(ID_HEAD, raw)), sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) }
}

/** Ed25519 by node:crypto; false for anything malformed. */
export const verify: Verify = (member, bytes, signature) => {
  try {
    return verifySignature(null, bytes, publicKeyOf(member), signature)
  } catch {
    return false
  }
}

function publicKeyOf(member: string): KeyObject {
  const known = publicKeys.get(member)
  if (known !== undefined) return known
  const raw = unbase58(member).slice(ID_HEAD.length)
  const key = createPublicKey({ key: Buffer.from(join(PUBLIC_HEAD, raw)), format: 'der', type: 'spki' })
  publicKeys.set(member, key)
  return key
}

function base58(bytes: Uint8Array): string {
  let value = BigInt(`0x${toHex(bytes)}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + text
}

function unbase58(text: string): Uint8Array {
  let value = 0n
  for (const letter of text) value = value * 58n + BigInt(ALPHABET.indexOf(letter))
  const hex = value.toString(16)
  const zeros = text.length - text.replace(/^1+/, '').length
  return join(new Uint8Array(zeros), fromHex(hex.length % 2 === 0 ? hex : `0${hex}`))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}
