import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparePaired, meanPerPlace } from './statistics.ts'

const anyChances = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1, maxLength: 30 })

describe('comparePaired', () => {
  it('finds no difference between a list and itself', () => {
    expect(comparePaired([1, 0, 0.5], [1, 0, 0.5])).toEqual({ mean: 0, low: 0, high: 0 })
  })

  it('gives an interval around the mean, and its mirror image for exchanged lists', () => {
    fc.assert(fc.property(anyChances, (pairs) => {
      const [ours, theirs] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)]
      const there = comparePaired(ours, theirs)
      const back = comparePaired(theirs, ours)
      expect(there.low).toBeLessThanOrEqual(there.mean + 1e-9)
      expect(there.high).toBeGreaterThanOrEqual(there.mean - 1e-9)
      expect(back.mean).toBeCloseTo(-there.mean, 9)
    }), { numRuns: 20 })
  })

  it('comes close to the normal interval on many tasks', () => {
    const ours = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 1 : 0))
    const { mean, low, high } = comparePaired(ours, ours.map(() => 0))
    expect(mean).toBe(0.5)
    expect(low).toBeCloseTo(0.5 - 1.96 * 0.025, 2)
    expect(high).toBeCloseTo(0.5 + 1.96 * 0.025, 2)
  })

  it('is the same every time', () => {
    expect(comparePaired([1, 0, 1, 1], [0, 0, 1, 0])).toEqual(comparePaired([1, 0, 1, 1], [0, 0, 1, 0]))
  })
})

describe('meanPerPlace', () => {
  it('averages lists place by place', () => {
    expect(meanPerPlace([[0, 1], [1, 1]])).toEqual([0.5, 1])
    expect(meanPerPlace([])).toEqual([])
  })
})
