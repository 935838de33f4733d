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
  /** Final blocks from a height on, to another one where it is known, with everything they refer to. */
  z.strictObject({ type: z.literal('chain'), fromHeight: counter, toHeight: counter }),
  /** The state that the genesis goes on from, from a byte on. */
  z.strictObject({ type: z.literal('checkpoint'), offset: counter }),
  /** Which part of the chain the peer can give, and of which epochs it has snapshots. */
  z.strictObject({ type: z.literal('offer') }),
  /** Ends of epochs in order, with who voted from there on. */
  z.strictObject({ type: z.literal('boundaries'), fromEpoch: counter }),
  /** The state at the beginning of an epoch, from a byte on. */
  z.strictObject({ type: z.literal('snapshot'), epoch: counter, offset: counter }),
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

/** A final block; with the certificate that names it or the last of its repeats, where there is one. */
const finalSchema = z.strictObject({ proposal: frameSized, repeats: z.array(frameSized).max(1_000), certificate: certificateSchema.nullable() })

/** Final blocks in order, and of what they refer to by its hash what was not in a frame before: items and results. */
const historySchema = z.strictObject({ type: z.literal('history'), parts: z.array(frameSized).max(10_000), blocks: z.array(finalSchema).max(1_000) })

/** The chain from `horizon` to `height` can be asked for, and the state at the beginning of these epochs. */
const offerSchema = z.strictObject({ type: z.literal('offer'), height: counter, horizon: counter, epochs: z.array(counter).max(100) })

/** The block that an epoch begins on, and who votes in it; `rest` is the hash of the rest of the state. */
const boundarySchema = z.strictObject({
  type: z.literal('boundary'),
  block: finalSchema,
  epoch: counter,
  validators: z.array(z.strictObject({ member: memberIdSchema, weight: counter })).max(LIMITS.membersMax),
  rest: hashSchema,
})

/** A part of a snapshot. */
const pieceSchema = z.strictObject({ type: z.literal('piece'), epoch: counter, offset: counter, total: counter, bytes: frameSized })

const frameSchema = z.discriminatedUnion('type', [
  signedSchema,
  offerSchema,
  boundarySchema,
  pieceSchema,
  historySchema,
  z.strictObject({ type: z.literal('envelope'), bytes: frameSized }),
  z.strictObject({ type: z.literal('certificate'), certificate: certificateSchema }),
  z.strictObject({ type: z.literal('result'), result: resultSchema }),
  z.strictObject({ type: z.literal('genesis'), genesis: genesisSchema }),
])

export type Frame = z.infer<typeof frameSchema>

/** A block that is final if its certificate, or that of a later one, is sound. */
export interface FinalBlock {
  message: Message<'proposal'>
  repeats: Message<'proposal'>[]
  certificate: Certificate | null
}

/** The end of an epoch. */
export type Boundary = Omit<z.infer<typeof boundarySchema>, 'block'> & { block: FinalBlock }

/** A frame whose signatures hold. */
export type Opened =
  | z.infer<typeof signedSchema>
  | z.infer<typeof offerSchema>
  | z.infer<typeof pieceSchema>
  | Boundary
  | { type: 'history'; parts: Uint8Array[]; blocks: FinalBlock[] }
  | { type: 'message'; message: Message }
  | { type: 'certificate'; certificate: Certificate }
  | { type: 'result'; hash: string; result: RoundResult }
  | { type: 'genesis'; genesis: Genesis }

interface FrameContext {
  network: string
  verify: Verify
}

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
  context: FrameContext,
): { ok: true; opened: Opened } | { ok: false; code: FrameCode } {
  const parsed = frameSchema.safeParse(decodeCanonical(frameBytes))
  if (!parsed.success) return { ok: false, code: 'malformed' }
  const frame = parsed.data
  switch (frame.type) {
    case 'envelope': {
      const opened = openEnvelope(frame.bytes, context.network, context.verify)
      return opened.ok ? { ok: true, opened: { type: 'message', message: opened.message } } : opened
    }
    case 'history':
      return openHistory(frame, context)
    case 'boundary': {
      const block = openFinal(frame.block, context)
      return 'ok' in block ? block : { ok: true, opened: { ...frame, block } }
    }
    case 'offer':
    case 'piece':
      return { ok: true, opened: frame }
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

function openHistory({ parts, blocks }: z.infer<typeof historySchema>, context: FrameContext): { ok: true; opened: Opened } | { ok: false; code: FrameCode } {
  const opened: FinalBlock[] = []
  for (const each of blocks) {
    const block = openFinal(each, context)
    if ('ok' in block) return block
    opened.push(block)
  }
  return { ok: true, opened: { type: 'history', parts, blocks: opened } }
}

// What a block embeds and refers to is vouched for by its certificate: only its own signatures are checked.
function openFinal({ proposal, repeats, certificate }: z.infer<typeof finalSchema>, context: FrameContext): FinalBlock | { ok: false; code: FrameCode } {
  const messages: Message<'proposal'>[] = []
  for (const envelope of [proposal, ...repeats]) {
    const each = openEnvelope(envelope, context.network, context.verify)
    if (!each.ok) return each
    if (each.message.kind !== 'proposal') return { ok: false, code: 'malformed' }
    messages.push(each.message)
  }
  if (certificate !== null && !isSigned(certificate, context)) return { ok: false, code: 'bad-certificate' }
  const [message, ...rest] = messages as [Message<'proposal'>, ...Message<'proposal'>[]]
  return { message, repeats: rest, certificate }
}

// The votes inside a certificate are the same signed bodies as single votes.
function isSigned(certificate: Certificate, { network, verify }: FrameContext): boolean {
  const { signatures, ...vote } = certificate
  const signed = signedBytes(network, 'vote', slotOf('vote', vote), sha256(encode(vote)))
  return signatures.every(({ author, signature }) => verify(author, signed, signature))
}
