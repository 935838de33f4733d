import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCertificateSound, isQuorum, leaderOf, quorumWeight, totalWeight, weightOf } from './quorum.ts'
import { anyValidators, certificateOf, FOUR } from './test/agreements.ts'
import type { Validator } from './types.ts'

/** The obvious twin: in whole numbers of any size, and counting one author after the other. */
function isQuorumSlowly(validators: readonly Validator[], authors: readonly string[]): boolean {
  let total = 0n
  let voted = 0n
  for (const { member, weight } of validators) {
    total += BigInt(weight)
    if (authors.some((author) => author === member)) voted += BigInt(weight)
  }
  return 3n * voted > 2n * total
}

const anySubset = (validators: readonly Validator[]): fc.Arbitrary<string[]> => fc.subarray(validators.map(({ member }) => member))

describe('quorum', () => {
  it('is what weighs more than two thirds: equal to its slow twin', () => {
    const anyCase = anyValidators.chain((validators) => fc.tuple(fc.constant(validators), anySubset(validators)))
    fc.assert(fc.property(anyCase, ([validators, authors]) => {
      expect(isQuorum(validators, authors)).toBe(isQuorumSlowly(validators, authors))
    }))
  })

  it('shares more than a third of the weight with every other quorum', () => {
    const anyPair = anyValidators.chain((validators) => fc.tuple(fc.constant(validators), anySubset(validators), anySubset(validators)))
    fc.assert(fc.property(anyPair, ([validators, some, others]) => {
      fc.pre(isQuorum(validators, some) && isQuorum(validators, others))
      const shared = some.filter((author) => others.includes(author))
      expect(3 * weightOf(validators, shared)).toBeGreaterThan(totalWeight(validators))
    }))
  })

  it('is reached by all members who are not of the last third, and never by two thirds', () => {
    for (let n = 1; n <= 100; n++) {
      const equals = Array.from({ length: n }, (_, index) => ({ member: `m${index}`, weight: 1 }))
      const silent = Math.floor((n - 1) / 3)
      expect(quorumWeight(equals)).toBeLessThanOrEqual(n - silent)
      if (n % 3 === 0) expect(quorumWeight(equals)).toBeGreaterThan((2 * n) / 3)
    }
    expect([1, 2, 3, 4, 7, 10].map((n) => quorumWeight(Array.from({ length: n }, (_, i) => ({ member: `${i}`, weight: 1 }))))).toEqual([1, 2, 3, 3, 5, 7])
  })

  it('goes by weight, not by heads', () => {
    const validators = [{ member: 'a', weight: 100 }, ...['b', 'c', 'd', 'e'].map((member) => ({ member, weight: 10 }))]
    expect(isQuorum(validators, ['a'])).toBe(true)
    expect(isQuorum(validators, ['b', 'c', 'd', 'e'])).toBe(false)
  })

  it('counts nobody twice and strangers not at all', () => {
    expect(weightOf(FOUR, ['a', 'a', 'b', 'stranger'])).toBe(2)
    expect(isQuorum(FOUR, ['a', 'a', 'a', 'x', 'y', 'z'])).toBe(false)
  })
})

describe('leaderOf', () => {
  it('gives everybody one view in turn', () => {
    expect([1, 2, 3, 4, 5].map((view) => leaderOf(FOUR, view))).toEqual(['b', 'c', 'd', 'a', 'b'])
  })

  it('refuses an empty validator list as a mistake of the caller', () => {
    expect(() => leaderOf([], 1)).toThrow(RangeError)
  })
})

describe('isCertificateSound', () => {
  it('wants distinct known validators in order, with the weight of a quorum', () => {
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'abc'))).toBe(true)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'ab'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'aab'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'aabc'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'acb'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', 'abcx'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1, 'x', ''))).toBe(false)
  })

  it('names a block exactly where the votes do', () => {
    expect(isCertificateSound(FOUR, certificateOf('nullify', 1))).toBe(true)
    expect(isCertificateSound(FOUR, certificateOf('nullify', 1, 'x'))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('notarize', 1))).toBe(false)
    expect(isCertificateSound(FOUR, certificateOf('finalize', 1))).toBe(false)
  })
})
