import type { RankingInput } from '../consensus/index.ts'
import { ceilSquareRoot, roundCredit } from './credit-result.ts'
import { computeExactCredit } from './exact.ts'
import { createRoundGames } from './round-game.ts'

/** What one member's agent says of the answers of a round: of each answer a grade for every draw, in micro-units. */
export interface Grader {
  /** Reputation, a non-negative integer. */
  weight: number
  grades: readonly (readonly number[])[]
}

/** Standard deviations in micro-units, rounded up: of repeated draws of one grader, null without any, and of what graders find one answer worth. */
export interface GradeNoise {
  draws: number | null
  graders: number
}

/**
 * The quality of each answer where it is a matter of opinion: the weighted median, over graders, of the mean of their draws. v(S) is the quality of
 * what S would have picked, so whoever grades the answers grades all coalitions, and the game that follows has the credit of any other. A directed
 * lie moves a median only as far as honest opinions differ.
 *
 * @throws RangeError without graders, or if one has not graded every one of so many answers at least once
 */
export function middleGrades(graders: readonly Grader[], answers: number): number[] {
  if (graders.some(({ grades }) => grades.length !== answers || grades.some((draws) => draws.length === 0))) throw new RangeError('graders must grade every answer')
  const weights = weightsOf(graders)
  const own = graders.map(meansOf)
  return Array.from({ length: answers }, (_, answer) => weightedMedian(own.map((means) => means[answer] as number), weights))
}

/** How far grades of one answer differ, between draws and between graders, all of them alike. */
export function gradeNoise(graders: readonly Grader[]): GradeNoise {
  const draws = graders.flatMap(({ grades }) => grades)
  const own = graders.map(meansOf)
  const byAnswer = (own[0] ?? []).map((_, answer) => own.map((means) => means[answer] as number))
  return { draws: draws.every(({ length }) => length < 2) ? null : rootOf(varianceOf(draws)), graders: rootOf(varianceOf(byAnswer)) }
}

/**
 * How far off a credit from middle grades may be because opinions differ: for each player, in whole micro-units, the standard error of a
 * weighted median of normal opinions that lie as far apart as the credits by each grader's own grades. 2^n picks.
 *
 * @throws RangeError if there are more players than can be enumerated
 */
export function gradedErrors(graders: readonly Grader[], ranking: RankingInput): number[] {
  const credits = createRoundGames({ ranking, qualities: graders.map(meansOf) }).map((game) => roundCredit(computeExactCredit(game)))
  const weights = weightsOf(graders)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const parts = weights.reduce((sum, weight) => sum + (weight / total) * (weight / total), 0)
  // The variance of a median is pi / 2 times that of the mean.
  return ranking.answerWeights.map((_, player) => rootOf(1.5708 * parts * varianceOf([credits.map((credit) => credit[player] as number)])))
}

// Nobody without weight is heard, unless nobody has any.
function weightsOf(graders: readonly Grader[]): number[] {
  return graders.map(({ weight }) => (graders.some((other) => other.weight > 0) ? weight : 1))
}

function meansOf({ grades }: Grader): number[] {
  return grades.map((draws) => Math.floor(draws.reduce((sum, grade) => sum + grade, 0) / draws.length))
}

/** Variance around the means of groups, 0 without two of one group. */
function varianceOf(groups: readonly (readonly number[])[]): number {
  let squares = 0
  let freedom = 0
  for (const group of groups) {
    const mean = group.reduce((sum, value) => sum + value, 0) / group.length
    for (const value of group) squares += (value - mean) * (value - mean)
    freedom += group.length - 1
  }
  return freedom === 0 ? 0 : squares / freedom
}

function rootOf(value: number): number {
  return ceilSquareRoot(BigInt(Math.ceil(value)))
}

/**
 * The value with half of the weight on either side; where half of it ends exactly between two values, their mean, rounded down.
 *
 * @param weights - non-negative integers
 * @throws RangeError if all weights are 0
 */
export function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let below = 0
  let lower: number | null = null
  for (const index of order) {
    const weight = weights[index] as number
    if (weight === 0) continue
    if (lower !== null) return Math.floor((lower + (values[index] as number)) / 2)
    below += weight
    if (2 * below > total) return values[index] as number
    if (2 * below === total) lower = values[index] as number
  }
  throw new RangeError('weights must not all be 0')
}
