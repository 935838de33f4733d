import { countShares, type Kin } from './kin.ts'
import { computeLogarithm } from './logarithm.ts'
import { divideFloor, MICRO, rootFloor, roundHalfUp } from './micro.ts'
import { everySituation, poolTrial, PROBATION_TRIALS } from './reputation.ts'
import type { Judging, JudgingTrial, Posterior, Situation, Trial } from './types.ts'

/** The part of a member's reputation, in the domain of a task, that its influence comes from. */
export interface Standing {
  id: string
  answering: Posterior
  judging: Judging
  kin: readonly Kin[]
}

/** What a judge's verdicts weigh by the situation that they state, in signed micro-units. */
export interface JudgeWeight extends Record<Situation, number> {
  /** As how much of a member the player counts, in micro-units: as a judge, and as the author of what others judge. */
  share: number
  /** How well the judge is known, 0..1_000_000: half of that after `HALF_KNOWN_TRIALS`. */
  known: number
}

/** The weights of one round, integers in micro-units, one per player. */
export interface FrozenWeights {
  judgeWeights: JudgeWeight[]
  answerWeights: number[]
  /** The part of the players that is out of probation: what their consensus is worth as evidence. */
  anchorMicro: number
}

/** An unknown judge is right so often: enough to weigh something, little enough to be overtaken soon. */
const JUDGE_PRIOR = 0.65

/** A judge is believed to be like an unknown one as if by so many trials. */
const JUDGE_TRIALS = 16

/** A judge's verdicts in one situation are believed to be like all of its verdicts, as if by so many trials. */
const SITUATION_TRIALS = 32

/** After so many trials a judge is half known. */
const HALF_KNOWN_TRIALS = 4

/** Answerers are taken for right so often before anybody in the panel is known. */
const ANSWER_PRIOR = 0.5

/** An answerer is believed to be like the panel, and the panel like that, as if by so many trials. */
const ANSWER_TRIALS = 8

/** Skills are kept this far from 0 and 1, so that odds are bounded. */
const SKILL_MARGIN = 0.01

/**
 * Turns reputations into the weights of one round, the same for every coalition of its players. Nobody known: all
 * judges weigh the same, and all answers. Pure, integers.
 */
export function freezeWeights(players: readonly Standing[]): FrozenWeights {
  const known = players.map(({ answering, judging }) => Math.max(trialsOf(answering), trialsOf(poolTrial(judging))))
  const crowd = crowdNewcomers(known)
  const shares = countShares(players).map((share, index) => divideFloor(share * (crowd[index] as number), MICRO))
  const newcomers = known.filter((trials) => trials < PROBATION_TRIALS).length
  const panel = panelSkill(players.map(({ answering }) => answering))
  return {
    judgeWeights: players.map(({ judging }, index) => ({ ...weighJudge(judging), share: shares[index] as number })),
    answerWeights: players.map(({ answering }, index) => divideFloor(weighAnswerer(answering, panel) * (shares[index] as number), MICRO)),
    anchorMicro: players.length === 0 ? 0 : divideFloor((players.length - newcomers) * MICRO, players.length),
  }
}

/**
 * As how much of a member each counts, in micro-units. Those in probation may be copies, who as two do more than two who differ: they count together as
 * one. Where all are in probation, it is what each of them lacks that counts together as one, in relation to whoever lacks least, so that strangers among
 * themselves count in full.
 *
 * @param known - remembered trials of each
 */
function crowdNewcomers(known: readonly number[]): number[] {
  const newcomers = known.filter((trials) => trials < PROBATION_TRIALS).length
  if (newcomers < known.length) return known.map((trials) => (trials < PROBATION_TRIALS ? divideFloor(MICRO, newcomers) : MICRO))
  const lacking = known.reduce((sum, trials) => sum + PROBATION_TRIALS - trials, 0) / PROBATION_TRIALS
  const counted = known.map((trials) => trials / PROBATION_TRIALS + (1 - trials / PROBATION_TRIALS) / Math.max(1, lacking))
  const most = counted.reduce((highest, part) => Math.max(highest, part), 0)
  return counted.map((part) => Math.floor((part / most) * MICRO))
}

/**
 * The log-likelihood ratio of each verdict: how much more often the judge says so when it is true than when the
 * opposite is. Always saying left, or always preferring the own answer, is as frequent in both cases and weighs
 * nothing; a judge that is reliably wrong weighs less than nothing. One standard deviation is taken off towards 0.
 */
function weighJudge(judging: JudgingTrial): Omit<JudgeWeight, 'share'> {
  const pooled = poolTrial(judging)
  const reliability = estimate(pooled, JUDGE_PRIOR, JUDGE_TRIALS)
  const trials = Math.min(SITUATION_TRIALS, reliability.trials)
  const hits = everySituation((situation) => estimate(judging[situation], reliability.mean, trials))
  const weigh = (truly: Situation, falsely: Situation): number => {
    const [said, opposite] = [hits[truly], hits[falsely]]
    const miss = 1 - opposite.mean
    const ratio = computeLogarithm(said.mean / miss)
    const variance = (1 - said.mean) / (said.mean * said.trials) + opposite.mean / (miss * opposite.trials)
    const cautious = Math.max(0, Math.abs(ratio) - computeRoot(variance))
    return roundHalfUp(cautious * MICRO) * (ratio < 0 ? -1 : 1)
  }
  const size = pooled.success + pooled.failure
  const known = divideFloor(size * MICRO, size + HALF_KNOWN_TRIALS * MICRO)
  return { first: weigh('first', 'second'), second: weigh('second', 'first'), own: weigh('own', 'rival'), rival: weigh('rival', 'own'), known }
}

/**
 * How much better than the panel an answerer is: the squared ratio of their odds to be right. The square because
 * answerers err together: among members who repeat each other, the best one counts, not their number. Where one standard
 * deviation reaches the panel's skill the answerer weighs like the panel, 1_000_000; so does a newcomer.
 */
function weighAnswerer(trial: Trial, panel: number): number {
  const { mean, trials } = estimate(trial, panel, ANSWER_TRIALS)
  const deviation = computeRoot((mean * (1 - mean)) / (trials + 1))
  const skill = Math.max(mean - deviation, Math.min(mean + deviation, panel))
  const odds = oddsOf(skill) / oddsOf(panel)
  return Math.max(1, roundHalfUp(odds * odds * MICRO))
}

/** How often the answers of all players together were right. */
function panelSkill(trials: readonly Trial[]): number {
  const sum = (of: keyof Trial): number => trials.reduce((total, trial) => total + trial[of], 0)
  return estimate({ success: sum('success'), failure: sum('failure') }, ANSWER_PRIOR, ANSWER_TRIALS).mean
}

/** Mean of a Beta posterior whose prior has this mean and weighs so many trials, and the trials it stands on. */
function estimate(trial: Trial, prior: number, priorTrials: number): { mean: number; trials: number } {
  const trials = trialsOf(trial) + priorTrials
  return { mean: (trial.success / MICRO + prior * priorTrials) / trials, trials }
}

function trialsOf({ success, failure }: Trial): number {
  return (success + failure) / MICRO
}

function oddsOf(chance: number): number {
  const inside = Math.max(SKILL_MARGIN, Math.min(1 - SKILL_MARGIN, chance))
  return inside / (1 - inside)
}

/** Square root of a number below 1000, to a millionth. */
function computeRoot(square: number): number {
  return rootFloor(Math.floor(square * MICRO * MICRO)) / MICRO
}
