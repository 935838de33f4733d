import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../consensus/index.ts'
import { PHASES, type Body, type Breach, type MessageKind } from './bodies.ts'
import { encode } from './encoding.ts'
import { openEnvelope, sealEnvelope, signedBytes } from './envelope.ts'
import { LIMITS } from './limits.ts'
import { slotOf } from './slot.ts'
import { anyBodies, anyBody } from './test/bodies.ts'
import { memberWith, verify } from './test/keys.ts'

const BOUND: readonly Breach['kind'][] = ['open', 'commit', 'reveal', 'truth', 'share', 'observation', 'vote', 'proposal']
const NETWORK = sha256('a network')
const ROUND = sha256('a round')
const alice = memberWith(1)
const vote = (kind: 'notarize' | 'nullify' | 'finalize', epoch: number, view: number): Body<'vote'> => ({ kind, epoch, view, block: kind === 'nullify' ? null : ROUND })
const slotOfAny = ({ kind, body }: { kind: MessageKind; body: object }): string | null => slotOf(kind, body as never)

describe('a slot', () => {
  it('is named by what its author can say there once', () => {
    const salt = new Uint8Array(32)
    expect(slotOf('open', { sequence: 3 } as Body<'open'>)).toBe('open/3')
    expect(slotOf('commit', { round: ROUND, phase: 'answer-commit', hash: null })).toBe(`${ROUND}/answer-commit`)
    expect(slotOf('reveal', { round: ROUND, phase: 'ballot-reveal', content: salt, salt })).toBe(`${ROUND}/ballot-reveal`)
    expect(slotOf('truth', { round: ROUND, phase: 'evaluate', accepted: [], salt })).toBe(`${ROUND}/evaluate`)
    expect(slotOf('share', { round: ROUND, phase: 'credit', blocks: [], checks: [], salt: new Uint8Array(32) })).toBe(`${ROUND}/credit`)
    expect(slotOf('observation', { round: ROUND, phase: 'credit', items: [] })).toBe(`${ROUND}/credit/observation`)
    expect(slotOf('proposal', { epoch: 2, view: 9 } as Body<'proposal'>)).toBe('proposal/2/9')
    expect(slotOf('vote', vote('notarize', 2, 9))).toBe('vote/2/9/notarize')
  })

  it('is one for nullify and finalize: a view ends in one way', () => {
    expect(slotOf('vote', vote('nullify', 2, 9))).toBe('vote/2/9/end')
    expect(slotOf('vote', vote('finalize', 2, 9))).toBe('vote/2/9/end')
  })

  it('is another in another view, epoch, round, phase, and for another kind of word', () => {
    const slots = [
      ...([[1, 1], [1, 2], [2, 1], [11, 1], [1, 11]] as const).flatMap(([epoch, view]) => [slotOf('vote', vote('notarize', epoch, view)), slotOf('vote', vote('nullify', epoch, view)), slotOf('proposal', { epoch, view } as Body<'proposal'>)]),
      ...[ROUND, NETWORK].flatMap((round) => PHASES.flatMap((phase) => [slotOf('observation', { round, phase, items: [] }), slotOf('commit', { round, phase: phase as 'answer-commit', hash: null })])),
    ]
    expect(new Set(slots).size).toBe(slots.length)
  })

  it('exists for exactly the kinds that a breach can be of, and fits into one', () => {
    fc.assert(fc.property(anyBodies, (said) => {
      const slot = slotOfAny(said)
      expect(slot !== null).toBe((BOUND as readonly string[]).includes(said.kind))
      expect((slot ?? '').length).toBeLessThanOrEqual(LIMITS.slotLengthMax)
    }))
  })

  it('and a hash name one body: two that share both are the same, whatever their kinds', () => {
    fc.assert(fc.property(anyBodies, anyBodies, (first, second) => {
      const name = (said: typeof first): string => `${slotOfAny(said) ?? said.kind} ${sha256(encode(said.body))}`
      if (name(first) === name(second)) expect(first).toEqual(second)
      else expect(first).not.toEqual(second)
    }), { numRuns: 300 })
  })
})

describe('the signature of a message', () => {
  it('holds for no other slot, kind, network or body: a breach needs two signatures of its author for one slot', () => {
    const anyBound = fc.oneof(...BOUND.map((kind) => (anyBody[kind] as fc.Arbitrary<object>).map((body) => ({ kind, body }))))
    fc.assert(fc.property(anyBound, anyBound, ({ kind, body }, other) => {
      const { slot, bodyHash, signature } = sealEnvelope(NETWORK, kind, body as never, alice)
      const holds = (bytes: Uint8Array): boolean => verify(alice.member, bytes, signature)
      expect(holds(signedBytes(NETWORK, kind, slot, bodyHash))).toBe(true)
      expect(holds(signedBytes(ROUND, kind, slot, bodyHash))).toBe(false)
      expect(holds(signedBytes(NETWORK, kind, `${slot}0`, bodyHash))).toBe(false)
      expect(holds(signedBytes(NETWORK, kind, null, bodyHash))).toBe(false)
      expect(holds(signedBytes(NETWORK, kind, slot, sha256(bodyHash)))).toBe(false)
      if (other.kind !== kind) expect(holds(signedBytes(NETWORK, other.kind, slot, bodyHash))).toBe(false)
    }), { numRuns: 50 })
  })

  it('opens under the slot that the body has, so that nobody signs a body for the slot of another', () => {
    const body = vote('notarize', 0, 7)
    const elsewhere = alice.sign(signedBytes(NETWORK, 'vote', 'vote/0/8/notarize', sha256(encode(body))))
    const frame = encode({ network: NETWORK, kind: 'vote', author: alice.member, body: encode(body), signature: elsewhere })
    expect(openEnvelope(frame, NETWORK, verify)).toEqual({ ok: false, code: 'bad-signature' })
  })
})
