/** What travels over streams: requests for what is missing, and frames that answer them. SPEC.md, "Streams". */
import { z } from 'zod'
import { sha256, type Certificate } from '../consensus/index.ts'
import { BODY_SCHEMAS, bytes, bytesUpTo, hashSchema, memberIdSchema, type MessageKind } from './bodies.ts'
import { decodeCanonical, encode } from './encoding.ts'
import { openEnvelope, signedBytes, type EnvelopeCode, type Message, type Verify } from './envelope.ts'
import { genesisSchema, type Genesis } from './genesis.ts'
import { resultHash } from './ledger/close-round.ts'
import { resultSchema, type RoundResult } from './ledger/result.ts'
import { LIMITS } from './limits.ts'
import { slotOf } from './slot.ts'

const counter = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const frameSized = bytesUpTo(2 * LIMITS.envelopeBytesMax)

export const requestSchema = z.discriminatedUnion('type', [
  /** Items, proposals and results by their hashes. */
  z.strictObject({ type: z.literal('get'), hashes: z.array(hashSchema).max(1_000) }),
  /** Final blocks from a height on, with everything they refer to. */
  z.strictObject({ type: z.literal('chain'), fromHeight: counter }),
  /** The last finalization, and all other certificates from a view on. */
  z.strictObject({ type: z.literal('certificates'), fromView: counter }),
  z.strictObject({ type: z.literal('genesis') }),
  /** What the peer has heard of who asks. */
  z.strictObject({ type: z.literal('said') }),
  /** Nothing is asked: the frames are re-sent during a standstill. */
  z.strictObject({ type: z.literal('deliver'), frames: z.array(frameSized).max(1_000) }),
])

export type Request = z.infer<typeof requestSchema>

const certificateSchema = z
  .strictObject({
    kind: z.enum(['notarize', 'nullify', 'finalize']),
    epoch: counter,
    view: counter.min(1),
    block: hashSchema.nullable(),
    signatures: z.array(z.strictObject({ author: memberIdSchema, signature: bytes(64) })).max(LIMITS.membersMax),
  })
  .refine(({ kind, block }) => (kind === 'nullify') === (block === null))

/** A signature without the body it is for. */
const signedSchema = z.strictObject({
  type: z.literal('signed'),
  author: memberIdSchema,
  kind: z.enum(Object.keys(BODY_SCHEMAS) as [MessageKind, ...MessageKind[]]),
  slot: z.string().min(1).max(LIMITS.slotLengthMax),
  bodyHash: hashSchema,
  signature: bytes(64),
})

const frameSchema = z.discriminatedUnion('type', [
  signedSchema,
  z.strictObject({ type: z.literal('envelope'), bytes: frameSized }),
  z.strictObject({ type: z.literal('certificate'), certificate: certificateSchema }),
  z.strictObject({ type: z.literal('result'), result: resultSchema }),
  z.strictObject({ type: z.literal('genesis'), genesis: genesisSchema }),
])

export type Frame = z.infer<typeof frameSchema>

/** A frame whose signatures hold. */
export type Opened =
  | z.infer<typeof signedSchema>
  | { type: 'message'; message: Message }
  | { type: 'certificate'; certificate: Certificate }
  | { type: 'result'; hash: string; result: RoundResult }
  | { type: 'genesis'; genesis: Genesis }

export type FrameCode = EnvelopeCode | 'bad-certificate'

export function encodeRequest(request: Request): Uint8Array {
  return encode(request)
}

/** A request from a peer, or null if it is malformed. */
export function decodeRequest(bytes: Uint8Array): Request | null {
  const parsed = requestSchema.safeParse(decodeCanonical(bytes))
  return parsed.success ? parsed.data : null
}

/** Most envelopes of one gossip message. */
const BUNDLE_MAX = 256

/** What one gossip message carries: the envelopes that their author had to say at one time. */
export function encodeBundle(envelopes: readonly Uint8Array[]): Uint8Array {
  return encode(envelopes)
}

/** The envelopes of a gossip message, at least one, or null if it is malformed. */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] | null {
  if (bytes.length > LIMITS.gossipBytesMax) return null
  const parsed = z.array(frameSized).min(1).max(BUNDLE_MAX).safeParse(decodeCanonical(bytes))
  return parsed.success ? parsed.data : null
}

export function encodeFrame(frame: Frame): Uint8Array {
  return encode(frame)
}

/**
 * Opens a frame by ordered checks, signatures last. Whether those who signed a certificate are a quorum of its epoch is
 * for the receiver to see, who knows the epoch.
 */
export function openFrame(
  frameBytes: Uint8Array,
  context: { network: string; verify: Verify },
): { ok: true; opened: Opened } | { ok: false; code: FrameCode } {
  const parsed = frameSchema.safeParse(decodeCanonical(frameBytes))
  if (!parsed.success) return { ok: false, code: 'malformed' }
  const frame = parsed.data
  switch (frame.type) {
    case 'envelope': {
      const opened = openEnvelope(frame.bytes, context.network, context.verify)
      return opened.ok ? { ok: true, opened: { type: 'message', message: opened.message } } : opened
    }
    case 'certificate': {
      return isSigned(frame.certificate, context) ? { ok: true, opened: frame } : { ok: false, code: 'bad-certificate' }
    }
    case 'signed': {
      const { author, kind, slot, bodyHash, signature } = frame
      return context.verify(author, signedBytes(context.network, kind, slot, bodyHash), signature) ? { ok: true, opened: frame } : { ok: false, code: 'bad-signature' }
    }
    case 'result':
      return { ok: true, opened: { ...frame, hash: resultHash(frame.result) } }
    case 'genesis':
      return { ok: true, opened: frame }
  }
}

// The votes inside a certificate are the same signed bodies as single votes.
function isSigned(certificate: Certificate, { network, verify }: { network: string; verify: Verify }): boolean {
  const { signatures, ...vote } = certificate
  const signed = signedBytes(network, 'vote', slotOf('vote', vote), sha256(encode(vote)))
  return signatures.every(({ author, signature }) => verify(author, signed, signature))
}
