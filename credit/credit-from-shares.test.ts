import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { priorOfSingles, type Prior } from './control.ts'
import { creditFromShares } from './credit-from-shares.ts'
import type { CreditResult } from './credit-result.ts'
import { computeExactCredit } from './exact.ts'
import { createTableGame, type Game } from './game.ts'
import { countPairs } from './pairs.ts'
import { collectShares, encodeShares, mergeShares, type Shares } from './shares.ts'
import { anyGame } from './test/arbitraries.ts'
import { airportGame, gloveGame, membersOf, orderFrom, rankedWinnerGame, tabulate, votingGame } from './test/games.ts'
import { createWork, evaluateUnits, type Work } from './work.ts'

const anyKind = fc.constantFrom('permutations', 'pairs')

function workOf(kind: Work['kind'], players: number, units: number, seed = 's'): Work {
  return createWork({ plan: { kind, units: kind === 'pairs' ? Math.min(units, countPairs(players)) : units }, seed, players })
}

function sharesOf(game: Game, work: Work): Shares {
  return collectShares(evaluateUnits(game, work, 0, work.units).map((values, unit) => ({ unit, values })))
}

function priorOf(game: Game): Prior {
  return priorOfSingles(Array.from({ length: game.players }, (_, player) => game.value(membersOf(2 ** player, game.players))))
}

function grandValueOf(game: Game): number {
  return game.value(new Uint8Array(game.players).fill(1))
}

function creditOf(game: Game, work: Work, shares = sharesOf(game, work), prior = priorOf(game)): CreditResult | null {
  return creditFromShares({ shares, work, grandValue: grandValueOf(game), prior })
}

const times = (game: Game, factor: number): Game => ({ players: game.players, value: (members) => game.value(members) * factor })
const distance = (a: CreditResult | null, b: CreditResult): number =>
  Math.max(...b.credit.map((numerator, player) => Math.abs(numerator / b.denominator - (a?.credit[player] as number) / (a?.denominator as number))))

describe('credit from shares', () => {
  it('sums exactly to v(N), whatever the sample, the plan and the prior', () => {
    const anyOrder = fc.nat(1_000)
    fc.assert(fc.property(anyGame(8, 2), anyKind, fc.string(), fc.integer({ min: 1, max: 40 }), anyOrder, (game, kind, seed, units, picked) => {
      const work = workOf(kind, game.players, units, seed)
      const prior = { quality: priorOf(game).quality.map((value) => value * 3 - 7), order: orderFrom(picked, game.players).slice(1) }
      const result = creditOf(game, work, sharesOf(game, work), prior)
      expect(result === null).toBe(kind === 'permutations' && units === 1)
      if (result === null) return
      expect(result.credit.reduce((sum, numerator) => sum + numerator, 0)).toBe(grandValueOf(game) * result.denominator)
      expect(result.credit.every(Number.isSafeInteger)).toBe(true)
      expect(result.evaluations).toBe(kind === 'pairs' ? 2 * work.units : (units - (units % 2)) * game.players)
    }))
  })

  it('is the exact one once every pair is drawn, whatever the prior says', () => {
    fc.assert(fc.property(anyGame(7, 2), fc.string(), fc.nat(1_000), (game, seed, picked) => {
      const work = workOf('pairs', game.players, Infinity, seed)
      const prior = { quality: Array.from({ length: game.players }, (_, player) => player * 1_000), order: orderFrom(picked, game.players) }
      const result = creditOf(game, work, sharesOf(game, work), prior)
      expect(distance(result, computeExactCredit(game))).toBeLessThan(0.002)
      expect(result?.standardError).toEqual(Array.from({ length: game.players }, () => 0))
    }), { numRuns: 60 })
  })

  it('is the exact one from few rows where the prior is the truth', () => {
    const quality = Array.from({ length: 12 }, (_, player) => ((player * 7_919) % 1_000) * 1_000)
    const game = rankedWinnerGame(quality, orderFrom(3, 12))
    const result = creditOf(game, workOf('pairs', 12, 60), undefined, { quality, order: orderFrom(3, 12) })
    expect(distance(result, computeExactCredit(game))).toBeLessThan(10_000)
    expect(distance(creditOf(game, workOf('pairs', 12, 60)), computeExactCredit(game))).toBeGreaterThan(10_000)
  })

  it('is exact for a game of sizes only, and within a hundredth for a sum of single values', () => {
    const bySize: Game = { players: 11, value: (members) => Math.floor(members.reduce((sum, isIn) => sum + isIn, 0) / 6) * 1_100 }
    expect(creditOf(bySize, workOf('pairs', 11, 40))?.credit).toEqual(Array.from({ length: 11 }, () => 100_000))
    const additive: Game = { players: 11, value: (members) => members.reduce((sum, isIn, player) => sum + isIn * (player - 4) * 1_000, 0) }
    expect(distance(creditOf(additive, workOf('pairs', 11, 200)), computeExactCredit(additive))).toBeLessThan(60)
  })

  it('converges to the exact credit within its standard error', () => {
    const games = [gloveGame(4, 6), airportGame([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), votingGame([10, 8, 5, 4, 4, 3, 2, 1, 1, 1], 20)]
    for (const kind of ['pairs', 'permutations'] as const) {
      const errors: number[] = []
      for (const [index, small] of games.entries()) {
        const game = times(small, 1_000_000)
        const exact = computeExactCredit(game)
        for (let seed = 0; seed < 6; seed++) {
          const result = creditOf(game, workOf(kind, 10, kind === 'pairs' ? 150 : 30, `${index}/${seed}`))
          for (const [player, numerator] of exact.credit.entries()) {
            const off = Math.abs((result?.credit[player] as number) / (result?.denominator as number) - numerator / exact.denominator)
            errors.push(off / Math.max(1, result?.standardError?.[player] as number))
          }
        }
      }
      expect(errors.filter((error) => error <= 2).length / errors.length).toBeGreaterThan(kind === 'pairs' ? 0.9 : 0.8)
      expect(Math.max(...errors)).toBeLessThan(6)
    }
  })

  it('is the same in any order, grouping and with duplicates, to the bit: a thousand times', () => {
    const game = times(votingGame([9, 7, 5, 4, 4, 3, 2, 1, 1], 19), 1_000_000)
    for (const kind of ['pairs', 'permutations'] as const) {
      const work = workOf(kind, 9, 60)
      const shares = sharesOf(game, work)
      const expected = { shares: encodeShares(shares), credit: JSON.stringify(creditOf(game, work, shares)) }
      for (let round = 0; round < 500; round++) {
        const order = [...orderFrom(round, shares.length), ...orderFrom(round + 1_000, shares.length).slice(round % 30)]
        const parts: Shares[] = []
        for (let at = 0, size = 1 + (round % 7); at < order.length; at += size) {
          parts.push(collectShares(order.slice(at, at + size).flatMap((index) => shares[index] ?? [])))
        }
        const merged = round % 2 === 0 ? parts.reduce(mergeShares) : parts.reduceRight((right, left) => mergeShares(left, right))
        expect(encodeShares(merged)).toBe(expected.shares)
        if (round % 25 === 0) expect(JSON.stringify(creditOf(game, work, merged))).toBe(expected.credit)
      }
    }
  })

  it('is pinned: every machine and version computes these integers', () => {
    const game = times(gloveGame(5, 7), 100_000)
    expect(creditOf(game, workOf('pairs', 12, 150, 'golden'))).toEqual({
      method: 'regression',
      credit: [66_433_523, 72_556_822, 73_404_248, 66_747_025, 74_500_123, 17_898_111, 23_420_166, 20_120_627, 20_486_691, 20_480_875, 19_782_879, 24_168_910],
      denominator: 1_000,
      grandValue: 500_000,
      bestSingle: { player: 0, value: 0 },
      standardError: [3_641, 2_755, 2_696, 3_039, 2_572, 2_381, 2_355, 2_581, 2_426, 2_316, 2_351, 2_336],
      evaluations: 300,
    })
    expect(creditOf(game, workOf('permutations', 12, 24, 'golden'))).toEqual({
      method: 'regression',
      credit: [74_094_384, 77_224_539, 66_204_350, 60_390_277, 64_467_949, 20_417_726, 22_865_260, 28_880_093, 15_753_281, 24_361_532, 24_680_527, 20_660_082],
      denominator: 1_000,
      grandValue: 500_000,
      bestSingle: null,
      standardError: [3_307, 4_089, 5_800, 3_361, 3_069, 5_154, 2_566, 5_099, 3_148, 4_185, 3_999, 2_984],
      evaluations: 288,
    })
  })

  it('ignores units behind a gap, and of permutations an incomplete pair', () => {
    const game = times(gloveGame(3, 5), 1_000)
    for (const kind of ['pairs', 'permutations'] as const) {
      const work = workOf(kind, 8, 30)
      const shares = sharesOf(game, work)
      const four = creditOf(game, work, shares.slice(0, 4))
      expect(creditOf(game, work, shares.filter(({ unit }) => unit !== 4))).toEqual(four)
      expect(creditOf(game, work, mergeShares(shares, [{ unit: 4, values: [7] }]))).toEqual(four)
      if (kind === 'permutations') expect(creditOf(game, work, shares.slice(0, 5))).toEqual(four)
    }
  })

  it('gives no standard error before there are rows to tell it by', () => {
    const game = createTableGame(tabulate(votingGame([3, 3, 2, 2, 1, 1], 7)))
    expect(creditOf(game, workOf('pairs', 6, 17))?.standardError).toBeNull()
    expect(creditOf(game, workOf('pairs', 6, 18))?.standardError).not.toBeNull()
    expect(creditOf(game, workOf('permutations', 6, 14))?.standardError).toBeNull()
    expect(creditOf(game, workOf('permutations', 6, 16))?.standardError).not.toBeNull()
  })

  it('knows the best player alone once everybody was alone', () => {
    const game = createTableGame([0, 5, 7, 12, 1, 6, 8, 13, 9, 9, 9, 9, 9, 9, 9, 9])
    expect(creditOf(game, workOf('pairs', 4, 3))?.bestSingle).toBeNull()
    expect(creditOf(game, workOf('pairs', 4, 4))?.bestSingle).toEqual({ player: 3, value: 9 })
  })

  it('refuses units that cannot be right', () => {
    const work = workOf('permutations', 2, 2)
    const shares = collectShares([{ unit: 0, values: [1, 2] }, { unit: 1, values: [1, 3] }])
    expect(() => creditFromShares({ shares, work, grandValue: 2, prior: { quality: [1, 1], order: [0, 1] } })).toThrow(RangeError)
  })
})
