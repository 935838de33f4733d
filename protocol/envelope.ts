import { z } from 'zod'
import { sha256 } from '../consensus/index.ts'
import { BODY_SCHEMAS, bytes, bytesUpTo, hashSchema, memberIdSchema, type Body, type MessageKind } from './bodies.ts'
import { decodeCanonical, decodeVouched, encode } from './encoding.ts'
import { LIMITS } from './limits.ts'
import { rememberedBy } from './memo.ts'
import { slotOf } from './slot.ts'

/** Signs as one member. */
export interface Signer {
  member: string
  sign: (bytes: Uint8Array) => Uint8Array
}

/** Checks a member's signature. Synchronous and free of side effects: false for anything malformed. */
export type Verify = (member: string, bytes: Uint8Array, signature: Uint8Array) => boolean

/**
 * A decoded message whose signature holds. `bytes` is the envelope as it travels, `id` its hash; `slot` is what the body
 * binds its author to, and `bodyHash` the hash of the body that was signed for it.
 */
export type Message<K extends MessageKind = MessageKind> = {
  [P in K]: { kind: P; author: string; body: Body<P>; slot: string | null; bodyHash: string; signature: Uint8Array; id: string; bytes: Uint8Array }
}[K]

/** Codes of everything that can be wrong with a frame, whatever the state of the receiver. */
export type EnvelopeCode = 'oversized' | 'malformed' | 'wrong-network' | 'unknown-kind' | 'bad-body' | 'bad-signature'

export type OpenedEnvelope = { ok: true; message: Message } | { ok: false; code: EnvelopeCode }

const DOMAIN = 'peerage/1'
const KINDS = Object.keys(BODY_SCHEMAS) as MessageKind[]

const envelopeSchema = z.strictObject({
  network: hashSchema,
  kind: z.string().max(20),
  author: memberIdSchema,
  body: bytesUpTo(LIMITS.envelopeBytesMax),
  signature: bytes(64),
})

/**
 * The bytes that a signature covers: domain, network, kind, slot and the hash of the exact body. So a breach is proven
 * by two hashes and two signatures, however large the bodies are.
 */
export function signedBytes(network: string, kind: MessageKind, slot: string | null, bodyHash: string): Uint8Array {
  return encode([DOMAIN, network, kind, slot, bodyHash])
}

/** Encodes and signs a body. */
export function sealEnvelope<K extends MessageKind>(network: string, kind: K, body: Body<K>, signer: Signer): Message<K> {
  const bodyBytes = encode(body)
  const slot = slotOf(kind, body)
  const bodyHash = sha256(bodyBytes)
  const signature = signer.sign(signedBytes(network, kind, slot, bodyHash))
  const frame = encode({ network, kind, author: signer.member, body: bodyBytes, signature })
  const message = { kind, author: signer.member, body, slot, bodyHash, signature, id: sha256(frame), bytes: frame }
  rememberedBy(`${network}/${message.id}`, () => ({ ok: true, message }))
  return message
}

/**
 * Opens a frame by ordered checks, cheapest first; the signature comes last. Depends on nothing but its arguments.
 * SPEC.md, "Envelopes".
 */
export function openEnvelope(frame: Uint8Array, network: string, verify: Verify): OpenedEnvelope {
  // [reject] The frame is larger than the limit.
  if (frame.length > LIMITS.envelopeBytesMax) return { ok: false, code: 'oversized' }
  const id = sha256(frame)
  return rememberedBy(`${network}/${id}`, () => openChecked(frame, id, network, verify))
}

function openChecked(frame: Uint8Array, id: string, network: string, verify: Verify): OpenedEnvelope {
  // [reject] The frame is not the canonical encoding of an envelope.
  const envelope = envelopeSchema.safeParse(decodeCanonical(frame))
  if (!envelope.success) return { ok: false, code: 'malformed' }
  const { author, signature, body: bodyBytes } = envelope.data
  // [reject] The envelope belongs to another network.
  if (envelope.data.network !== network) return { ok: false, code: 'wrong-network' }
  // [reject] The kind is not one of the protocol's.
  const kind = KINDS.find((known) => known === envelope.data.kind)
  if (kind === undefined) return { ok: false, code: 'unknown-kind' }
  // [reject] The body is not the canonical encoding of its schema, limits included.
  const body = BODY_SCHEMAS[kind].safeParse(decodeCanonical(bodyBytes))
  if (!body.success) return { ok: false, code: 'bad-body' }
  // [reject] The signature is not the author's.
  const slot = slotOf(kind, body.data as never)
  const bodyHash = sha256(bodyBytes)
  if (!verify(author, signedBytes(network, kind, slot, bodyHash), signature)) return { ok: false, code: 'bad-signature' }
  return { ok: true, message: { kind, author, body: body.data, slot, bodyHash, signature, id, bytes: frame } as unknown as Message }
}

/**
 * Reads an envelope that a quorum vouches for, by its hash or inside a block: an honest member of it has opened the same
 * bytes, so nothing is checked again. SPEC.md, "Sync".
 */
export function readVouched(frame: Uint8Array): OpenedEnvelope {
  const envelope = decodeVouched(frame) as { kind: MessageKind; author: string; body: Uint8Array; signature: Uint8Array } | null
  const body = envelope === null ? null : decodeVouched(envelope.body)
  if (envelope === null || body === null) return { ok: false, code: 'malformed' }
  const { kind, author, signature } = envelope
  const slot = slotOf(kind, body as never)
  return { ok: true, message: { kind, author, body, slot, bodyHash: sha256(envelope.body), signature, id: sha256(frame), bytes: frame } as Message }
}
