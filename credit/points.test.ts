import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apportion } from './apportion.ts'
import { computeExactCredit } from './exact.ts'
import { createTableGame } from './game.ts'
import { splitPoints } from './points.ts'
import { anyGame } from './test/arbitraries.ts'

describe('apportioning', () => {
  it('sums to the total, within 1 of the exact share, in proportion', () => {
    fc.assert(fc.property(fc.nat(1_000_000_000), fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 20 }), (total, weights) => {
      const parts = apportion(total, weights)
      const sum = weights.reduce((before, weight) => before + weight, 0)
      expect(parts.reduce((before, part) => before + part, 0)).toBe(sum === 0 ? 0 : total)
      for (const [index, part] of parts.entries()) {
        const distance = BigInt(part) * BigInt(sum) - BigInt(total) * BigInt(weights[index] as number)
        expect(distance < BigInt(Math.max(sum, 1)) && -distance < BigInt(Math.max(sum, 1))).toBe(true)
      }
    }))
  })

  it('gives the odd ones to the largest remainders, then to the first', () => {
    expect(apportion(10, [1, 1, 1])).toEqual([4, 3, 3])
    expect(apportion(10, [6, 6, 2])).toEqual([4, 4, 2])
    expect(apportion(0, [1, 2])).toEqual([0, 0])
    expect(apportion(5, [])).toEqual([])
    expect(apportion(Number.MAX_SAFE_INTEGER, [Number.MAX_SAFE_INTEGER, 0])).toEqual([Number.MAX_SAFE_INTEGER, 0])
  })

  it('refuses amounts that are no non-negative safe integers', () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => apportion(wrong, [1])).toThrow(RangeError)
      expect(() => apportion(1, [1, wrong])).toThrow(RangeError)
    }
  })
})

describe('points', () => {
  it('sum to the pool if anybody has positive credit, and nobody else is paid', () => {
    fc.assert(fc.property(anyGame(6), fc.nat(10_000_000), (game, pool) => {
      const result = computeExactCredit(game)
      const points = splitPoints(pool, result)
      const anyPositive = result.credit.some((numerator) => numerator > 0)
      expect(points.reduce((sum, part) => sum + part, 0)).toBe(anyPositive ? pool : 0)
      for (const [player, part] of points.entries()) if ((result.credit[player] as number) <= 0) expect(part).toBe(0)
    }))
  })

  it('differ by at most 1 for equal credit, the odd one to the first listed', () => {
    expect(splitPoints(100, computeExactCredit(createTableGame([0, 0, 0, 0, 0, 0, 0, 9])))).toEqual([34, 33, 33])
  })

  it('never pay less credit more', () => {
    fc.assert(fc.property(anyGame(6), fc.nat(1_000), (game, pool) => {
      const { credit } = computeExactCredit(game)
      const points = splitPoints(pool, computeExactCredit(game))
      for (const [i, a] of credit.entries()) for (const [j, b] of credit.entries()) if (a > b) expect(points[i]).toBeGreaterThanOrEqual(points[j] as number)
    }))
  })

  it('are not minted where the swarm destroyed value', () => {
    expect(splitPoints(100, computeExactCredit(createTableGame([0, -1, -1, -2])))).toEqual([0, 0])
  })
})
