import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeLogarithm, computeLogOdds } from './logarithm.ts'

describe('computeLogarithm', () => {
  it('agrees with the natural logarithm to 14 digits', () => {
    fc.assert(fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (x) => {
      expect(Math.abs(computeLogarithm(x) - Math.log(x))).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(Math.log(x))))
    }))
  })

  it.each([0, -1, NaN, Infinity])('throws RangeError on %d', (x) => {
    expect(() => computeLogarithm(x)).toThrow(RangeError)
  })
})

describe('computeLogOdds', () => {
  it('is ln(p / (1 - p)) in micro-units', () => {
    for (const chance of [1, 500, 123_456, 499_999, 500_000, 500_001, 731_059, 990_000, 999_999]) {
      expect(Math.abs(computeLogOdds(chance) - 1e6 * Math.log(chance / (1e6 - chance)))).toBeLessThanOrEqual(0.5 + 1e-6)
    }
  })

  it('is antisymmetric around one half and rises', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000 }), (chance) => {
      expect(computeLogOdds(chance) + computeLogOdds(1_000_000 - chance)).toBe(0)
      expect(computeLogOdds(chance)).toBeGreaterThanOrEqual(computeLogOdds(Math.max(0, chance - 1)))
    }))
  })

  it('is finite for certainty', () => {
    expect(computeLogOdds(1_000_000)).toBe(computeLogOdds(999_999))
    expect(() => computeLogOdds(1_000_001)).toThrow(RangeError)
  })
})
