import { computeLogarithm } from './logarithm.ts'
import { divideFloor, MICRO, rootFloor } from './micro.ts'
import { ORDERS, SITUATIONS, type Course, type Judging, type JudgingTrial, type Posterior, type Situation, type Trial } from './types.ts'

/** A reputation as it is shown and used: probabilities in micro-units, 0 <= low <= mean <= high <= 1_000_000. */
export interface ReputationSummary {
  mean: number
  low: number
  high: number
  /** Rounds that spoke, without decay. */
  count: number
  /** Too little evidence to be told from a newcomer. */
  probation: boolean
}

/** A full trial takes 1/128 off what was known before, so that at most 128 trials are ever remembered; of some, fewer are. */
export const MEMORY_TRIALS = 128

/** Virtual successes, and as many failures, that everybody starts with: the uniform prior on 0..1. */
const PRIOR_TRIALS = 1

/** The interval reaches this many hundredths of a standard deviation to either side: 90 % of a normal distribution. */
const REACH_HUNDREDTHS = 164

/** Doubt, a log-likelihood ratio, breaks a record off at odds of twenty to one. */
const DOUBT_MAX = computeLogarithm(20)

/** Nobody is expected to be right more often than this, so that a record breaks off after four failures in a row, not before. */
const PROMISE_MAX = 0.75

/** What is left of a record that broke off: one part in this many. */
const BROKEN_PARTS = 16

/** Members with less evidence than this many remembered trials are in probation. */
export const PROBATION_TRIALS = 8

export function emptyPosterior(): Posterior {
  return { success: 0, failure: 0, count: 0, doubt: 0 }
}

/**
 * Adds a round. The past decays in proportion to the evidence, so rounds that say little also erase little, and a
 * round without evidence changes nothing. Pure, integers only; success + failure never exceeds `memory` trials.
 *
 * @throws RangeError if the evidence is not made of non-negative integers of at most one trial together
 */
export function observe(posterior: Posterior, trial: Trial, memory = MEMORY_TRIALS): Posterior {
  const size = sizeOf([trial], 1)
  if (size === 0) return posterior
  const { course, parts } = proceed(posterior, posterior, trial)
  return { ...add(posterior, trial, size, { memory, parts }), ...course }
}

export function emptyJudging(): Judging {
  return { ...everySituation(() => ({ success: 0, failure: 0 })), count: 0, doubt: 0 }
}

/** A whole trial failed, whichever answer was the better one. */
export const FAILED_JUDGING: JudgingTrial = everySituation(() => ({ success: 0, failure: MICRO / SITUATIONS.length }))

/** As `observe`, for a judge, of whom a round shows up to one trial for each order of the pairs: all situations fade alike. */
export function observeJudging(judging: Judging, trial: JudgingTrial, memory = MEMORY_TRIALS): Judging {
  const size = sizeOf(SITUATIONS.map((situation) => trial[situation]), ORDERS)
  if (size === 0) return judging
  const { course, parts } = proceed(judging, poolTrial(judging), poolTrial(trial))
  return { ...everySituation((situation) => add(judging[situation], trial[situation], size, { memory, parts })), ...course }
}

/** A judge's reliability over all situations. */
export function poolJudging(judging: Judging): Posterior {
  return { ...poolTrial(judging), count: judging.count, doubt: judging.doubt }
}

/** What a judge showed over all situations. */
export function poolTrial(trial: JudgingTrial): Trial {
  const sum = (of: keyof Trial): number => SITUATIONS.reduce((total, situation) => total + trial[situation][of], 0)
  return { success: sum('success'), failure: sum('failure') }
}

export function everySituation<T>(of: (situation: Situation) => T): { [S in Situation]: T } {
  return { first: of('first'), second: of('second'), own: of('own'), rival: of('rival') }
}

function sizeOf(trials: readonly Trial[], most: number): number {
  let size = 0
  for (const { success, failure } of trials) {
    if (!Number.isInteger(success) || !Number.isInteger(failure) || success < 0 || failure < 0) {
      throw new RangeError(`evidence must be non-negative integers, got ${success} and ${failure}`)
    }
    size += success + failure
  }
  if (size > most * MICRO) throw new RangeError(`evidence must be at most ${most * MICRO} together, got ${size}`)
  return size
}

/** Old evidence faded by a trial of `size`, one part of what is left of it, and the new evidence. */
function add(known: Trial, { success, failure }: Trial, size: number, { memory, parts }: { memory: number; parts: number }): Trial {
  const fade = (evidence: number): number => divideFloor(evidence - divideFloor(evidence * size + memory * MICRO - 1, memory * MICRO), parts)
  return { success: fade(known.success) + success, failure: fade(known.failure) + failure }
}

/**
 * Page's test for a member that has turned: doubt is how much more likely what was seen is if the member is right half as often as
 * its record promises, as a logarithm; it is never negative. At `DOUBT_MAX` the record breaks off. A round counts once, in however many orders pairs were asked.
 */
function proceed({ count, doubt }: Course, known: Trial, { success, failure }: Trial): { course: Course; parts: number } {
  const mean = (known.success + PRIOR_TRIALS * MICRO) / (known.success + known.failure + 2 * PRIOR_TRIALS * MICRO)
  const promised = Math.min(PROMISE_MAX, mean)
  const ratio = failure * computeLogarithm((1 - promised / 2) / (1 - promised)) - success * computeLogarithm(2)
  const next = Math.max(0, doubt + Math.floor(ratio / Math.max(1, (success + failure) / MICRO)))
  const isBroken = next >= DOUBT_MAX * MICRO
  return { course: { count: count + 1, doubt: isBroken ? 0 : next }, parts: isBroken ? BROKEN_PARTS : 1 }
}

/** Mean of the posterior with its prior, and an interval of `REACH_HUNDREDTHS` around it; 0..1 for nobody known. */
export function summarize({ success, failure, count }: Posterior): ReputationSummary {
  const wins = success + PRIOR_TRIALS * MICRO
  const total = wins + failure + PRIOR_TRIALS * MICRO
  const mean = divideFloor(wins * MICRO, total)
  const variance = Math.floor(((mean * (MICRO - mean)) / (total + MICRO)) * MICRO)
  const reach = divideFloor(rootFloor(variance) * REACH_HUNDREDTHS, 100)
  return {
    mean,
    low: Math.max(0, mean - reach),
    high: Math.min(MICRO, mean + reach),
    count,
    probation: isInProbation({ success, failure }),
  }
}

export function isInProbation({ success, failure }: Trial): boolean {
  return success + failure < PROBATION_TRIALS * MICRO
}
