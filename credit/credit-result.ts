/** How a credit was computed: from all coalitions, or by a model of sampled ones. */
export type CreditMethod = 'exact' | 'regression'

/**
 * The credit of every player of one game, as plain data of safe integers that encodes and hashes as it is.
 *
 * Player i earns the rational number `credit[i] / denominator` micro-units. A common denominator is kept instead of
 * rounding because whole micro-units cannot be both conserved and equal for equal players (three symmetric players
 * sharing 1_000_000); as numerators both hold exactly: they sum to `grandValue * denominator`, players with equal
 * credit have equal numerators, and a player that adds nothing has exactly 0. Rounding happens once, where points are
 * split. The denominator is lcm(1..n) for all coalitions (720_720 at 16 players), 1_000 for an estimate, whose own error
 * is larger; it is not reduced.
 */
export interface CreditResult {
  method: CreditMethod
  /** Numerator per player, signed. */
  credit: number[]
  /** Common denominator, at least 1. */
  denominator: number
  /** v(N) in micro-units: what the credits sum to, since v(empty) = 0. */
  grandValue: number
  /** The best v of one player alone and the first player to reach it; null where not every single value is known. */
  bestSingle: { player: number; value: number } | null
  /** Standard error per player in whole micro-units, rounded up; null where there is none (0 everywhere if exact). */
  standardError: number[] | null
  /** How many values v(S) went into the result. */
  evaluations: number
}

/**
 * Credit per player rounded to the nearest micro-unit, halves away from zero: for reading. Equal players stay equal,
 * but the sum may miss the grand value by up to half a micro-unit per player.
 */
export function roundCredit(result: CreditResult): number[] {
  return result.credit.map((numerator) => {
    const size = Math.abs(numerator)
    const whole = Math.floor(size / result.denominator)
    const rest = size - whole * result.denominator
    const rounded = 2 * rest >= result.denominator ? whole + 1 : whole
    return numerator < 0 && rounded > 0 ? -rounded : rounded
  })
}

/** The highest value and the first player to reach it; null if there is no player or a value is unknown (undefined). */
export function findBestSingle(singles: readonly (number | undefined)[]): CreditResult['bestSingle'] {
  let best: CreditResult['bestSingle'] = null
  for (const [player, value] of singles.entries()) {
    if (value === undefined) return null
    if (best === null || value > best.value) best = { player, value }
  }
  return best
}

/** Smallest integer whose square is at least n (Newton from above): standard errors are rounded up. */
export function ceilSquareRoot(n: bigint): number {
  if (n < 2n) return Number(n)
  let root = n
  let next = (root + 1n) / 2n
  while (next < root) {
    root = next
    next = (root + n / root) / 2n
  }
  return Number(root * root < n ? root + 1n : root)
}
