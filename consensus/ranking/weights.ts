import { computeLogOdds } from './logarithm.ts'
import { divideFloor, MICRO } from './micro.ts'
import { summarize } from './reputation.ts'
import type { Posterior } from './types.ts'

/** The part of a member's reputation, in the domain of a task, that its influence comes from. */
export interface Standing {
  answering: Posterior
  judging: Posterior
}

/** Integers in micro-units, one per player. Judge weights may be negative: such a judge is read the other way round. */
export interface FrozenWeights {
  judgeWeights: number[]
  answerWeights: number[]
}

/** An answerer that was never right still weighs something, so that answers are comparable where nobody else answers. */
const ANSWER_WEIGHT_MIN = MICRO / 1000

/**
 * Turns reputations into the weights of one round, the same for every coalition of its players. With nobody known all
 * weights are 1_000_000. Pure, integers.
 */
export function freezeWeights(players: readonly Standing[]): FrozenWeights {
  return {
    judgeWeights: admitNewcomers(players.map(({ judging }) => weighJudge(judging))),
    answerWeights: admitNewcomers(players.map(({ answering }) => weighAnswerer(answering))),
  }
}

/**
 * Log-odds at the end of the reliability interval nearer to one half, 0 where the interval contains it, null in
 * probation. As memory is bounded, so is the weight: 3.9 for a judge that never errs.
 */
function weighJudge(judging: Posterior): number | null {
  const { low, high, probation } = summarize(judging)
  if (probation) return null
  if (low * 2 > MICRO) return computeLogOdds(low)
  if (high * 2 < MICRO) return computeLogOdds(high)
  return 0
}

/** Lower end of the skill interval, null in probation. */
function weighAnswerer(answering: Posterior): number | null {
  const { low, probation } = summarize(answering)
  return probation ? null : Math.max(low, ANSWER_WEIGHT_MIN)
}

/**
 * Fills in the members in probation (null): each weighs like the mean of the known members, all of them together at
 * most half of what the known weigh, which is a third of the total. While no known member weighs anything they weigh
 * 1_000_000 each.
 */
function admitNewcomers(weights: readonly (number | null)[]): number[] {
  const known = weights.filter((weight) => weight !== null)
  const sum = known.reduce((total, weight) => total + Math.abs(weight), 0)
  const share = sum === 0 ? MICRO : divideFloor(sum, Math.max(known.length, 2 * (weights.length - known.length)))
  return weights.map((weight) => weight ?? share)
}
