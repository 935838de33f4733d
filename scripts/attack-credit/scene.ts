import { computeExactCredit, createRoundGame, createTableGame, priorOfSingles, startWalk, type CreditResult, type Game, type Prior } from '../../credit/index.ts'
import { createRound } from '../bench/credit/round.ts'

/** A round of 15 members, all its coalitions known, so that every bias can be told. */
export interface Scene {
  round: ReturnType<typeof createRound>
  game: Game
  prior: Prior
  exact: CreditResult
  liars: readonly number[]
  /** The member whose credit the liars want to raise: one of them. */
  favoured: number
  /** Reputation: together the liars have three tenths. */
  weights: readonly number[]
}

export const MEMBERS = 15
const LIARS = 4
const HONEST_WEIGHT = 1_000_000

export function createScene(seed: string): Scene {
  const round = createRound(MEMBERS, seed)
  const walk = startWalk(createRoundGame(round))
  const table = new Float64Array(2 ** MEMBERS)
  for (let step = 1, mask = 0; step < table.length; step++) {
    const flipped = 31 - Math.clz32(step & -step)
    walk.flip(flipped)
    mask ^= 1 << flipped
    table[mask] = walk.value()
  }
  const game = createTableGame(table)
  const exact = computeExactCredit(game)
  const byCredit = exact.credit.map((_, player) => player).sort((a, b) => (exact.credit[a] as number) - (exact.credit[b] as number))
  // Liars of every kind: each third of the ranking has some; the favoured is in the middle, with room on both sides.
  const liars = [byCredit[1], byCredit[5], byCredit[7], byCredit[11]].map(Number).slice(0, LIARS).sort((a, b) => a - b)
  const liarWeight = Math.floor((3 * HONEST_WEIGHT * (MEMBERS - LIARS)) / (7 * LIARS))
  return {
    round,
    game,
    prior: priorOfSingles(Array.from({ length: MEMBERS }, (_, player) => table[2 ** player] as number)),
    exact,
    liars,
    favoured: byCredit[7] as number,
    weights: Array.from({ length: MEMBERS }, (_, member) => (liars.includes(member) ? liarWeight : HONEST_WEIGHT)),
  }
}
