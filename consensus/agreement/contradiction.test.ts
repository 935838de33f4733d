import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contradicts } from './test/contradiction.ts'
import { voteFor } from './test/agreements.ts'
import type { Vote, VoteKind } from './types.ts'

const anyVote: fc.Arbitrary<Vote> = fc
  .tuple(fc.constantFrom<VoteKind>('notarize', 'nullify', 'finalize'), fc.nat({ max: 1 }), fc.integer({ min: 1, max: 2 }), fc.constantFrom('x', 'y'))
  .map(([kind, epoch, view, block]) => ({ kind, epoch, view, block: kind === 'nullify' ? null : block }))

describe('contradicts', () => {
  it('finds two blocks notarized or finalized in one view', () => {
    expect(contradicts(voteFor('notarize', 1, 'x'), voteFor('notarize', 1, 'y'))).toBe(true)
    expect(contradicts(voteFor('finalize', 1, 'x'), voteFor('finalize', 1, 'y'))).toBe(true)
  })

  it('finds a view both nullified and finalized', () => {
    expect(contradicts(voteFor('nullify', 1), voteFor('finalize', 1, 'x'))).toBe(true)
  })

  it('lets an honest member notarize and then nullify, or notarize and then finalize', () => {
    expect(contradicts(voteFor('notarize', 1, 'x'), voteFor('nullify', 1))).toBe(false)
    expect(contradicts(voteFor('notarize', 1, 'x'), voteFor('finalize', 1, 'x'))).toBe(false)
  })

  it('never accuses anybody of what was said in different views or epochs', () => {
    expect(contradicts(voteFor('notarize', 1, 'x'), voteFor('notarize', 2, 'y'))).toBe(false)
    expect(contradicts(voteFor('notarize', 1, 'x'), { ...voteFor('notarize', 1, 'y'), epoch: 1 })).toBe(false)
  })

  it('is symmetric, and no vote contradicts itself', () => {
    fc.assert(fc.property(anyVote, anyVote, (a, b) => {
      expect(contradicts(a, b)).toBe(contradicts(b, a))
      expect(contradicts(a, { ...a })).toBe(false)
    }))
  })
})
