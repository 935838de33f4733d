import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../consensus/index.ts'
import { encode } from './encoding.ts'
import { openEnvelope, sealEnvelope, signedBytes } from './envelope.ts'
import { LIMITS } from './limits.ts'
import { memberWith, toHex, verify } from './test/keys.ts'

const NETWORK = sha256('a network')
const OTHER = sha256('another network')
const [alice, bob] = [memberWith(1), memberWith(2)] as const
const JOIN = sealEnvelope(NETWORK, 'join', { sequence: 7 }, alice)

/** The envelope of `JOIN` with some fields replaced, signed anew unless a signature is given. */
function frameWith(change: Partial<{ network: string; kind: string; author: string; body: Uint8Array; signature: Uint8Array }>): Uint8Array {
  const fields = { network: NETWORK, kind: 'join', author: alice.member, body: encode({ sequence: 7 }), ...change }
  const signature = change.signature ?? alice.sign(signedBytes(fields.network, fields.kind as 'join', null, sha256(fields.body)))
  return encode({ ...fields, signature })
}

function codeOf(frame: Uint8Array, network = NETWORK): string {
  const opened = openEnvelope(frame, network, verify)
  return opened.ok ? 'ok' : opened.code
}

describe('openEnvelope', () => {
  it('gives back what was sealed, under the hash of its bytes', () => {
    const opened = openEnvelope(JOIN.bytes, NETWORK, verify)
    expect(opened).toEqual({ ok: true, message: JOIN })
    expect(JOIN.id).toBe(sha256(JOIN.bytes))
    expect(toHex(frameWith({}))).toBe(toHex(JOIN.bytes))
  })

  it('is oversized above the limit, whatever it holds', () => {
    expect(codeOf(new Uint8Array(LIMITS.envelopeBytesMax + 1))).toBe('oversized')
    expect(codeOf(new Uint8Array(LIMITS.envelopeBytesMax))).toBe('malformed')
  })

  it.each([
    ['no bytes', new Uint8Array()],
    ['no envelope', encode({ hello: 'world' })],
    ['an unknown field', encode({ network: NETWORK, kind: 'join', author: alice.member, body: encode({ sequence: 7 }), signature: JOIN.signature, more: 1 })],
    ['a missing signature', encode({ network: NETWORK, kind: 'join', author: alice.member, body: encode({ sequence: 7 }) })],
    ['a signature of another length', frameWith({ signature: new Uint8Array(63) })],
    ['an author that is no member id', frameWith({ author: 'alice' })],
    ['a network that is no hash', frameWith({ network: NETWORK.toUpperCase() })],
    ['a kind longer than any', frameWith({ kind: 'x'.repeat(21) })],
    ['trailing bytes', Uint8Array.from([...JOIN.bytes, 0])],
  ])('is malformed with %s', (_, frame) => {
    expect(codeOf(frame)).toBe('malformed')
  })

  it('belongs to the wrong network if it names another', () => {
    expect(codeOf(frameWith({ network: OTHER }))).toBe('wrong-network')
    expect(codeOf(JOIN.bytes, OTHER)).toBe('wrong-network')
  })

  it('has an unknown kind if it is none of the protocol, object members included', () => {
    for (const kind of ['gossip', '', 'JOIN', 'constructor', 'toString']) expect(codeOf(frameWith({ kind }))).toBe('unknown-kind')
  })

  it.each([
    ['is not canonical', Uint8Array.of(0xa1, 0x68, ...new TextEncoder().encode('sequence'), 0x18, 0x07)],
    ['lacks a field', encode({})],
    ['has a field too many', encode({ sequence: 7, more: 1 })],
    ['has a float', encode({ sequence: 7.5 })],
    ['is beyond a limit', encode({ sequence: -1 })],
    ['is of another kind', encode({ kind: 'nullify', epoch: 0, view: 1, block: null })],
    ['is nothing', new Uint8Array()],
  ])('has a bad body if the body %s', (_, body) => {
    expect(codeOf(frameWith({ body }))).toBe('bad-body')
  })

  it('has a bad signature if its author did not sign these very bytes for this kind and network', () => {
    const body = encode({ sequence: 7 })
    expect(codeOf(frameWith({ signature: new Uint8Array(64) }))).toBe('bad-signature')
    expect(codeOf(frameWith({ author: bob.member, signature: JOIN.signature }))).toBe('bad-signature')
    expect(codeOf(frameWith({ body: encode({ sequence: 8 }), signature: JOIN.signature }))).toBe('bad-signature')
    expect(codeOf(frameWith({ signature: alice.sign(signedBytes(OTHER, 'join', null, sha256(body))) }))).toBe('bad-signature')
    expect(codeOf(frameWith({ signature: alice.sign(signedBytes(NETWORK, 'presence', null, sha256(body))) }))).toBe('bad-signature')
    expect(codeOf(frameWith({ signature: alice.sign(body) }))).toBe('bad-signature')
  })

  it('is refused for the first of several faults, in the order of the checks', () => {
    const faults = [
      { code: 'wrong-network', change: { network: OTHER } },
      { code: 'unknown-kind', change: { kind: 'gossip' } },
      { code: 'bad-body', change: { body: encode({}) } },
      { code: 'bad-signature', change: { signature: new Uint8Array(64) } },
    ]
    for (let first = 0; first < faults.length; first++) {
      const changes = Object.assign({}, ...faults.slice(first).map(({ change }) => change)) as Parameters<typeof frameWith>[0]
      expect(codeOf(frameWith(changes))).toBe(faults[first]?.code)
    }
  })

  it('does not ask for a signature to be checked before everything else is in order', () => {
    let asked = 0
    const counting = (): boolean => (asked += 1) > 0
    for (const change of [{ network: OTHER }, { kind: 'gossip' }, { body: encode({}) }]) openEnvelope(frameWith(change), NETWORK, counting)
    expect(asked).toBe(0)
    openEnvelope(JOIN.bytes, NETWORK, counting)
    expect(asked).toBe(1)
  })

  it('never opens a frame in which any byte was changed', () => {
    fc.assert(fc.property(fc.nat({ max: JOIN.bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const frame = JOIN.bytes.slice()
      frame[at] = (frame[at] as number) ^ change
      expect(codeOf(frame)).not.toBe('ok')
    }), { numRuns: 500 })
  })

  it('never opens a frame that was cut or extended, and never throws on noise', () => {
    for (let length = 0; length < JOIN.bytes.length; length++) expect(codeOf(JOIN.bytes.slice(0, length))).not.toBe('ok')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (frame) => {
      expect(codeOf(frame)).toBe('malformed')
    }))
  })
})
