/** The exact credit of each player as a fraction: `numerators[i] / denominator`. */
export interface Fractions {
  numerators: bigint[]
  denominator: bigint
}

/**
 * Shapley value of the game in which a fixed ranking decides: v(S) is the quality of the first of `order` in S, 0 if none
 * is. Then the j-th earns the sum over k >= j of (q_k - q_(k+1)) / k, with q = 0 behind the last; players not in `order`
 * earn nothing. With players from the dearest on this is the airport game (Littlechild and Owen 1973).
 *
 * @param quality - integer per player
 * @param order - players from the first rank on, each at most once
 */
export function creditOfRankedWinner(quality: readonly number[], order: readonly number[]): Fractions {
  const denominator = leastCommonMultiple(order.length)
  const numerators = quality.map(() => 0n)
  let sum = 0n
  for (let rank = order.length; rank >= 1; rank--) {
    const player = order[rank - 1] as number
    const behind = rank === order.length ? 0 : (quality[order[rank] as number] as number)
    sum += BigInt((quality[player] as number) - behind) * (denominator / BigInt(rank))
    numerators[player] = sum
  }
  return { numerators, denominator }
}

/**
 * Shapley value of the game in which one of the answers is drawn by lot: v(S) is the mean quality of those of `order` in
 * S, 0 if none is. With H = 1 + 1/2 + ... + 1/n a player earns H/n of its own quality and (1 - H)/(n(n-1)) of each other's.
 *
 * @param quality - integer per player
 * @param order - the n players that may be drawn, in any order
 */
export function creditOfLot(quality: readonly number[], order: readonly number[]): Fractions {
  const n = BigInt(order.length)
  const common = leastCommonMultiple(order.length)
  let harmonic = 0n
  for (let k = 1n; k <= n; k++) harmonic += common / k
  const total = order.reduce((sum, player) => sum + BigInt(quality[player] as number), 0n)
  const numerators = quality.map(() => 0n)
  for (const player of order) {
    const own = BigInt(quality[player] as number)
    numerators[player] = n === 1n ? own : harmonic * own * (n - 1n) + (common - harmonic) * (total - own)
  }
  return { numerators, denominator: n > 1n ? common * n * (n - 1n) : 1n }
}

/** lcm(1..n). */
export function leastCommonMultiple(n: number): bigint {
  let result = 1n
  for (let k = 2n; k <= BigInt(n); k++) result *= k / greatestCommonDivisor(result, k)
  return result
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}
