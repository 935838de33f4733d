/** The values of one unit, one per leaf, or null once two different copies were seen: disputed for good. */
export interface UnitShare {
  unit: number
  values: readonly number[] | null
}

/** Units in ascending order, each at most once: equal shares are equal lists. */
export type Shares = readonly UnitShare[]

/**
 * Brings unit shares from anywhere into canonical form. Copies of one unit join like this: equal copies are one,
 * different copies are disputed, and disputed joined with anything stays disputed. No order or grouping matters.
 */
export function collectShares(entries: Iterable<UnitShare>): Shares {
  const byUnit = new Map<number, readonly number[] | null>()
  for (const { unit, values } of entries) {
    const held = byUnit.get(unit)
    byUnit.set(unit, held === undefined ? values : joinCopies(held, values))
  }
  return [...byUnit].sort(([a], [b]) => a - b).map(([unit, values]) => ({ unit, values: values === null ? null : [...values] }))
}

/** Union by unit number: associative, commutative and idempotent, to the bit of `encodeShares`. */
export function mergeShares(a: Shares, b: Shares): Shares {
  return collectShares([...a, ...b])
}

/** The one text form of shares, for hashing and comparing: [[unit, values or null], ...] as JSON. */
export function encodeShares(shares: Shares): string {
  return JSON.stringify(shares.map(({ unit, values }) => [unit, values]))
}

/** Values of units 0, 1, 2, ... up to the first that is missing or disputed. */
export function contiguousUnits(shares: Shares): (readonly number[])[] {
  const units: (readonly number[])[] = []
  for (const { unit, values } of shares) {
    if (unit !== units.length || values === null) break
    units.push(values)
  }
  return units
}

function joinCopies(a: readonly number[] | null, b: readonly number[] | null): readonly number[] | null {
  if (a === null || b === null || a.length !== b.length) return null
  return a.every((value, index) => value === b[index]) ? a : null
}
