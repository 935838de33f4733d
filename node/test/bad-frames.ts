/** Frames that every node refuses, each with the code it is refused with. */
import { sha256 } from '../../consensus/index.ts'
import { encode, encodeBundle, LIMITS, sealEnvelope, signedBytes, type Body } from '../../protocol/index.ts'
import { createStranger } from './stranger.ts'

export interface BadFrame {
  what: string
  code: string
  bytes: Uint8Array
}

/** @param victim - the member whose name is misused */
export function createBadFrames(network: string, victim: string): BadFrame[] {
  const stranger = createStranger()
  const body: Body<'presence'> = { sequence: 1, canAnswer: true, canJudge: true, model: 'stranger', links: 0, height: 0 }
  const good = sealEnvelope(network, 'presence', body, stranger)
  const fields = { network, kind: 'presence', author: stranger.member, body: encode(body), signature: good.signature }
  const signed = (kind: string, bytes: Uint8Array): Uint8Array =>
    encode({ ...fields, kind, body: bytes, signature: stranger.sign(signedBytes(network, kind as 'presence', null, sha256(bytes))) })
  return [
    { what: 'larger than an envelope may be', code: 'oversized', bytes: new Uint8Array(LIMITS.envelopeBytesMax + 1).fill(7) },
    { what: 'empty', code: 'malformed', bytes: new Uint8Array() },
    { what: 'cut short', code: 'malformed', bytes: good.bytes.slice(0, -1) },
    { what: 'followed by something', code: 'malformed', bytes: Buffer.concat([good.bytes, Buffer.of(0)]) },
    { what: 'an envelope with its fields in another order', code: 'malformed', bytes: unsortedMap(fields) },
    { what: 'nested without end', code: 'malformed', bytes: new Uint8Array(100_000).fill(0x81) },
    { what: 'of another network', code: 'wrong-network', bytes: sealEnvelope('0'.repeat(64), 'presence', body, stranger).bytes },
    { what: 'of no known kind', code: 'unknown-kind', bytes: signed('bribe', encode(body)) },
    { what: 'with a field too many', code: 'bad-body', bytes: signed('presence', encode({ ...body, weight: 1 })) },
    { what: 'with a body whose fields are in another order', code: 'bad-body', bytes: signed('presence', unsortedMap(body)) },
    { what: 'with a number out of bounds', code: 'bad-body', bytes: signed('presence', encode({ ...body, links: -1 })) },
    { what: "in somebody else's name", code: 'bad-signature', bytes: encode({ ...fields, author: victim }) },
    { what: 'signed for another kind', code: 'bad-signature', bytes: encode({ ...fields, kind: 'join', body: encode({ sequence: 0 }) }) },
    { what: 'with one bit of the body turned', code: 'bad-signature', bytes: encode({ ...fields, body: encode({ ...body, sequence: 2 }) }) },
  ]
}

/** The same map as `encode` gives, with its keys descending. */
function unsortedMap(fields: Record<string, unknown>): Uint8Array {
  const entries = Object.entries(fields).sort(([a], [b]) => (a < b ? 1 : -1))
  return Buffer.concat([Buffer.of(0xa0 + entries.length), ...entries.flatMap(([key, value]) => [encode(key), encode(value)])])
}

/** Gossip that is no list of frames. */
export const BAD_GOSSIP: readonly Uint8Array[] = [
  Uint8Array.of(0xff, 0x00, 0x01),
  encodeBundle([]),
  encodeBundle(Array.from({ length: 257 }, () => new Uint8Array())),
]

/** Requests that mean nothing. */
export const BAD_REQUESTS: readonly Uint8Array[] = [
  new Uint8Array(),
  Uint8Array.of(0xff, 0x00, 0x01),
  encode({ type: 'bribe' }),
  encode({ type: 'chain', fromHeight: -1 }),
  encode({ type: 'chain', fromHeight: 0, toHeight: 1, also: 1 }),
  encode({ type: 'get', hashes: ['../../identity.key'] }),
  encode({ type: 'get', hashes: Array.from({ length: 1_001 }, () => '0'.repeat(64)) }),
  encode({ type: 'deliver', frames: ['text'] }),
  encode({ type: 'deliver', frames: Array.from({ length: 1_001 }, () => new Uint8Array()) }),
]
