import type { Certificate } from '../../consensus/index.ts'
import type { Block } from '../bodies.ts'
import { BODY_SCHEMAS } from '../bodies.ts'
import { decodeCanonical } from '../encoding.ts'
import { encodeFrame, type Request } from '../frames.ts'
import type { Genesis } from '../genesis.ts'
import { resultSchema } from '../ledger/result.ts'
import type { FinalEntry } from './chain.ts'
import { getOne, padded, type Reading } from './keys.ts'

/** One reply holds at most this much; who needs more asks again. */
const REPLY_BYTES_MAX = 4_000_000
const REPLY_BLOCKS_MAX = 100

/** The frames that answer a peer's request, read from the store. What is not there is left out. */
export function* serve(request: Request, genesis: Genesis): Reading<Uint8Array[]> {
  switch (request.type) {
    case 'get':
      return yield* serveHashes(request.hashes)
    case 'chain':
      return yield* serveChain(request.fromHeight)
    case 'certificates': {
      const entries = yield { type: 'range', prefix: 'certificate/' }
      const certificates = entries.map(([, value]) => decodeCanonical(value) as Certificate)
      return certificates
        .filter(({ kind, view }) => kind === 'finalize' || view >= request.fromView)
        .map((certificate) => encodeFrame({ type: 'certificate', certificate }))
    }
    case 'genesis':
      return [encodeFrame({ type: 'genesis', genesis })]
    case 'said':
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

// Final blocks in order, each after the items and results it refers to; then the certificate that makes them final.
function* serveChain(fromHeight: number): Reading<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let sizeBytes = 0
  let certified = 0
  const finals = yield { type: 'range', prefix: 'final/', from: `final/${padded(fromHeight)}`, limit: REPLY_BLOCKS_MAX }
  for (const [, value] of finals) {
    const { hash, certificate, repeats } = decodeCanonical(value) as FinalEntry
    const proposal = yield* getOne(`proposal/${hash}`)
    if (proposal === null) break
    const block = blockOf(proposal)
    const added = [...(yield* serveHashes(referencesOf(block))), encodeFrame({ type: 'envelope', bytes: proposal })]
    for (const bytes of repeats) added.push(encodeFrame({ type: 'envelope', bytes }))
    if (certificate !== null) added.push(encodeFrame({ type: 'certificate', certificate }))
    sizeBytes += added.reduce((sum, frame) => sum + frame.length, 0)
    if (sizeBytes > REPLY_BYTES_MAX && certified > 0) break
    frames.push(...added)
    if (certificate !== null) certified = frames.length
  }
  return frames.slice(0, certified)
}

function blockOf(envelope: Uint8Array): Block {
  const { body } = decodeCanonical(envelope) as { body: Uint8Array }
  return BODY_SCHEMAS.proposal.parse(decodeCanonical(body))
}

/** What a block refers to by hash: items that its observations list, and results. Of a malformed observation, nothing. */
export function referencesOf(block: Block): string[] {
  return block.entries.flatMap((entry) => {
    if (entry.type === 'result') return [entry.hash]
    if (entry.type !== 'cut') return []
    return [...new Set(entry.observations.flatMap(listedIn))]
  })
}

function listedIn(envelope: Uint8Array): string[] {
  const { body } = (decodeCanonical(envelope) ?? {}) as { body?: unknown }
  const observation = body instanceof Uint8Array ? BODY_SCHEMAS.observation.safeParse(decodeCanonical(body)) : null
  return observation?.success === true ? observation.data.items.map(([, id]) => id) : []
}

/** Whether bytes are the encoding of a result, as a frame. */
function resultFrame(bytes: Uint8Array): Uint8Array {
  return encodeFrame({ type: 'result', result: resultSchema.parse(decodeCanonical(bytes)) })
}
