/**
 * Splits `total` into non-negative integers in proportion to `weights` by the largest remainder (Hamilton's method).
 * The parts sum to `total`, or are all 0 if every weight is 0; each differs from its exact share by less than 1.
 * Equal remainders are served in index order, so the caller's order decides and nothing else.
 *
 * @throws RangeError if the total or a weight is no non-negative safe integer
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  for (const amount of [total, ...weights]) {
    if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`total and weights must be non-negative safe integers, got ${amount}`)
  }
  const sum = weights.reduce((before, weight) => before + BigInt(weight), 0n)
  if (sum === 0n) return weights.map(() => 0)
  const products = weights.map((weight) => BigInt(total) * BigInt(weight))
  const parts = products.map((product) => Number(product / sum))
  const left = total - parts.reduce((before, part) => before + part, 0)
  const byRemainder = products
    .map((product, index) => ({ index, remainder: product % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  for (const { index } of byRemainder.slice(0, left)) parts[index] = (parts[index] as number) + 1
  return parts
}
