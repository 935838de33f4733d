import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fractions } from './closed-forms.ts'
import { creditOfLot, creditOfRankedWinner } from './closed-forms.ts'
import { computeExactCredit } from './exact.ts'
import type { Game } from './game.ts'
import { orderFrom, rankedWinnerGame } from './test/games.ts'

function expectEqual({ numerators, denominator }: Fractions, game: Game, unit = 1n): void {
  const exact = computeExactCredit(game)
  expect(numerators.map((numerator) => numerator * BigInt(exact.denominator) * unit)).toEqual(exact.credit.map((numerator) => BigInt(numerator) * denominator))
}

const anyRanked = fc.record({ quality: fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 9 }), seed: fc.nat(1_000), ranked: fc.nat(9) })
  .map(({ quality, seed, ranked }) => ({ quality, order: orderFrom(seed, quality.length).slice(0, 1 + (ranked % quality.length)) }))

describe('the closed form of the ranked winner', () => {
  it('is the credit over all coalitions', () => {
    fc.assert(fc.property(anyRanked, ({ quality, order }) => {
      expectEqual(creditOfRankedWinner(quality, order), rankedWinnerGame(quality, order))
    }))
  })

  it('shares the costs of an airport', () => {
    const { numerators, denominator } = creditOfRankedWinner([1, 2, 3], [2, 1, 0])
    expect(numerators.map((numerator) => (6n * numerator) / denominator)).toEqual([2n, 5n, 11n])
  })
})

describe('the closed form of the lot', () => {
  it('is the credit over all coalitions', () => {
    fc.assert(fc.property(anyRanked, ({ quality, order }) => {
      // In parts of a common multiple of all coalition sizes, so that each mean is an integer.
      const parts = 2_520
      const game: Game = {
        players: quality.length,
        value(members) {
          const inside = order.filter((player) => members[player] === 1)
          return inside.length === 0 ? 0 : (inside.reduce((sum, player) => sum + (quality[player] as number), 0) * parts) / inside.length
        },
      }
      expectEqual(creditOfLot(quality, order), game, BigInt(parts))
    }))
  })

  it('of nobody is nothing', () => {
    expect(creditOfLot([5, 5], []).numerators).toEqual([0n, 0n])
    expect(creditOfRankedWinner([5, 5], []).numerators).toEqual([0n, 0n])
  })
})
