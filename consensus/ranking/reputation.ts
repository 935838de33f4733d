import { divideFloor, MICRO } from './micro.ts'
import type { Posterior } from './types.ts'

/** What one member showed in one round, in micro-units of one trial: success + failure is at most 1_000_000. */
export interface Trial {
  success: number
  failure: number
}

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

/** A full trial takes 1/128 off what was known before, so that at most 128 trials are ever remembered. */
export const MEMORY_TRIALS = 128

/** Virtual successes, and as many failures, that everybody starts with: the uniform prior on 0..1. */
const PRIOR_TRIALS = 1

/** The interval reaches this many hundredths of a standard deviation to either side: 90 % of a normal distribution. */
const REACH_HUNDREDTHS = 164

/** Members with less evidence than this many remembered trials are in probation. */
export const PROBATION_TRIALS = 8

export function emptyPosterior(): Posterior {
  return { success: 0, failure: 0, count: 0 }
}

/**
 * Adds a round. The past decays in proportion to the evidence, so rounds that say little also erase little, and a
 * round without evidence changes nothing. Pure, integers only; success + failure never exceeds `MEMORY_TRIALS`.
 *
 * @throws RangeError if the evidence is not made of non-negative integers of at most one trial together
 */
export function observe(posterior: Posterior, { success, failure }: Trial): Posterior {
  const trial = success + failure
  if (!Number.isInteger(success) || !Number.isInteger(failure) || success < 0 || failure < 0 || trial > MICRO) {
    throw new RangeError(`evidence must be non-negative integers of at most ${MICRO} together, got ${success} and ${failure}`)
  }
  if (trial === 0) return posterior
  const decay = (known: number): number => known - divideFloor(known * trial + MEMORY_TRIALS * MICRO - 1, MEMORY_TRIALS * MICRO)
  return { success: decay(posterior.success) + success, failure: decay(posterior.failure) + failure, count: posterior.count + 1 }
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
    probation: success + failure < PROBATION_TRIALS * MICRO,
  }
}

/** Largest integer whose square is at most `square`, a non-negative safe integer; Newton from above. */
function rootFloor(square: number): number {
  if (square < 2) return square
  let root = Math.floor(square / 2) + 1
  for (;;) {
    const next = Math.floor((root + Math.floor(square / root)) / 2)
    if (next >= root) return root
    root = next
  }
}
