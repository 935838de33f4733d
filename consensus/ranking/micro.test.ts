import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apportion, divideFloor } from './micro.ts'

describe('divideFloor', () => {
  it('agrees with whole-number division', () => {
    fc.assert(fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 40 }), (part, whole) => {
      expect(BigInt(divideFloor(part, whole))).toBe(BigInt(part) / BigInt(whole))
    }))
  })
})

describe('apportion', () => {
  const anyWeights = fc.array(fc.nat({ max: 1_000_000_000 }), { minLength: 1, maxLength: 8 }).filter((weights) => weights.some((weight) => weight > 0))

  it('sums to the total, each part less than one from its exact share', () => {
    fc.assert(fc.property(anyWeights, fc.nat({ max: 1_000_000 }), (weights, total) => {
      const parts = apportion(total, weights)
      const sum = weights.reduce((before, weight) => before + weight, 0)
      expect(parts.reduce((before, part) => before + part, 0)).toBe(total)
      parts.forEach((part, index) => expect(Math.abs(part - (total * (weights[index] as number)) / sum)).toBeLessThan(1))
    }))
  })

  it('serves the largest remainders first, then index order', () => {
    expect(apportion(10, [1, 1, 1])).toEqual([4, 3, 3])
    expect(apportion(10, [5, 26, 69])).toEqual([0, 3, 7])
  })

  it.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]], [[2 ** 50]]])('throws RangeError on weights %j', (weights) => {
    expect(() => apportion(1_000_000, weights)).toThrow(RangeError)
  })
})
