const LN_2 = 0.6931471805599453

/** Highest power in the series. The argument is at most 1/5 there, so what is cut off is below 1e-17. */
const POWER_MAX = 21

/**
 * Natural logarithm from the four operations, the same bits on every machine: halve or double into [3/4, 3/2), then
 * ln x = 2 (y + y^3/3 + y^5/5 + ...) with y = (x-1)/(x+1). Relative error below 1e-14.
 *
 * @param x - positive and finite
 * @throws RangeError otherwise
 */
export function computeLogarithm(x: number): number {
  if (!(x > 0 && x < Infinity)) throw new RangeError(`x must be positive and finite, got ${x}`)
  let rest = x
  let doublings = 0
  for (; rest >= 1.5; rest /= 2) doublings++
  for (; rest < 0.75; rest *= 2) doublings--
  const y = (rest - 1) / (rest + 1)
  let series = 0
  for (let power = POWER_MAX; power >= 1; power -= 2) series = series * (y * y) + 1 / power
  return doublings * LN_2 + 2 * y * series
}
