import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256, type Certificate, type VoteKind } from '../consensus/index.ts'
import { encode } from './encoding.ts'
import { sealEnvelope, type Signer } from './envelope.ts'
import { decodeRequest, encodeFrame, encodeRequest, openFrame, type Frame, type Request } from './frames.ts'
import { createGenesis, networkId } from './genesis.ts'
import { memberWith, verify } from './test/keys.ts'

const MEMBERS = [1, 2, 3, 4].map(memberWith).sort((a, b) => (a.member < b.member ? -1 : 1)) as [Signer, Signer, Signer, Signer]
const GENESIS = createGenesis({ name: 'frames', members: MEMBERS.map(({ member }) => ({ id: member, weight: 1 })) })
const NETWORK = networkId(GENESIS)
const BLOCK = sha256('a block')

function certify(kind: VoteKind, block: string | null, signers: readonly Signer[], network = NETWORK): Certificate {
  const vote = { kind, epoch: 0, view: 3, block }
  return { ...vote, signatures: signers.map((signer) => ({ author: signer.member, signature: sealEnvelope(network, 'vote', vote, signer).signature })) }
}

function codeOf(frame: Uint8Array, context = { network: NETWORK, verify }): string {
  const opened = openFrame(frame, context)
  return opened.ok ? opened.opened.type : opened.code
}

const frameOf = (certificate: Certificate): Uint8Array => encodeFrame({ type: 'certificate', certificate })

describe('a certificate frame', () => {
  const [a, b, c, d] = MEMBERS
  const sound = certify('notarize', BLOCK, [a, b, c])

  it('opens with signatures under the votes that it stands for; whether they are a quorum is not asked here', () => {
    expect(codeOf(frameOf(sound))).toBe('certificate')
    expect(codeOf(frameOf(certify('nullify', null, [b, c, d])))).toBe('certificate')
    expect(codeOf(frameOf(certify('finalize', BLOCK, MEMBERS)))).toBe('certificate')
  })

  it('is bad with one forged signature, or with signatures for something else', () => {
    const [first, second, third] = sound.signatures as [Certificate['signatures'][number], Certificate['signatures'][number], Certificate['signatures'][number]]
    expect(codeOf(frameOf({ ...sound, signatures: [first, second, { ...third, signature: new Uint8Array(64) }] }))).toBe('bad-certificate')
    expect(codeOf(frameOf({ ...sound, signatures: [first, second, { ...third, signature: second.signature }] }))).toBe('bad-certificate')
    expect(codeOf(frameOf({ ...sound, kind: 'finalize' }))).toBe('bad-certificate')
    expect(codeOf(frameOf({ ...sound, view: 4 }))).toBe('bad-certificate')
    expect(codeOf(frameOf({ ...sound, epoch: 1 }))).toBe('bad-certificate')
    expect(codeOf(frameOf({ ...sound, block: sha256('another block') }))).toBe('bad-certificate')
    expect(codeOf(frameOf(certify('notarize', BLOCK, [a, b, c], sha256('another network'))))).toBe('bad-certificate')
  })

  it('is bad if it names a block to nullify, or none to notarize', () => {
    expect(codeOf(frameOf(certify('nullify', BLOCK, [a, b, c])))).toBe('malformed')
    expect(codeOf(frameOf(certify('notarize', null, [a, b, c])))).toBe('malformed')
  })
})

describe('openFrame', () => {
  const join = sealEnvelope(NETWORK, 'join', { sequence: 0 }, MEMBERS[0])

  it('opens envelopes by their own checks', () => {
    const opened = openFrame(encodeFrame({ type: 'envelope', bytes: join.bytes }), { network: NETWORK, verify })
    expect(opened).toMatchObject({ ok: true, opened: { type: 'message', message: { id: join.id, kind: 'join', body: { sequence: 0 } } } })
    expect(codeOf(encodeFrame({ type: 'envelope', bytes: sealEnvelope(sha256('elsewhere'), 'join', { sequence: 0 }, MEMBERS[0]).bytes }))).toBe('wrong-network')
    expect(codeOf(encodeFrame({ type: 'envelope', bytes: new Uint8Array(1_000_001) }))).toBe('oversized')
  })

  it('opens a genesis without knowing the network it comes from', () => {
    expect(openFrame(encodeFrame({ type: 'genesis', genesis: GENESIS }), { network: '', verify })).toEqual({ ok: true, opened: { type: 'genesis', genesis: GENESIS } })
  })

  it('is malformed for anything that is no frame, and never throws', () => {
    expect(codeOf(encode({ type: 'certificate', certificate: certify('nullify', null, MEMBERS), more: 1 }))).toBe('malformed')
    expect(codeOf(encode({ type: 'gossip' }))).toBe('malformed')
    expect(codeOf(encode({ type: 'envelope', bytes: new Uint8Array(2_000_001) }))).toBe('malformed')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(codeOf(bytes)).toBe('malformed')
    }))
  })

  it('opens no frame of a certificate in which a byte was changed', () => {
    const frame = frameOf(certify('nullify', null, MEMBERS.slice(0, 3)))
    fc.assert(fc.property(fc.nat({ max: frame.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = frame.slice()
      damaged[at] = (damaged[at] as number) ^ change
      expect(['malformed', 'bad-certificate']).toContain(codeOf(damaged))
    }), { numRuns: 200 })
  })
})

describe('requests', () => {
  const requests: Request[] = [
    { type: 'get', hashes: [BLOCK] },
    { type: 'chain', fromHeight: 1, toHeight: 100 },
    { type: 'certificates', fromView: 0 },
    { type: 'genesis' },
    { type: 'deliver', frames: [encodeFrame({ type: 'genesis', genesis: GENESIS } satisfies Frame)] },
  ]

  it('survive being encoded and read again', () => {
    for (const request of requests) expect(decodeRequest(encodeRequest(request))).toEqual(request)
  })

  it('are null for anything else, and never throw', () => {
    const malformed = [
      { type: 'get', hashes: ['x'] },
      { type: 'get', hashes: Array(1_001).fill(BLOCK) },
      { type: 'chain', fromHeight: -1, toHeight: 100 },
      { type: 'chain' },
      { type: 'genesis', more: 1 },
      { type: 'delete' },
      { type: 'deliver', frames: Array(1_001).fill(new Uint8Array()) },
      null,
      [],
    ]
    for (const value of malformed) expect(decodeRequest(encode(value))).toBeNull()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(decodeRequest(bytes)).toBeNull()
    }))
  })
})
