/** One, in micro-units: every probability, share and weight that leaves the ranking is an integer of these. */
export const MICRO = 1_000_000

/** To the nearest integer, halves upward. */
export function roundHalfUp(value: number): number {
  return Math.floor(value + 0.5)
}

/** floor(part / whole) of non-negative safe integers, exactly (division alone may round up to the next integer). */
export function divideFloor(part: number, whole: number): number {
  return (part - (part % whole)) / whole
}

/** Largest integer whose square is at most `square`, a non-negative safe integer; Newton from above. */
export function rootFloor(square: number): number {
  if (square < 2) return square
  let root = Math.floor(square / 2) + 1
  for (;;) {
    const next = Math.floor((root + Math.floor(square / root)) / 2)
    if (next >= root) return root
    root = next
  }
}

/**
 * Splits `total` into integers in proportion to `weights` by largest remainder; equal remainders are served in index
 * order. In plain numbers, for the many small splits of a ranking.
 *
 * @param weights - non-negative integers, not all zero; their sum times `total` must be a safe integer
 * @returns integers summing to `total`, each less than one away from its exact part
 * @throws RangeError otherwise
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  let sum = 0
  for (const weight of weights) {
    if (!Number.isInteger(weight) || weight < 0) throw new RangeError(`weights must be non-negative integers, got ${weight}`)
    sum += weight
  }
  if (sum === 0 || !Number.isSafeInteger(sum * total)) throw new RangeError(`sum of weights times total must be positive and safe, got ${sum} * ${total}`)
  const parts = weights.map((weight) => divideFloor(weight * total, sum))
  const remainders = weights.map((weight) => (weight * total) % sum)
  const left = parts.reduce((rest, part) => rest - part, total)
  const order = weights.map((_, index) => index).sort((a, b) => (remainders[b] as number) - (remainders[a] as number) || a - b)
  for (const index of order.slice(0, left)) parts[index] = (parts[index] as number) + 1
  return parts
}
