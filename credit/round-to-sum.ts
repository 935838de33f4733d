/** Estimates are rounded to thousandths of a micro-unit. */
export const ESTIMATE_DENOMINATOR = 1_000

/**
 * Numerators over ESTIMATE_DENOMINATOR near `values` that sum to `total` exactly: what the values miss is shared evenly, each
 * is rounded down, and the rest goes by largest remainder.
 */
export function roundToSum(values: Float64Array, total: number): number[] {
  const scaled = Array.from(shiftToSum(values, total), (value) => value * ESTIMATE_DENOMINATOR)
  const rounded = scaled.map((value) => Math.floor(value) + 0)
  const left = rounded.reduce((rest, part) => rest - part, total * ESTIMATE_DENOMINATOR)
  const remainder = (index: number): number => (scaled[index] as number) - (rounded[index] as number)
  const order = scaled.map((_, index) => index).sort((a, b) => remainder(b) - remainder(a) || a - b)
  for (let step = 0; step < Math.abs(left); step++) {
    const index = order[step % order.length] as number
    rounded[index] = (rounded[index] as number) + (left > 0 ? 1 : -1)
  }
  return rounded
}

/** The values, with the same added to each so that they sum to `total`. */
export function shiftToSum(values: Float64Array, total: number): Float64Array {
  let missing = total
  for (const value of values) missing -= value
  return values.map((value) => value + missing / values.length)
}
