import { valuesAlone } from './credit-from-shares.ts'
import type { CreditResult } from './credit-result.ts'
import { ceilSquareRoot, findBestSingle } from './credit-result.ts'
import { estimateCredit } from './estimate.ts'
import { ESTIMATE_DENOMINATOR, roundToSum } from './round-to-sum.ts'
import { gatherPairs } from './sample.ts'
import type { Work } from './work.ts'

/** What one member's agent says about the coalitions of a plan, where v is a matter of opinion: all units, and v(N) once or more. */
export interface Grader {
  /** Reputation, a non-negative integer. */
  weight: number
  units: readonly (readonly number[])[]
  grandValues: readonly number[]
}

/** A credit from grades, and how far single grades lie from the middle one: 1.4826 times the median distance. */
export interface GradedCredit {
  credit: CreditResult
  noise: number
}

/**
 * Credit where v is graded instead of computed. Each grader's grades give a credit of their own, and the credit of a player
 * is the weighted median of these: a directed lie moves a median only as far as honest opinions on the credit differ, which
 * is little, since a credit averages many grades. A median per coalition would let it move each coalition as far as honest
 * grades differ, in opposite directions with and without the favoured player. v(N) is the weighted median of all its grades, the
 * error that of the estimate from the weighted median of each coalition. Pure, the same for everybody who holds the grades.
 *
 * @param init.order - players with an answer as the swarm ranks them
 * @returns null without graders or units
 * @throws RangeError if graders have different numbers of units or no grade of v(N)
 */
export function creditFromGrades(init: { graders: readonly Grader[]; work: Work; order: readonly number[] }): GradedCredit | null {
  const { graders, work, order } = init
  const [first] = graders
  if (first === undefined || first.units.length === 0) return null
  if (graders.some(({ units, grandValues }) => units.length !== first.units.length || grandValues.length === 0)) throw new RangeError('graders must grade the same units, and v(N)')
  const weights = graders.some(({ weight }) => weight > 0) ? graders.map(({ weight }) => weight) : graders.map(() => 1)
  const grandValue = weightedMedian(
    graders.flatMap(({ grandValues }) => grandValues),
    graders.flatMap(({ grandValues }, index) => grandValues.map(() => weights[index] as number)),
  )
  const middle = first.units.map((values, unit) => values.map((_, position) => weightedMedian(graders.map(({ units }) => units[unit]?.[position] as number), weights)))
  const sample = gatherPairs(work, middle)
  const alone = valuesAlone(sample)
  const prior = { quality: alone.map((value) => value ?? 0), order }
  const opinions = graders.map(({ units, grandValues }) => {
    const own = estimateCredit(gatherPairs(work, units), weightedMedian(grandValues, grandValues.map(() => 1)), prior)
    return Array.from(own.credit, (value) => Math.floor(value * ESTIMATE_DENOMINATOR + 0.5))
  })
  const medians = Float64Array.from({ length: work.players }, (_, player) => weightedMedian(opinions.map((credit) => credit[player] as number), weights) / ESTIMATE_DENOMINATOR)
  const { variance } = estimateCredit(sample, grandValue, prior)
  return {
    credit: {
      method: 'regression',
      credit: roundToSum(medians, grandValue),
      denominator: ESTIMATE_DENOMINATOR,
      grandValue,
      bestSingle: findBestSingle(alone),
      standardError: Array.from(variance, (value) => ceilSquareRoot(BigInt(Math.ceil(value)))),
      evaluations: sample.count * 2 * graders.length,
    },
    noise: noiseOf(graders, middle),
  }
}

function noiseOf(graders: readonly Grader[], middle: readonly (readonly number[])[]): number {
  const distances = graders.flatMap(({ units }) => units.flatMap((values, unit) => values.map((value, position) => Math.abs(value - (middle[unit]?.[position] as number)))))
  return Math.floor(1.4826 * weightedMedian(distances, distances.map(() => 1)))
}

/**
 * The value with half of the weight on either side; where half of it ends exactly between two values, their mean, rounded down.
 *
 * @param weights - non-negative integers, not all 0
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
