import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../consensus/index.ts'
import { encode } from './encoding.ts'
import { commitmentOf, opens, truthCommitment, type RevealPhase } from './sealed.ts'
import { memberWith } from './test/keys.ts'

const NETWORK = sha256('a network')
const ROUND = sha256('a round')
const [alice, bob] = [memberWith(1).member, memberWith(2).member] as const
const secret = { content: encode({ text: 'forty-two', value: '42' }), salt: new Uint8Array(32).fill(5) }
const reveal = { round: ROUND, phase: 'answer-reveal' as RevealPhase, ...secret }
const commitment = commitmentOf(NETWORK, ROUND, 'answer-reveal', alice, secret)

describe('a commitment', () => {
  it('is opened by its author with the same content and salt', () => {
    expect(opens(NETWORK, alice, reveal, commitment)).toBe(true)
  })

  it('cannot be opened by a member that copied it', () => {
    expect(opens(NETWORK, bob, reveal, commitment)).toBe(false)
  })

  it('is bound to its network, round and phase', () => {
    expect(opens(sha256('elsewhere'), alice, reveal, commitment)).toBe(false)
    expect(opens(NETWORK, alice, { ...reveal, round: sha256('another round') }, commitment)).toBe(false)
    expect(opens(NETWORK, alice, { ...reveal, phase: 'ballot-reveal' }, commitment)).toBe(false)
  })

  it('is opened by no other content or salt', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (content, salt) => {
      expect(opens(NETWORK, alice, { ...reveal, content }, commitment)).toBe(false)
      expect(opens(NETWORK, alice, { ...reveal, salt }, commitment)).toBe(false)
    }))
  })

  it('is opened by a share of the blocks that it sealed, under its author alone and in its phase', () => {
    const blocks = [{ block: 3, values: [[0, 1_000_000], [250_000, 750_000]] }]
    const share = { round: ROUND, phase: 'credit' as const, blocks, checks: [500_000], salt: secret.salt }
    const sealed = commitmentOf(NETWORK, ROUND, 'credit', alice, { content: encode([blocks, [500_000]]), salt: secret.salt })
    expect(opens(NETWORK, alice, share, sealed)).toBe(true)
    expect(opens(NETWORK, bob, share, sealed)).toBe(false)
    expect(opens(NETWORK, alice, { ...share, phase: 'credit-next' }, sealed)).toBe(false)
    expect(opens(NETWORK, alice, { ...share, checks: [] }, sealed)).toBe(false)
    expect(opens(NETWORK, alice, { ...share, blocks: [{ block: 3, values: [[0, 1_000_000], [250_000, 750_001]] }] }, sealed)).toBe(false)
  })

  it('keeps content and salt apart: no byte can move from one to the other', () => {
    const moved = { content: Uint8Array.from([5, ...secret.content]), salt: new Uint8Array(31).fill(5) }
    expect(commitmentOf(NETWORK, ROUND, 'answer-reveal', alice, moved)).not.toBe(commitment)
  })
})

describe('truthCommitment', () => {
  it('does not depend on the order of the accepted values', () => {
    expect(truthCommitment(['b', 'a'], secret.salt)).toBe(truthCommitment(['a', 'b'], secret.salt))
  })

  it('changes with the values and with the salt', () => {
    const others = [truthCommitment(['a'], secret.salt), truthCommitment(['ab'], secret.salt), truthCommitment(['a', 'b'], new Uint8Array(32))]
    for (const other of others) expect(other).not.toBe(truthCommitment(['a', 'b'], secret.salt))
  })
})
