import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { roundCredit } from './credit-result.ts'
import { computeExactCredit } from './exact.ts'
import { createTableGame, VALUE_MAX } from './game.ts'
import { anyGame, anyTable } from './test/arbitraries.ts'
import { creditByAllOrders, membersOf, orderFrom, renamed, tabulate, votingGame } from './test/games.ts'

describe('exact credit', () => {
  it('is the mean over all orders, by the definition', () => {
    fc.assert(fc.property(anyGame(6), (game) => {
      const { credit, denominator } = computeExactCredit(game)
      const { sums, orders } = creditByAllOrders(game)
      expect(credit.map((numerator) => BigInt(numerator) * orders)).toEqual(sums.map((sum) => sum * BigInt(denominator)))
    }), { numRuns: 40 })
  })

  it('sums exactly to v(N)', () => {
    fc.assert(fc.property(anyGame(9), (game) => {
      const { credit, denominator, grandValue } = computeExactCredit(game)
      expect(grandValue).toBe(game.value(membersOf(2 ** game.players - 1, game.players)))
      expect(credit.reduce((sum, numerator) => sum + numerator, 0)).toBe(grandValue * denominator)
    }))
  })

  it('is the same for symmetric players', () => {
    fc.assert(fc.property(anyTable(7, 2), (table) => {
      const symmetric = table.map((_, mask) => {
        const onlySecond = (mask & 3) === 2
        return table[onlySecond ? mask - 1 : mask] as number
      })
      const { credit } = computeExactCredit(createTableGame(symmetric))
      expect(credit[0]).toBe(credit[1])
    }))
  })

  it('is exactly equal where three share what three does not divide', () => {
    const { credit, denominator } = computeExactCredit(createTableGame([0, 0, 0, 0, 0, 0, 0, 1_000_000]))
    expect(credit).toEqual([2_000_000, 2_000_000, 2_000_000])
    expect(denominator).toBe(6)
  })

  it('is nothing for a null player and its own value for a dummy', () => {
    fc.assert(fc.property(anyTable(6), fc.integer({ min: -1_000, max: 1_000 }), (table, own) => {
      const withNull = computeExactCredit(createTableGame([...table, ...table]))
      expect(withNull.credit.at(-1)).toBe(0)
      const withDummy = computeExactCredit(createTableGame([...table, ...table.map((value) => value + own)]))
      expect(withDummy.credit.at(-1)).toBe(own * withDummy.denominator)
      expect(withDummy.credit.slice(0, -1)).toEqual(withNull.credit.slice(0, -1))
    }))
  })

  it('is linear in the game', () => {
    const twoTables = fc.integer({ min: 1, max: 6 }).chain((players) => fc.tuple(anyTable(players, players), anyTable(players, players)))
    fc.assert(fc.property(twoTables, fc.integer({ min: -50, max: 50 }), ([a, b], factor) => {
      const sum = computeExactCredit(createTableGame(a.map((value, mask) => value + factor * (b[mask] as number)))).credit
      const ofA = computeExactCredit(createTableGame(a)).credit
      const ofB = computeExactCredit(createTableGame(b)).credit
      expect(sum).toEqual(ofA.map((numerator, player) => numerator + factor * (ofB[player] as number)))
    }))
  })

  it('is invariant under renaming players', () => {
    fc.assert(fc.property(anyGame(6), fc.nat(1_000), (game, seed) => {
      const names = orderFrom(seed, game.players)
      const { credit } = computeExactCredit(renamed(game, names))
      expect(names.map((name) => credit[name])).toEqual(computeExactCredit(game).credit)
    }))
  })

  it('stays exact at the largest values and the most players', () => {
    const { credit, denominator } = computeExactCredit({
      players: 16,
      value: (members) => (members.some((isIn) => isIn === 1) ? (members[0] === 1 ? VALUE_MAX : -VALUE_MAX) : 0),
    })
    expect(denominator).toBe(720_720)
    expect(credit.every(Number.isSafeInteger)).toBe(true)
    expect(credit).toEqual([31, ...Array.from({ length: 15 }, () => -1)].map((sixteenths) => (sixteenths * VALUE_MAX * 720_720) / 16))
  })

  it('names the best player alone, the first of equals', () => {
    expect(computeExactCredit(createTableGame([0, 3, 7, 9, 7, 9, 9, 1])).bestSingle).toEqual({ player: 1, value: 7 })
    expect(computeExactCredit(createTableGame([0, -4, -2, -9])).bestSingle).toEqual({ player: 1, value: -2 })
  })

  it('counts its evaluations and has no error', () => {
    const result = computeExactCredit(votingGame([1, 1, 1, 1], 3))
    expect(result.evaluations).toBe(16)
    expect(result.standardError).toEqual([0, 0, 0, 0])
  })

  it('of nobody is empty', () => {
    expect(computeExactCredit(createTableGame([0]))).toEqual({
      method: 'exact', credit: [], denominator: 1, grandValue: 0, bestSingle: null, standardError: [], evaluations: 1,
    })
  })

  it('visits each coalition once', () => {
    const seen: string[] = []
    computeExactCredit({ players: 5, value: (members) => { seen.push(members.join('')); return 0 } })
    expect(seen).toHaveLength(32)
    expect(new Set(seen).size).toBe(32)
  })

  it('refuses too many players, a value of the empty coalition, and values that are no bounded integers', () => {
    expect(() => computeExactCredit({ players: 17, value: () => 0 })).toThrow(RangeError)
    expect(() => computeExactCredit({ players: -1, value: () => 0 })).toThrow(RangeError)
    expect(() => computeExactCredit(createTableGame([1, 2]))).toThrow(RangeError)
    expect(() => computeExactCredit(createTableGame([0, 0.5]))).toThrow(RangeError)
    expect(() => computeExactCredit(createTableGame([0, VALUE_MAX + 1]))).toThrow(RangeError)
    expect(() => computeExactCredit(createTableGame([0, Number.NaN]))).toThrow(RangeError)
  })
})

describe('rounded credit', () => {
  it('is within half a micro-unit, and equal for equal players', () => {
    fc.assert(fc.property(anyTable(5), (table) => {
      const result = computeExactCredit(createTableGame(table))
      for (const [player, rounded] of roundCredit(result).entries()) {
        expect(2 * Math.abs(rounded * result.denominator - (result.credit[player] as number))).toBeLessThanOrEqual(result.denominator)
      }
    }))
    const half = computeExactCredit(createTableGame([0, 0, 0, 1]))
    expect(roundCredit(half)).toEqual([1, 1])
    expect(roundCredit(computeExactCredit(createTableGame([0, 0, 0, -1])))).toEqual([-1, -1])
    expect(roundCredit(computeExactCredit(createTableGame(tabulate(votingGame([1, 1, 1], 2)))))).toEqual([0, 0, 0])
  })
})
