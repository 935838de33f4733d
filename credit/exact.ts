import type { CreditResult } from './credit-result.ts'
import { findBestSingle } from './credit-result.ts'
import type { Game } from './game.ts'
import { assertGame, evaluateCoalition } from './game.ts'

/** Most players whose coalitions are enumerated: 65,536 values. */
export const EXACT_PLAYERS_MAX = 16

/**
 * The Shapley value over all 2^n coalitions (Shapley 1953), without rounding: player i earns the sum over S not
 * containing i of |S|! (n - 1 - |S|)! / n! * (v(S + i) - v(S)).
 *
 * Coalitions are visited in Gray code order, so consecutive ones differ in one player. Each weight times lcm(1..n) is
 * an integer, hence numerators are exact integers over that denominator. 2^n evaluations, O(n 2^n) additions.
 *
 * @throws RangeError for more than EXACT_PLAYERS_MAX players, v(empty) != 0, or a value that is no bounded integer
 */
export function computeExactCredit(game: Game): CreditResult {
  const n = game.players
  if (n > EXACT_PLAYERS_MAX) throw new RangeError(`players must be at most ${EXACT_PLAYERS_MAX}, got ${n}`)
  assertGame(game)
  const denominator = leastCommonMultipleUpTo(n)
  const weights = weightsBySize(n, denominator)
  const credit = Array.from({ length: n }, () => 0)
  const singles = Array.from({ length: n }, () => 0)
  const members = new Uint8Array(n)
  let size = 0
  let grandValue = 0
  const coalitions = 1 << n
  for (let step = 1; step < coalitions; step++) {
    const flipped = trailingZeros(step)
    members[flipped] = 1 - (members[flipped] as number)
    size += members[flipped] === 1 ? 1 : -1
    const value = evaluateCoalition(game, members)
    if (size === n) grandValue = value
    if (size === 1) singles[members.indexOf(1)] = value
    const joined = size === 0 ? 0 : (weights[size - 1] as number) * value
    const missed = size === n ? 0 : (weights[size] as number) * value
    for (let i = 0; i < n; i++) credit[i] = (credit[i] as number) + (members[i] === 1 ? joined : -missed)
  }
  return {
    method: 'exact',
    credit,
    denominator,
    grandValue,
    bestSingle: findBestSingle(singles),
    standardError: credit.map(() => 0),
    evaluations: coalitions,
  }
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
  let zeros = 0
  while (((step >> zeros) & 1) === 0) zeros++
  return zeros
}
