import { decide, shuffle } from '../../consensus/index.ts'
import type { Game } from '../../credit/index.ts'
import type { Rules } from '../ledger/state.ts'
import { gameOf } from './close.ts'
import type { RankedRound } from './rank.ts'
import type { Transcript } from './transcript.ts'

/** Up to so many players every coalition is looked at; above, a sample of orders in which players may come. */
const ENUMERATED_PLAYERS_MAX = 10
const ORDERS = 64

/** What one coalition is worth more, or less, with the player in it. `members` are the others, as player indices. */
export interface Marginal {
  value: number
  members: number[]
}

/** Why a player has the credit that it has. Values in micro-units. */
export interface Explanation {
  grandValue: number
  /** What the others are worth, and what they would have picked: the index of an answer, null if there is none. */
  valueWithout: number
  pickWithout: number | null
  /** Where it helped most and least of the coalitions looked at. */
  best: Marginal
  worst: Marginal
  coalitions: number
  complete: boolean
}

/**
 * Explains the credit of one player by replays of the transcript; the sample follows from the credit seed. Pure; takes as long
 * as some two thousand evaluations.
 *
 * @throws RangeError if there is no such player
 */
export function explainCredit(transcript: Transcript, rules: Rules, member: string): Explanation {
  const player = transcript.frozen.players.indexOf(member)
  if (player < 0) throw new RangeError(`${member} is no player of the round`)
  const { game, ranked } = gameOf(transcript, rules)
  const everybody = new Uint8Array(game.players).fill(1)
  const others = Uint8Array.from(everybody, (_, index) => (index === player ? 0 : 1))
  const complete = game.players <= ENUMERATED_PLAYERS_MAX
  const coalitions = complete ? allWithout(game.players, player) : sampleWithout(game.players, player, transcript.creditSeed)
  const marginals = coalitions.map((members) => marginalOf(game, members, player))
  const first = marginals[0] as Marginal
  return {
    grandValue: game.value(everybody),
    valueWithout: game.value(others),
    pickWithout: pickOf(ranked, others),
    best: marginals.reduce((best, each) => (each.value > best.value ? each : best), first),
    worst: marginals.reduce((worst, each) => (each.value < worst.value ? each : worst), first),
    coalitions: coalitions.length,
    complete,
  }
}

function marginalOf(game: Game, members: readonly number[], player: number): Marginal {
  const inside = new Uint8Array(game.players)
  for (const member of members) inside[member] = 1
  const before = game.value(inside)
  inside[player] = 1
  return { value: game.value(inside) - before, members: [...members] }
}

/** All coalitions of the others, the smaller ones first. */
function allWithout(players: number, player: number): number[][] {
  const coalitions: number[][] = [[]]
  for (let other = 0; other < players; other++) {
    if (other !== player) coalitions.push(...coalitions.map((members) => [...members, other]))
  }
  return coalitions.sort((a, b) => a.length - b.length)
}

/** Those who come before the player, in some orders of all. */
function sampleWithout(players: number, player: number, seed: string): number[][] {
  const inOrder = Array.from({ length: players }, (_, index) => index)
  return Array.from({ length: ORDERS }, (_, number) => {
    const order = shuffle(inOrder, `${seed}/explain/${number}`)
    return order.slice(0, order.indexOf(player))
  })
}

/** The answer that some of the players would have picked. */
function pickOf({ input }: RankedRound, inside: Uint8Array): number | null {
  const kept = input.answers.flatMap(({ author }, index) => (inside[author] === 1 ? [index] : []))
  const places = new Map(kept.map((index, place) => [index, place]))
  const clusters = [...new Set(kept.map((index) => input.answers[index]?.cluster))]
  const comparisons = input.comparisons.flatMap((comparison) => {
    const [left, right] = [places.get(comparison.left), places.get(comparison.right)]
    return inside[comparison.judge] !== 1 || left === undefined || right === undefined ? [] : [{ ...comparison, left, right }]
  })
  const answers = kept.map((index) => {
    const { author, cluster } = input.answers[index] as RankedRound['input']['answers'][number]
    return { author, cluster: clusters.indexOf(cluster) }
  })
  const { winner } = decide({ answers, comparisons, answerWeights: input.answerWeights })
  return winner === null ? null : (kept[winner] as number)
}
