import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeExactCredit, type Game } from '../../../credit/index.ts'
import { creditOfPlurality } from './plurality.ts'

describe('the closed form of plurality', () => {
  const anyVote = fc.record({ clusters: fc.array(fc.nat(3), { minLength: 1, maxLength: 9 }), right: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), unit: fc.nat(1_000) })

  it('is the credit over all coalitions', () => {
    fc.assert(fc.property(anyVote, ({ clusters, right, unit }) => {
      const game: Game = {
        players: clusters.length,
        value(members) {
          const counts = right.map((_, cluster) => clusters.filter((own, player) => own === cluster && members[player] === 1).length)
          const most = Math.max(...counts)
          const tied = counts.flatMap((count, cluster) => (count === most ? [cluster] : []))
          return most === 0 ? 0 : Math.floor((unit * tied.filter((cluster) => right[cluster] === true).length) / tied.length)
        },
      }
      const { numerators, denominator } = creditOfPlurality(clusters, right, unit)
      const exact = computeExactCredit(game)
      expect(numerators.map((numerator) => numerator * BigInt(exact.denominator))).toEqual(exact.credit.map((numerator) => BigInt(numerator) * denominator))
    }))
  })

  it('sums to the value of everybody, for more players than could be enumerated', () => {
    const clusters = Array.from({ length: 60 }, (_, player) => player % 7)
    const { numerators, denominator } = creditOfPlurality(clusters, [true, false, false, false, false, false, false], 1_000_000)
    // The first four clusters have nine members, the others eight.
    expect(numerators.reduce((sum, numerator) => sum + numerator, 0n)).toBe(denominator * 250_000n)
  })
})
