import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { computeLogarithm } from './logarithm.ts'

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
