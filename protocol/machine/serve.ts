import type { Certificate } from '../../consensus/index.ts'
import type { Block, Body } from '../bodies.ts'
import { decodeCanonical, decodeVouched, encode } from '../encoding.ts'
import { encodeFrame, type Frame, type Request } from '../frames.ts'
import { resultSchema } from '../ledger/result.ts'
import type { FinalEntry } from './commit.ts'
import { getOne, horizonOf, KEYS, padded, type Reading } from './keys.ts'
import type { Machine } from './machine-state.ts'
import { saidBy } from './sign-guard.ts'
import type { BoundaryEntry } from './snapshot.ts'

/** One reply holds at most this much, and what its last block needs; who wants more asks again. */
const REPLY_BYTES_MAX = 4_000_000
const REPLY_BLOCKS_MAX = 256
const REPLY_BOUNDARIES_MAX = 256
/** What goes in one frame of history; a single block may be larger. */
const FRAME_BYTES_MAX = 1_000_000
const PARTS_MAX = 8_000

/** The frames that answer a peer's request, from the store or from what the machine remembers. What is not there is left out. */
export function* serve(request: Request, machine: Machine, from: string): Reading<Uint8Array[]> {
  switch (request.type) {
    case 'get':
      return yield* serveHashes(request.hashes)
    case 'chain':
      return yield* serveChain(request.fromHeight, request.toHeight)
    case 'offer':
      return [encodeFrame({ type: 'offer', height: machine.ledger.height, horizon: yield* horizonOf(), epochs: yield* snapshotEpochs() })]
    case 'boundaries':
      return yield* serveBoundaries(request.fromEpoch)
    case 'snapshot':
      return piecesOf((yield* getOne(KEYS.snapshot(request.epoch))) ?? new Uint8Array(), request)
    case 'checkpoint': {
      const { checkpoint } = machine.config
      return checkpoint === undefined ? [] : piecesOf(encode(checkpoint), { epoch: 0, offset: request.offset })
    }
    case 'certificates': {
      const entries = yield { type: 'range', prefix: 'certificate/' }
      const certificates = entries.map(([, value]) => decodeCanonical(value) as Certificate)
      return certificates
        .filter(({ kind, view }) => kind === 'finalize' || view >= request.fromView)
        .map((certificate) => encodeFrame({ type: 'certificate', certificate }))
    }
    case 'genesis':
      return [encodeFrame({ type: 'genesis', genesis: machine.config.genesis })]
    case 'said':
      return saidBy(machine, from)
    case 'deliver':
      return []
  }
}

function* serveHashes(hashes: readonly string[]): Reading<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let sizeBytes = 0
  for (const hash of hashes) {
    const envelope = (yield* getOne(`item/${hash}`)) ?? (yield* getOne(`proposal/${hash}`))
    const result = envelope === null ? yield* getOne(`result/${hash}`) : null
    const frame = envelope !== null ? encodeFrame({ type: 'envelope', bytes: envelope }) : result !== null ? resultFrame(result) : null
    if (frame === null) continue
    sizeBytes += frame.length
    if (sizeBytes > REPLY_BYTES_MAX && frames.length > 0) break
    frames.push(frame)
  }
  return frames
}

/**
 * Final blocks in order, each with or after the items and results it refers to. The last one has its certificate: a reply
 * goes on beyond `toHeight` for it, or ends before.
 */
function* serveChain(fromHeight: number, toHeight: number): Reading<Uint8Array[]> {
  if (fromHeight < (yield* horizonOf())) return []
  const served: Served[] = []
  let sizeBytes = 0
  let certified = 0
  const finals = yield { type: 'range', prefix: 'final/', from: `final/${padded(fromHeight)}`, limit: REPLY_BLOCKS_MAX }
  for (const [, value] of finals) {
    const { hash, certificate, repeats } = decodeVouched(value) as FinalEntry
    const proposal = yield* getOne(`proposal/${hash}`)
    if (proposal === null) break
    const block = bodyOf<'proposal'>(proposal)
    const parts = (yield { type: 'get', keys: referencesOf(block) }).map(([, part]) => part)
    const bytes = [proposal, ...repeats, ...parts].reduce((sum, { length }) => sum + length, 0)
    sizeBytes += bytes
    if (sizeBytes > REPLY_BYTES_MAX && certified > 0) break
    served.push({ bytes, parts, block: { proposal, repeats, certificate } })
    if (certificate === null) continue
    certified = served.length
    if (block.height >= toHeight) break
  }
  return framesOf(served.slice(0, certified))
}

function* snapshotEpochs(): Reading<number[]> {
  return (yield { type: 'range', prefix: 'snapshot/' }).map(([key]) => Number(key.split('/')[1]))
}

/** The ends of epochs from one on, as frames. */
export function* serveBoundaries(fromEpoch: number, limit = REPLY_BOUNDARIES_MAX): Reading<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let sizeBytes = 0
  for (const [key, value] of yield { type: 'range', prefix: 'boundary/', from: KEYS.boundary(fromEpoch), limit }) {
    const { height, validators, rest } = decodeVouched(value) as BoundaryEntry
    const block = yield* finalBlock(height)
    if (block === null) break
    const frame = encodeFrame({ type: 'boundary', epoch: Number(key.split('/')[1]), validators, rest, block })
    sizeBytes += frame.length
    if (sizeBytes > REPLY_BYTES_MAX && frames.length > 0) break
    frames.push(frame)
  }
  return frames
}

/** A final block as a frame carries it. */
export function* finalBlock(height: number): Reading<Served['block'] | null> {
  const value = yield* getOne(KEYS.final(height))
  if (value === null) return null
  const { hash, certificate, repeats } = decodeVouched(value) as FinalEntry
  const proposal = yield* getOne(KEYS.proposal(hash))
  return proposal === null ? null : { proposal, repeats, certificate }
}

function piecesOf(whole: Uint8Array, { epoch, offset }: { epoch: number; offset: number }): Uint8Array[] {
  const end = Math.min(whole.length, offset + REPLY_BYTES_MAX)
  const count = Math.max(0, Math.ceil((end - offset) / FRAME_BYTES_MAX))
  return Array.from({ length: count }, (_, index) => {
    const at = offset + index * FRAME_BYTES_MAX
    return encodeFrame({ type: 'piece', epoch, offset: at, total: whole.length, bytes: whole.slice(at, Math.min(end, at + FRAME_BYTES_MAX)) })
  })
}

interface Served {
  bytes: number
  parts: Uint8Array[]
  block: { proposal: Uint8Array; repeats: Uint8Array[]; certificate: Certificate | null }
}

// Few and large frames; the parts of a block that is larger than that come in frames of their own before it.
function framesOf(served: readonly Served[]): Uint8Array[] {
  const frames: (Pick<Extract<Frame, { type: 'history' }>, 'parts' | 'blocks'> & { bytes: number })[] = []
  const frameFor = (bytes: number): (typeof frames)[number] => {
    const last = frames.at(-1)
    if (last !== undefined && last.bytes + bytes <= FRAME_BYTES_MAX && last.parts.length < PARTS_MAX) {
      last.bytes += bytes
      return last
    }
    return frames[frames.push({ parts: [], blocks: [], bytes }) - 1] as (typeof frames)[number]
  }
  for (const { bytes, parts, block } of served) {
    if (bytes > FRAME_BYTES_MAX) for (const part of parts) frameFor(part.length).parts.push(part)
    const frame = frameFor(bytes > FRAME_BYTES_MAX ? block.proposal.length : bytes)
    if (bytes <= FRAME_BYTES_MAX) frame.parts.push(...parts)
    frame.blocks.push(block)
  }
  return frames.map(({ parts, blocks }) => encodeFrame({ type: 'history', parts, blocks }))
}

/** The keys of what a block refers to by hash: items that its observations list, and results. */
function referencesOf(block: Block): string[] {
  return block.entries.flatMap((entry) => {
    if (entry.type === 'result') return [KEYS.result(entry.hash)]
    return entry.type === 'cut' ? [...new Set(entry.observations.flatMap((observation) => bodyOf<'observation'>(observation).items.map(([, id]) => KEYS.item(id))))] : []
  })
}

// What is in the own store was checked when it came.
function bodyOf<K extends 'observation' | 'proposal'>(envelope: Uint8Array): Body<K> {
  return decodeVouched((decodeVouched(envelope) as { body: Uint8Array }).body) as Body<K>
}

function resultFrame(bytes: Uint8Array): Uint8Array {
  return encodeFrame({ type: 'result', result: resultSchema.parse(decodeCanonical(bytes)) })
}
