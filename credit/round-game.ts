import type { RankingInput } from '../consensus/index.ts'
import { measureWins, tallyWins } from '../consensus/index.ts'
import type { Game } from './game.ts'
import { assertValue } from './game.ts'
import { coalitionKey } from './pairs.ts'

/** Most coalitions whose picks are remembered: all of sixteen players. The oldest is forgotten first. */
const REMEMBERED_MAX = 65_536

/**
 * The game of a round, by replay of its transcript: v(S) is the quality of what the members of S alone would have
 * picked. Only answers by S, and comparisons by judges in S between answers by S, count; the live ranking runs on them
 * with the weights frozen for the round, renumbered to the members of S, so that it cannot see who is absent.
 *
 * Where several clusters tie exactly, v(S) is their mean. The quality of a cluster is that of its strongest answer,
 * which for the winning cluster is the live decision's winner. Quality can differ inside a cluster only where answers are
 * evaluated one by one; answers of equal strength are then averaged too, since picking by index would make equal
 * players unequal. Each mean is rounded down to whole micro-units. Without answers v(S) = 0.
 *
 * Wins are integers and add up over judges, so a walk adds or takes away those of one judge, to the same values as a
 * coalition looked at by itself. Players are numbered as in the ranking. Up to REMEMBERED_MAX picks are remembered.
 *
 * @param init.quality - evaluation per answer in micro-units (1_000_000 = 1)
 * @throws RangeError if an index points nowhere, an answer is compared with itself, counts do not match, or a quality is no bounded integer
 */
export function createRoundGame(init: { ranking: RankingInput; quality: readonly number[] }): Game {
  const { ranking, quality } = init
  assertRound(ranking, quality)
  const ballots = tallyByJudge(ranking)
  const pickOf = rememberPicks(ranking, ballots)
  return {
    players: ranking.answerWeights.length,
    value: (members) => valueOf(pickOf(members), quality),
    walk() {
      const { flip, pick } = startReplay(ranking, ballots)
      return { flip, value: () => valueOf(pick(), quality) }
    },
  }
}

/**
 * The games of one round in which answers are evaluated differently, by different graders say. What a coalition picks depends on
 * no evaluation, so it is found out once for all of them.
 *
 * @throws RangeError as `createRoundGame` does
 */
export function createRoundGames(init: { ranking: RankingInput; qualities: readonly (readonly number[])[] }): Game[] {
  const { ranking, qualities } = init
  for (const quality of qualities) assertRound(ranking, quality)
  const pickOf = rememberPicks(ranking, tallyByJudge(ranking))
  return qualities.map((quality) => ({ players: ranking.answerWeights.length, value: (members) => valueOf(pickOf(members), quality) }))
}

/** The answers that tie for the pick, by cluster: mostly one answer of one cluster, and none where nobody has answered. */
type Pick = readonly (readonly number[])[]

function rememberPicks(ranking: RankingInput, ballots: readonly Ballots[]): (members: Uint8Array) => Pick {
  const path = startReplay(ranking, ballots)
  const inside = new Uint8Array(ranking.answerWeights.length)
  const remembered = new Map<string, Pick>()
  return (members) => {
    const key = coalitionKey(members)
    const known = remembered.get(key)
    if (known !== undefined) return known
    for (let player = 0; player < inside.length; player++) {
      if (inside[player] === members[player]) continue
      inside[player] = members[player] as number
      path.flip(player)
    }
    const pick = path.pick()
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string)
    remembered.set(key, pick)
    return pick
  }
}

/** Wins that one judge gives, as places in the matrix of all answers and what is added there. */
interface Ballots {
  places: Int32Array
  weights: Float64Array
}

function tallyByJudge({ answers, comparisons, answerWeights }: RankingInput): Ballots[] {
  return answerWeights.map((_, player) => {
    const wins = tallyWins(answers.length, comparisons.filter(({ judge }) => judge === player))
    const places = Int32Array.from(wins.keys()).filter((place) => wins[place] !== 0)
    return { places, weights: Float64Array.from(places, (place) => wins[place] as number) }
  })
}

/** A coalition that changes by one player at a time, and what it picks. */
interface Replay {
  flip: (player: number) => void
  pick: () => Pick
}

function startReplay({ answers, answerWeights }: RankingInput, ballots: readonly Ballots[]): Replay {
  const inside = new Uint8Array(answerWeights.length)
  const wins = new Float64Array(answers.length * answers.length)
  return {
    flip(player) {
      const sign = inside[player] === 0 ? 1 : -1
      inside[player] = sign === 1 ? 1 : 0
      const { places, weights } = ballots[player] as Ballots
      for (let k = 0; k < places.length; k++) wins[places[k] as number] = (wins[places[k] as number] as number) + sign * (weights[k] as number)
    },
    pick() {
      const kept: number[] = []
      for (let index = 0; index < answers.length; index++) if (inside[answers[index]?.author as number] === 1) kept.push(index)
      return kept.length === 0 ? [] : pickAmong({ answers, answerWeights, comparisons: [] }, kept, wins)
    },
  }
}

/** What is picked of the kept answers, by the transcript as their authors and their judges have it. */
function pickAmong({ answers, answerWeights }: RankingInput, kept: readonly number[], wins: Float64Array): Pick {
  const clusters = renumber(kept.map((index) => answers[index]?.cluster as number), answers.length)
  const cut = new Float64Array(kept.length * kept.length)
  for (let row = 0; row < kept.length; row++) {
    for (let column = 0; column < kept.length; column++) {
      cut[row * kept.length + column] = wins[(kept[row] as number) * answers.length + (kept[column] as number)] as number
    }
  }
  const { strengths, masses } = measureWins({
    answers: clusters.map((cluster, author) => ({ author, cluster })),
    answerWeights: kept.map((index) => answerWeights[answers[index]?.author as number] as number),
    wins: cut,
  })
  const highest = Math.max(...masses)
  const pick: number[][] = []
  for (const [cluster, mass] of masses.entries()) if (mass === highest) pick.push(strongestOf(cluster, clusters, strengths, kept))
  return pick
}

function strongestOf(cluster: number, clusters: readonly number[], strengths: readonly number[], kept: readonly number[]): number[] {
  let strongest = -1
  let best: number[] = []
  for (const [position, own] of clusters.entries()) {
    const strength = strengths[position] as number
    if (own !== cluster || strength < strongest) continue
    if (strength > strongest) best = []
    strongest = strength
    best.push(kept[position] as number)
  }
  return best
}

function valueOf(pick: Pick, quality: readonly number[]): number {
  if (pick.length === 0) return 0
  return floorMean(pick.map((answers) => floorMean(answers.map((answer) => quality[answer] as number))))
}

function floorMean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return Math.floor(sum / values.length)
}

/** The same labels, numbered 0, 1, 2, ... in ascending order; labels are below `bound`. */
function renumber(labels: readonly number[], bound: number): number[] {
  const used = new Uint8Array(bound)
  for (const label of labels) used[label] = 1
  const numbers = new Int32Array(bound)
  let next = 0
  for (let label = 0; label < bound; label++) if (used[label] === 1) numbers[label] = next++
  return labels.map((label) => numbers[label] as number)
}

function assertRound({ answers, comparisons, answerWeights }: RankingInput, quality: readonly number[]): void {
  const players = answerWeights.length
  if (quality.length !== answers.length) throw new RangeError(`quality must be one per answer, got ${quality.length} for ${answers.length}`)
  for (const value of quality) assertValue(value)
  for (const { author, cluster } of answers) {
    assertIndex('author', author, players)
    assertIndex('cluster', cluster, answers.length)
  }
  // What is compared is checked where wins are tallied.
  for (const { judge } of comparisons) assertIndex('judge', judge, players)
}

function assertIndex(name: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) throw new RangeError(`${name} must be 0..${length - 1}, got ${index}`)
}
