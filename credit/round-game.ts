import type { RankingInput } from '../consensus/index.ts'
import { measureWins, tallyWins } from '../consensus/index.ts'
import type { Game, Walk } from './game.ts'
import { assertValue } from './game.ts'
import { coalitionKey } from './pairs.ts'

/** Most coalition values that a round game remembers; the oldest is forgotten first. */
export const REMEMBERED_MAX = 16_384

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
 * coalition looked at by itself. Players are numbered as in the ranking. Up to REMEMBERED_MAX values are remembered.
 *
 * @param init.quality - evaluation per answer in micro-units (1_000_000 = 1)
 * @throws RangeError if an index points nowhere, an answer is compared with itself, counts do not match, or a quality is no bounded integer
 */
export function createRoundGame(init: { ranking: RankingInput; quality: readonly number[] }): Game {
  const { ranking, quality } = init
  const players = ranking.answerWeights.length
  assertRound(ranking, quality)
  const ballots = tallyByJudge(ranking)
  const remembered = new Map<string, number>()
  const inside = new Uint8Array(players)
  const path = startReplay(ranking, quality, ballots)
  return {
    players,
    walk: () => startReplay(ranking, quality, ballots),
    value(members) {
      const key = coalitionKey(members)
      const known = remembered.get(key)
      if (known !== undefined) return known
      for (let player = 0; player < players; player++) {
        if (inside[player] === members[player]) continue
        inside[player] = members[player] as number
        path.flip(player)
      }
      const value = path.value()
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string)
      remembered.set(key, value)
      return value
    },
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

function startReplay({ answers, answerWeights }: RankingInput, quality: readonly number[], ballots: readonly Ballots[]): Walk {
  const inside = new Uint8Array(answerWeights.length)
  const wins = new Float64Array(answers.length * answers.length)
  return {
    flip(player) {
      const sign = inside[player] === 0 ? 1 : -1
      inside[player] = sign === 1 ? 1 : 0
      const { places, weights } = ballots[player] as Ballots
      for (let k = 0; k < places.length; k++) wins[places[k] as number] = (wins[places[k] as number] as number) + sign * (weights[k] as number)
    },
    value() {
      const kept: number[] = []
      for (let index = 0; index < answers.length; index++) if (inside[answers[index]?.author as number] === 1) kept.push(index)
      return kept.length === 0 ? 0 : valueOfPick({ answers, answerWeights, comparisons: [] }, quality, kept, wins)
    },
  }
}

/** The value of what is picked of the kept answers, by the transcript as their authors and their judges have it. */
function valueOfPick({ answers, answerWeights }: RankingInput, quality: readonly number[], kept: readonly number[], wins: Float64Array): number {
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
  const values: number[] = []
  for (const [cluster, mass] of masses.entries()) if (mass === highest) values.push(valueOfCluster(cluster, clusters, strengths, kept, quality))
  return floorMean(values)
}

function valueOfCluster(cluster: number, clusters: readonly number[], strengths: readonly number[], kept: readonly number[], quality: readonly number[]): number {
  let strongest = -1
  let best: number[] = []
  for (const [position, own] of clusters.entries()) {
    const strength = strengths[position] as number
    if (own !== cluster || strength < strongest) continue
    if (strength > strongest) best = []
    strongest = strength
    best.push(quality[kept[position] as number] as number)
  }
  return floorMean(best)
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
