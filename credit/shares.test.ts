import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeExactCredit } from './exact.ts'
import type { Game } from './game.ts'
import { evaluateUnit, unitPermutation } from './permutations.ts'
import type { Shares, UnitShare } from './shares.ts'
import { collectShares, contiguousUnits, creditFromShares, encodeShares, mergeShares } from './shares.ts'
import { anyGame } from './test/arbitraries.ts'
import { airportGame, gloveGame, orderFrom, tableGame, votingGame } from './test/games.ts'

/** Few units and few values, so that copies meet, agree and conflict. */
const anyEntry: fc.Arbitrary<UnitShare> = fc.record({
  unit: fc.nat(6),
  values: fc.option(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 })),
})
const anyShares: fc.Arbitrary<Shares> = fc.array(anyEntry, { maxLength: 12 }).map(collectShares)

function sample(game: Game, units: number, seed: string): Shares {
  return collectShares(Array.from({ length: units }, (_, unit) => ({ unit, values: evaluateUnit(game, unitPermutation(seed, unit, game.players)) })))
}

function grandValue(game: Game): number {
  return game.value(new Uint8Array(game.players).fill(1))
}

describe('merging shares', () => {
  it('is associative, commutative and idempotent to the bit', () => {
    fc.assert(fc.property(anyShares, anyShares, anyShares, (a, b, c) => {
      const merged = encodeShares(mergeShares(mergeShares(a, b), c))
      expect(encodeShares(mergeShares(a, mergeShares(b, c)))).toBe(merged)
      expect(encodeShares(mergeShares(c, mergeShares(b, a)))).toBe(merged)
      expect(encodeShares(mergeShares(mergeShares(a, c), mergeShares(b, a)))).toBe(merged)
      expect(encodeShares(mergeShares(a, a))).toBe(encodeShares(a))
    }))
  })

  it('gives the same bits for any arrival order and any grouping', () => {
    fc.assert(fc.property(fc.array(anyEntry, { maxLength: 20 }), fc.nat(1_000), fc.nat(20), (entries, seed, cut) => {
      const shuffled = orderFrom(seed, entries.length).map((index) => entries[index] as UnitShare)
      const grouped = mergeShares(collectShares(shuffled.slice(0, cut)), collectShares(shuffled.slice(cut)))
      expect(encodeShares(grouped)).toBe(encodeShares(collectShares(entries)))
    }))
  })

  it('disputes a unit with different copies, and no further copy brings it back', () => {
    const one = collectShares([{ unit: 0, values: [1, 2] }])
    const other = collectShares([{ unit: 0, values: [3, 2] }])
    const disputed = mergeShares(one, other)
    expect(disputed).toEqual([{ unit: 0, values: null }])
    expect(mergeShares(mergeShares(disputed, one), one)).toEqual(disputed)
    expect(mergeShares(one, collectShares([{ unit: 0, values: [1] }]))).toEqual(disputed)
  })

  it('loses no unit', () => {
    fc.assert(fc.property(anyShares, anyShares, (a, b) => {
      const units = [...new Set([...a, ...b].map(({ unit }) => unit))].sort((x, y) => x - y)
      expect(mergeShares(a, b).map(({ unit }) => unit)).toEqual(units)
    }))
  })

  it('encodes as unit and values in unit order', () => {
    expect(encodeShares(collectShares([{ unit: 10, values: [5] }, { unit: 9, values: null }, { unit: 2, values: [-1] }])))
      .toBe('[[2,[-1]],[9,null],[10,[5]]]')
  })
})

describe('contiguous units', () => {
  it('end at the first missing or disputed unit', () => {
    const shares = collectShares([0, 1, 2, 4].map((unit) => ({ unit, values: [unit] })))
    expect(contiguousUnits(shares)).toEqual([[0], [1], [2]])
    expect(contiguousUnits(mergeShares(shares, [{ unit: 1, values: [9] }]))).toEqual([[0]])
    expect(contiguousUnits(collectShares([{ unit: 1, values: [1] }]))).toEqual([])
  })
})

describe('credit from shares', () => {
  it('sums exactly to v(N), whatever the sample', () => {
    fc.assert(fc.property(anyGame(7), fc.string(), fc.integer({ min: 1, max: 9 }), (game, seed, units) => {
      const result = creditFromShares({ shares: sample(game, units, seed), players: game.players, grandValue: grandValue(game), seed })
      expect(result === null).toBe(units === 1)
      if (result === null) return
      const sum = result.credit.reduce((before, numerator) => before + numerator, 0)
      expect(sum).toBe(grandValue(game) * result.denominator)
      expect(result.denominator).toBe(units - (units % 2))
      expect(result.evaluations).toBe((units - (units % 2)) * game.players)
    }))
  })

  it('is the mean of what players add over complete pairs, by the definition', () => {
    fc.assert(fc.property(anyGame(5), fc.integer({ min: 2, max: 12 }), (game, units) => {
      const used = units - (units % 2)
      const sums = Array.from({ length: game.players }, () => 0)
      for (let unit = 0; unit < used; unit++) {
        const members = new Uint8Array(game.players)
        for (const player of unitPermutation('twin', unit, game.players)) {
          const before = game.value(members)
          members[player] = 1
          sums[player] = (sums[player] as number) + game.value(members) - before
        }
      }
      const result = creditFromShares({ shares: sample(game, units, 'twin'), players: game.players, grandValue: grandValue(game), seed: 'twin' })
      expect(result?.credit).toEqual(sums)
    }))
  })

  it('gives a null player exactly nothing', () => {
    const game = votingGame([4, 4, 4, 2, 2, 1], 12)
    expect(creditFromShares({ shares: sample(game, 20, 's'), players: 6, grandValue: 1, seed: 's' })?.credit[5]).toBe(0)
  })

  it('ignores units behind a gap and an incomplete pair', () => {
    const game = gloveGame(2, 3)
    const init = { players: 5, grandValue: 2, seed: 's' }
    const all = sample(game, 10, 's')
    const four = creditFromShares({ ...init, shares: sample(game, 4, 's') })
    expect(creditFromShares({ ...init, shares: all.filter(({ unit }) => unit !== 5) })).toEqual(four)
    expect(creditFromShares({ ...init, shares: mergeShares(all, [{ unit: 4, values: [0, 0, 0, 0, 2] }]) })).toEqual(four)
  })

  it('has the standard error of its pair means, rounded up, and none below two pairs', () => {
    const game = airportGame([100, 200, 300, 400])
    const result = creditFromShares({ shares: sample(game, 40, 's'), players: 4, grandValue: 400, seed: 's' })
    for (let player = 0; player < 4; player++) {
      const means = Array.from({ length: 20 }, (_, pair) => {
        const marginals = [2 * pair, 2 * pair + 1].map((unit) => {
          const order = unitPermutation('s', unit, 4)
          const values = [0, ...evaluateUnit(game, order)]
          const position = order.indexOf(player)
          return (values[position + 1] as number) - (values[position] as number)
        })
        return ((marginals[0] as number) + (marginals[1] as number)) / 2
      })
      const mean = means.reduce((sum, x) => sum + x, 0) / 20
      const error = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 19 / 20)
      expect(result?.standardError?.[player]).toBe(Math.ceil(error - 1e-9))
    }
    expect(creditFromShares({ shares: sample(game, 3, 's'), players: 4, grandValue: 400, seed: 's' })?.standardError).toBeNull()
  })

  it('has no error where every order adds the same', () => {
    const game = tableGame([0, 5, 7, 12, 1, 6, 8, 13])
    const result = creditFromShares({ shares: sample(game, 8, 's'), players: 3, grandValue: 13, seed: 's' })
    expect(result?.credit).toEqual([40, 56, 8])
    expect(result?.standardError).toEqual([0, 0, 0])
  })

  it('knows the best player alone once everybody came first', () => {
    const game = tableGame([0, 5, 7, 12, 1, 6, 8, 13])
    const seed = 's'
    expect(creditFromShares({ shares: sample(game, 2, seed), players: 3, grandValue: 13, seed })?.bestSingle).toBeNull()
    expect(creditFromShares({ shares: sample(game, 60, seed), players: 3, grandValue: 13, seed })?.bestSingle).toEqual({ player: 1, value: 7 })
  })

  it('converges to the exact credit within its standard error', () => {
    const games = [gloveGame(4, 6), airportGame([1, 2, 3, 4, 5, 6, 7, 8]), votingGame([10, 8, 5, 4, 4, 3, 2, 1, 1], 20)]
    for (const [index, small] of games.entries()) {
      const game: Game = { players: small.players, value: (members) => small.value(members) * 1_000_000 }
      const seed = `converges/${index}`
      const exact = computeExactCredit(game)
      const sampled = creditFromShares({ shares: sample(game, 600, seed), players: game.players, grandValue: grandValue(game), seed })
      for (let player = 0; player < game.players; player++) {
        const truth = (exact.credit[player] as number) / exact.denominator
        const estimate = (sampled?.credit[player] as number) / (sampled?.denominator as number)
        expect(Math.abs(estimate - truth)).toBeLessThanOrEqual(4 * (sampled?.standardError?.[player] as number))
      }
    }
  })

  it('refuses units that cannot be right', () => {
    const shares = collectShares([{ unit: 0, values: [1, 2] }, { unit: 1, values: [1, 3] }])
    expect(() => creditFromShares({ shares, players: 2, grandValue: 2, seed: 's' })).toThrow(RangeError)
  })
})
