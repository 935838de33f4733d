import type { CreditResult } from './credit-result.ts'
import { findBestSingle } from './credit-result.ts'
import { unitPermutation, validateUnit } from './permutations.ts'

/** The prefix values of one unit, or null once two different copies were seen: disputed for good. */
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

/**
 * Credit as the mean over sampled permutations: what each player adds in every unit, over the complete antithetic pairs
 * at the start of the shares. The denominator is the number of units used; the numerators sum to grandValue times it.
 * The standard error comes from the spread of the pair means, null below two pairs. Pure; O(units * players).
 *
 * @param init.seed - the seed of `unitPermutation` under which the units were evaluated
 * @returns null while there is no complete pair
 * @throws RangeError if a unit that would be used does not pass `validateUnit`
 */
export function creditFromShares(init: { shares: Shares; players: number; grandValue: number; seed: string }): CreditResult | null {
  const { players, grandValue, seed } = init
  const contiguous = contiguousUnits(init.shares)
  const pairs = Math.floor(contiguous.length / 2)
  if (pairs === 0) return null
  const sums = Array.from({ length: players }, () => 0)
  const squares = Array.from({ length: players }, () => 0n)
  const singles: (number | undefined)[] = Array.from({ length: players }, () => undefined)
  for (let pair = 0; pair < pairs; pair++) {
    const added = Array.from({ length: players }, () => 0)
    for (const unit of [2 * pair, 2 * pair + 1]) {
      const values = contiguous[unit] as readonly number[]
      const verdict = validateUnit(values, players, grandValue)
      if (verdict !== 'ok') throw new RangeError(`unit ${unit} is not valid: ${verdict}`)
      const permutation = unitPermutation(seed, unit, players)
      if (players > 0) singles[permutation[0] as number] = values[0]
      addMarginals(added, permutation, values)
    }
    for (const [i, both] of added.entries()) {
      sums[i] = (sums[i] as number) + both
      squares[i] = (squares[i] as bigint) + BigInt(both) * BigInt(both)
    }
  }
  return {
    method: 'permutations',
    credit: sums,
    denominator: 2 * pairs,
    grandValue,
    bestSingle: findBestSingle(singles),
    standardError: pairs < 2 ? null : sums.map((sum, i) => standardErrorOf(sum, squares[i] as bigint, pairs)),
    evaluations: 2 * pairs * players,
  }
}

function joinCopies(a: readonly number[] | null, b: readonly number[] | null): readonly number[] | null {
  if (a === null || b === null || a.length !== b.length) return null
  return a.every((value, index) => value === b[index]) ? a : null
}

function addMarginals(added: number[], permutation: readonly number[], values: readonly number[]): void {
  let before = 0
  for (const [position, player] of permutation.entries()) {
    const after = values[position] as number
    added[player] = (added[player] as number) + after - before
    before = after
  }
}

/**
 * Standard error of the mean of the pair means x/2, from sum and sum of squares of x over `pairs` pairs, rounded up:
 * sqrt((pairs * squares - sum^2) / (4 pairs^2 (pairs - 1))).
 */
function standardErrorOf(sum: number, squares: bigint, pairs: number): number {
  const k = BigInt(pairs)
  const numerator = k * squares - BigInt(sum) * BigInt(sum)
  const denominator = 4n * k * k * (k - 1n)
  const root = integerSquareRoot(numerator / denominator)
  return Number(root * root * denominator < numerator ? root + 1n : root)
}

/** Largest integer whose square is at most n (Newton from above). */
function integerSquareRoot(n: bigint): bigint {
  if (n < 2n) return n
  let root = n
  let next = (root + 1n) / 2n
  while (next < root) {
    root = next
    next = (root + n / root) / 2n
  }
  return root
}
