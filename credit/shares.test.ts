import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Shares, UnitShare } from './shares.ts'
import { collectShares, contiguousUnits, encodeShares, mergeShares } from './shares.ts'
import { orderFrom } from './test/games.ts'

/** Few units and few values, so that copies meet, agree and conflict. */
const anyEntry: fc.Arbitrary<UnitShare> = fc.record({
  unit: fc.nat(6),
  values: fc.option(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 })),
})
const anyShares: fc.Arbitrary<Shares> = fc.array(anyEntry, { maxLength: 12 }).map(collectShares)

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
