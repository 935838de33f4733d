import { shuffle } from '../../consensus/index.ts'
import type { Game } from '../game.ts'

/** The table of a game with few players. */
export function tabulate(game: Game): number[] {
  return Array.from({ length: 2 ** game.players }, (_, mask) => game.value(membersOf(mask, game.players)))
}

/** Membership array of a bitmask. */
export function membersOf(mask: number, players: number): Uint8Array {
  return Uint8Array.from({ length: players }, (_, player) => (mask >> player) & 1)
}

/** 1 if the weights of S reach the quota, else 0. */
export function votingGame(weights: readonly number[], quota: number): Game {
  return { players: weights.length, value: (members) => (sumOver(members, weights) >= quota ? 1 : 0) }
}

/** The dearest cost in S. */
export function airportGame(costs: readonly number[]): Game {
  return { players: costs.length, value: (members) => costs.reduce((most, cost, player) => (members[player] === 1 ? Math.max(most, cost) : most), 0) }
}

/** Pairs of gloves in S: the first `left` players hold a left one, the others a right one. */
export function gloveGame(left: number, right: number): Game {
  return {
    players: left + right,
    value(members) {
      const lefts = members.slice(0, left).reduce((sum, isIn) => sum + isIn, 0)
      const rights = members.slice(left).reduce((sum, isIn) => sum + isIn, 0)
      return Math.min(lefts, rights)
    },
  }
}

/** Sum of the coefficients of those sets that S contains. */
export function unanimityGame(players: number, sets: readonly (readonly number[])[], coefficients: readonly number[]): Game {
  return { players, value: (members) => sets.reduce((sum, set, index) => (set.every((player) => members[player] === 1) ? sum + (coefficients[index] as number) : sum), 0) }
}

/** Quality of the best ranked player in S: `order` lists players from the first rank on. */
export function rankedWinnerGame(quality: readonly number[], order: readonly number[]): Game {
  return { players: quality.length, value: (members) => quality[order.find((player) => members[player] === 1) ?? -1] ?? 0 }
}

/** Sum over tasks of `unit` where the true answer leads the plurality of S, shared evenly with those that tie. */
export function pluralityGame(answers: readonly (readonly number[])[], truth: readonly number[], unit: number): Game {
  return {
    players: answers[0]?.length ?? 0,
    value(members) {
      let sum = 0
      for (const [task, given] of answers.entries()) sum += shareOfTruth(given, truth[task] as number, members, unit)
      return sum
    },
  }
}

function shareOfTruth(given: readonly number[], truth: number, members: Uint8Array, unit: number): number {
  const counts: number[] = []
  let most = 0
  for (let i = 0; i < given.length; i++) {
    if (members[i] !== 1) continue
    const answer = given[i] as number
    const count = (counts[answer] ?? 0) + 1
    counts[answer] = count
    if (count > most) most = count
  }
  if (most === 0 || counts[truth] !== most) return 0
  let tied = 0
  for (let answer = 0; answer < counts.length; answer++) if (counts[answer] === most) tied++
  return unit / tied
}

/** The same game with player i now called `names[i]`. */
export function renamed(game: Game, names: readonly number[]): Game {
  return { players: game.players, value: (members) => game.value(Uint8Array.from(names, (name) => members[name] as number)) }
}

/** Shapley credit by its definition: what each player adds, summed over all n! orders, with the number of orders. */
export function creditByAllOrders(game: Game): { sums: bigint[]; orders: bigint } {
  const sums = Array.from({ length: game.players }, () => 0n)
  let orders = 0n
  for (const order of ordersOf(Array.from({ length: game.players }, (_, player) => player))) {
    orders++
    const members = new Uint8Array(game.players)
    for (const player of order) {
      const before = game.value(members)
      members[player] = 1
      sums[player] = (sums[player] as bigint) + BigInt(game.value(members) - before)
    }
  }
  return { sums, orders }
}

function ordersOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((first) => ordersOf(items.filter((item) => item !== first)).map((rest) => [first, ...rest]))
}

function sumOver(members: Uint8Array, weights: readonly number[]): number {
  return weights.reduce((sum, weight, player) => sum + (members[player] === 1 ? weight : 0), 0)
}

/** A deterministic order of 0..n-1. */
export function orderFrom(seed: number, n: number): number[] {
  return shuffle(Array.from({ length: n }, (_, index) => index), `order/${seed}`)
}
