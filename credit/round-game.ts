import type { Comparison, Decision, RankedAnswer, RankingInput } from '../consensus/index.ts'
import { decide } from '../consensus/index.ts'
import type { Game } from './game.ts'
import { assertValue } from './game.ts'

/** Most coalition values that a round game remembers; the oldest is forgotten first. */
export const REMEMBERED_MAX = 16_384

/**
 * The game of a round, by replay of its transcript: v(S) is the quality of what the members of S alone would have
 * picked. Only answers by S, and comparisons by judges in S between answers by S, count; the live `decide` runs on them
 * with the weights frozen for the round, renumbered to the members of S, so that it cannot see who is absent.
 *
 * Where several clusters tie exactly, v(S) is their mean. The quality of a cluster is that of its strongest answer,
 * which for the winning cluster is decide's `winner`. Quality can differ inside a cluster only where answers are
 * evaluated one by one; answers of equal strength are then averaged too, since picking by index would make equal
 * players unequal (equal strengths differ by at most one micro-unit, so that they sum to a million). Each mean is
 * rounded down to whole micro-units. Without answers v(S) = 0.
 *
 * Players are numbered as in the ranking. Values are remembered up to REMEMBERED_MAX coalitions.
 *
 * @param init.quality - evaluation per answer in micro-units (1_000_000 = 1)
 * @throws RangeError if an index points nowhere, an answer is compared with itself, counts do not match, or a quality is no bounded integer
 */
export function createRoundGame(init: { ranking: RankingInput; quality: readonly number[] }): Game {
  const { ranking, quality } = init
  assertRound(ranking, quality)
  const remembered = new Map<string, number>()
  return {
    players: ranking.judgeWeights.length,
    value(members) {
      const key = coalitionKey(members)
      const known = remembered.get(key)
      if (known !== undefined) return known
      const value = replay(ranking, quality, members)
      if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string)
      remembered.set(key, value)
      return value
    },
  }
}

function replay(ranking: RankingInput, quality: readonly number[], members: Uint8Array): number {
  const kept: number[] = []
  for (const [index, { author }] of ranking.answers.entries()) if (members[author] === 1) kept.push(index)
  if (kept.length === 0) return 0
  const input = restrict(ranking, members, kept)
  return qualityOfPick(input.answers, decide(input), kept.map((index) => quality[index] as number))
}

/** The transcript as the members of S alone have it, with players, answers and clusters renumbered densely. */
function restrict(ranking: RankingInput, members: Uint8Array, kept: readonly number[]): RankingInput {
  const players: number[] = []
  for (const [player, isIn] of members.entries()) if (isIn === 1) players.push(player)
  const keptAnswers = kept.map((index) => ranking.answers[index] as RankedAnswer)
  const newPlayer = numbering(players, members.length)
  const newAnswer = numbering(kept, ranking.answers.length)
  const clusters = [...new Set(keptAnswers.map(({ cluster }) => cluster))].sort((a, b) => a - b)
  const comparisons: Comparison[] = []
  for (const comparison of ranking.comparisons) {
    const judge = newPlayer[comparison.judge] as number
    const left = newAnswer[comparison.left] as number
    const right = newAnswer[comparison.right] as number
    if (judge >= 0 && left >= 0 && right >= 0) comparisons.push({ judge, left, right, verdict: comparison.verdict })
  }
  return {
    answers: keptAnswers.map(({ author, cluster }) => ({ author: newPlayer[author] as number, cluster: clusters.indexOf(cluster) })),
    comparisons,
    judgeWeights: players.map((player) => ranking.judgeWeights[player] as number),
    answerWeights: players.map((player) => ranking.answerWeights[player] as number),
  }
}

function qualityOfPick(answers: readonly RankedAnswer[], decision: Decision, quality: readonly number[]): number {
  return floorMean(decision.tied.map((cluster) => {
    const inside = answers.flatMap((answer, index) => (answer.cluster === cluster ? [index] : []))
    const strongest = inside.reduce((most, index) => Math.max(most, decision.strengths[index] as number), 0)
    return floorMean(inside.flatMap((index) => ((decision.strengths[index] as number) >= strongest - 1 ? [quality[index] as number] : [])))
  }))
}

function floorMean(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length)
}

/** New number of each of `length` old ones: its position in `items`, or -1. */
function numbering(items: readonly number[], length: number): Int32Array {
  const numbers = new Int32Array(length).fill(-1)
  for (let position = 0; position < items.length; position++) numbers[items[position] as number] = position
  return numbers
}

/** One character per 16 players. */
function coalitionKey(members: Uint8Array): string {
  let key = ''
  for (let start = 0; start < members.length; start += 16) {
    let word = 0
    for (let i = start; i < members.length && i < start + 16; i++) word = word * 2 + (members[i] as number)
    key += String.fromCharCode(word)
  }
  return key
}

function assertRound(ranking: RankingInput, quality: readonly number[]): void {
  const players = ranking.judgeWeights.length
  const answers = ranking.answers.length
  if (ranking.answerWeights.length !== players) throw new RangeError(`answerWeights must be one per player, got ${ranking.answerWeights.length} for ${players}`)
  if (quality.length !== answers) throw new RangeError(`quality must be one per answer, got ${quality.length} for ${answers}`)
  for (const value of quality) assertValue(value)
  for (const answer of ranking.answers) assertIndex('author', answer.author, players)
  for (const { judge, left, right } of ranking.comparisons) {
    assertIndex('judge', judge, players)
    assertIndex('left', left, answers)
    assertIndex('right', right, answers)
    if (left === right) throw new RangeError(`an answer cannot be compared with itself, got ${left}`)
  }
}

function assertIndex(name: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) throw new RangeError(`${name} must be 0..${length - 1}, got ${index}`)
}
