import type { CreditResult } from './credit-result.ts'
import { findBestSingle } from './credit-result.ts'
import type { Game } from './game.ts'
import { assertGame, startWalk } from './game.ts'

/** Most players whose coalitions are enumerated: 65,536 values. */
export const EXACT_PLAYERS_MAX = 16

/**
 * The Shapley value over all 2^n coalitions (Shapley 1953), without rounding: player i earns the sum over S not
 * containing i of |S|! (n - 1 - |S|)! / n! * (v(S + i) - v(S)).
 *
 * Each weight times lcm(1..n) is an integer, hence numerators are exact integers over that denominator. 2^n evaluations;
 * O(2^n) additions for all players together.
 *
 * @throws RangeError for more than EXACT_PLAYERS_MAX players, v(empty) != 0, or a value that is no bounded integer
 */
export function computeExactCredit(game: Game): CreditResult {
  const values = enumerateCoalitions(game)
  const n = game.players
  const denominator = leastCommonMultipleUpTo(n)
  return {
    method: 'exact',
    credit: weighMarginals(values, n, weightsBySize(n, denominator)),
    denominator,
    grandValue: values[values.length - 1] as number,
    bestSingle: findBestSingle(Array.from({ length: n }, (_, player) => values[1 << player])),
    standardError: Array.from({ length: n }, () => 0),
    evaluations: values.length,
  }
}

/** All values by bitmask (bit i = player i), visited in Gray code order, so that consecutive coalitions differ in one player. */
function enumerateCoalitions(game: Game): Float64Array {
  const n = game.players
  if (n > EXACT_PLAYERS_MAX) throw new RangeError(`players must be at most ${EXACT_PLAYERS_MAX}, got ${n}`)
  assertGame(game)
  const values = new Float64Array(1 << n)
  const walk = startWalk(game)
  let mask = 0
  for (let step = 1; step < values.length; step++) {
    const flipped = trailingZeros(step)
    walk.flip(flipped)
    mask ^= 1 << flipped
    values[mask] = walk.value()
  }
  return values
}

/**
 * For each player the sum over S without it of weights[|S|] * (v(S + i) - v(S)). The halves of the table with and
 * without the last player are summed, then laid on each other for the player before it: 4 * 2^n additions, not n * 2^n.
 */
function weighMarginals(values: Float64Array, n: number, weights: readonly number[]): number[] {
  const joined = new Float64Array(values.length)
  const missed = new Float64Array(values.length)
  const sizes = new Uint8Array(values.length)
  for (let mask = 0; mask < values.length; mask++) {
    const size = mask === 0 ? 0 : (sizes[mask & (mask - 1)] as number) + 1
    sizes[mask] = size
    if (size > 0) joined[mask] = (weights[size - 1] as number) * (values[mask] as number)
    if (size < n) missed[mask] = (weights[size] as number) * (values[mask] as number)
  }
  const sums = Array.from({ length: n }, () => 0)
  for (let player = n - 1; player >= 0; player--) {
    const half = 1 << player
    let sum = 0
    for (let mask = 0; mask < half; mask++) {
      const [withPlayer, without] = [joined[mask + half] as number, missed[mask] as number]
      sum += withPlayer - without
      joined[mask] = (joined[mask] as number) + withPlayer
      missed[mask] = without + (missed[mask + half] as number)
    }
    sums[player] = sum
  }
  return sums
}

/** Weight of a coalition of s others, times the denominator: denominator / (n * choose(n - 1, s)), an integer. */
function weightsBySize(n: number, denominator: number): number[] {
  const weights: number[] = []
  let choose = 1
  for (let s = 0; s < n; s++) {
    weights.push(denominator / (n * choose))
    choose = (choose * (n - 1 - s)) / (s + 1)
  }
  return weights
}

function leastCommonMultipleUpTo(n: number): number {
  let result = 1
  for (let k = 2; k <= n; k++) result = (result / greatestCommonDivisor(result, k)) * k
  return result
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function trailingZeros(step: number): number {
  return 31 - Math.clz32(step & -step)
}
