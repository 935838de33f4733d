import { statesOf } from './ballots.ts'
import { beatProbability } from './decision.ts'
import type { Likeness } from './kin.ts'
import { measureLikeness } from './likeness.ts'
import { measureAnswers } from './measure.ts'
import { divideFloor, MICRO, roundHalfUp } from './micro.ts'
import { everySituation } from './reputation.ts'
import type { Comparison, JudgingTrial, RankedAnswer, RankingInput, Trial } from './types.ts'

export interface EvidenceInput extends RankingInput {
  /** The part of the players that is out of probation, in micro-units: consensus among unknown members proves nothing. */
  anchorMicro: number
  /** Evaluation of each answer in micro-units, from the revealed truth or a checker (null: this one has none); null without any. */
  quality: readonly (number | null)[] | null
}

/** What a round shows about each player, by player index: at most one trial each, of a judge one for each order of the pairs, and who errs like whom. */
export interface RoundEvidence {
  answering: Trial[]
  judging: JudgingTrial[]
  likeness: Likeness[]
}

/**
 * A round without truth is this part of a trial, at most. On no recording did it teach anything, and at a tenth it cost
 * a dominant answerer, whom the others contradict, its lead.
 */
const UNTRUE_PARTS = 100

/** Below this many players nothing is learned: of two, each would only confirm itself. */
const PLAYERS_MIN = 3

/**
 * Reputation evidence of one round. Pure.
 *
 * With truth: an answerer succeeds by the quality of its answers, where not all are alike; a judge by the part of its verdicts that
 * put the better answer first (a tie is half), told apart by situation. What all get right or all get wrong tells nobody from another.
 * All verdicts of a judge are one trial together: they share its way of reading this task, and a hundred correlated ballots are not a
 * hundred observations. Pairs asked in both orders are two: in one order, opinion and position cannot be told apart.
 *
 * Without truth everything is leave-one-out, above chance, a hundredth, and only as far as the players are known from truth:
 * see `judgeAgreement` and `answerAgreement`.
 *
 * @throws RangeError as `measureAnswers`, or if `quality` does not have one entry per answer
 */
export function gatherEvidence(input: EvidenceInput): RoundEvidence {
  const { quality, answers, comparisons, answerWeights, anchorMicro } = input
  const players = answerWeights.length
  if (quality !== null && quality.length !== answers.length) throw new RangeError(`quality must have ${answers.length} entries, got ${quality.length}`)
  const each = <T>(of: (player: number) => T): T[] => Array.from({ length: players }, (_, player) => of(player))
  if (players < PLAYERS_MIN) return { answering: each(sayNothing), judging: each(() => everySituation(sayNothing)), likeness: [] }
  const likeness = measureLikeness({ answers, comparisons, quality })
  if (quality === null) {
    const isAnchored = anchorMicro > 0
    return {
      answering: each((player) => (isAnchored ? answerAgreement(input, player) : sayNothing())),
      judging: each((player) => (isAnchored ? judgeAgreement(input, player) : everySituation(sayNothing))),
      likeness,
    }
  }
  const isTelling = new Set(quality.filter((value) => value !== null)).size > 1
  return {
    answering: each((player) => (isTelling ? scoreAnswers(quality.filter((_, index) => answers[index]?.author === player)) : sayNothing())),
    judging: each((player) => scoreVerdicts(answers, comparisons.filter(({ judge }) => judge === player), quality)),
    likeness,
  }
}

function sayNothing(): Trial {
  return { success: 0, failure: 0 }
}

function scoreAnswers(qualities: readonly (number | null)[]): Trial {
  const known = qualities.filter((quality) => quality !== null)
  if (known.length === 0) return sayNothing()
  const success = average(known)
  return { success, failure: MICRO - success }
}

/**
 * Each pair counts once for each order it was asked in, whatever the number of verdicts; pairs of equal or unknown quality do not. Rounded
 * down, so that the parts of one order are at most one trial together.
 */
function scoreVerdicts(answers: readonly RankedAnswer[], comparisons: readonly Comparison[], quality: readonly (number | null)[]): JudgingTrial {
  const known = comparisons.flatMap((comparison) => {
    const [left, right] = [quality[comparison.left] ?? null, quality[comparison.right] ?? null]
    const pair = Math.min(comparison.left, comparison.right) * quality.length + Math.max(comparison.left, comparison.right)
    const asked = comparison.left * quality.length + comparison.right
    return left === null || right === null || left === right ? [] : [{ comparison, leftBetter: left > right, pair, asked }]
  })
  const pairs = new Set(known.map(({ pair }) => pair)).size
  const said = new Map<number, number>()
  for (const { asked } of known) said.set(asked, (said.get(asked) ?? 0) + 1)
  const trial: JudgingTrial = everySituation(sayNothing)
  for (const { comparison, leftBetter, asked } of known) {
    const situation = statesOf(answers, comparison)[leftBetter ? 0 : 1]
    const part = divideFloor(MICRO, pairs * (said.get(asked) as number))
    const { verdict } = comparison
    const right = verdict === 'tie' ? Math.floor(part / 2) : (verdict === 'left') === leftBetter ? part : 0
    const { success, failure } = trial[situation]
    trial[situation] = { success: success + right, failure: failure + part - right }
  }
  return trial
}

/**
 * A judge against the consensus of the others: its verdicts scored as with truth, an answer being better if its
 * cluster has more mass in the round without anything of that judge, neither its ballots nor its answer nor what was
 * said about it. Chance is one half, since positions are drawn: always saying left, or tie, shows a judge to be empty.
 */
function judgeAgreement({ answers, comparisons, answerWeights, anchorMicro }: EvidenceInput, player: number): JudgingTrial {
  const kept = answers.flatMap((answer, index) => (answer.author === player ? [] : [{ ...answer, index }]))
  const places = new Map(kept.map(({ index }, place) => [index, place]))
  const labels = new Map<number, number>()
  for (const { cluster } of kept) labels.set(cluster, labels.get(cluster) ?? labels.size)
  const others = kept.map(({ author, cluster }) => ({ author, cluster: labels.get(cluster) as number }))
  const heard = comparisons.flatMap((comparison) => {
    const left = places.get(comparison.left)
    const right = places.get(comparison.right)
    return left === undefined || right === undefined ? [] : [{ ...comparison, left, right }]
  })
  const own = heard.filter(({ judge }) => judge === player)
  if (own.length === 0) return everySituation(sayNothing)
  const { masses } = measureAnswers({ answers: others, comparisons: heard.filter(({ judge }) => judge !== player), answerWeights })
  const trial = scoreVerdicts(others, own, others.map(({ cluster }) => masses[cluster] as number))
  return everySituation((situation) => weaken(trial[situation], anchorMicro))
}

/**
 * An answerer against the others: how often its answer equals or beats a random other one, its own ballots left out.
 * What the answers of this round reach on average is chance and counts as half a success, so agreeing where everybody
 * agrees shows nothing.
 */
function answerAgreement({ answers, comparisons, answerWeights, anchorMicro }: EvidenceInput, player: number): Trial {
  const own = answers.flatMap(({ author }, index) => (author === player ? [index] : []))
  if (own.length === 0 || answers.every(({ cluster }) => cluster === answers[0]?.cluster)) return sayNothing()
  const ballots = comparisons.filter(({ judge }) => judge !== player)
  const { strengths } = measureAnswers({ answers, comparisons: ballots, answerWeights })
  const standings = answers.map((_, index) => computeStanding(answers, strengths, index))
  const chance = average(standings)
  const reached = average(own.map((index) => standings[index] as number))
  const excess = reached > chance ? (reached - chance) / (MICRO - chance) : (reached - chance) / chance
  const success = roundHalfUp((MICRO * (1 + excess)) / 2)
  return weaken({ success, failure: MICRO - success }, anchorMicro)
}

/** Probability, in micro-units, that an answer equals or beats a random other one. There must be an unequal one. */
function computeStanding(answers: readonly RankedAnswer[], strengths: readonly number[], index: number): number {
  const own = answers[index]?.cluster
  const rivals = answers.flatMap(({ cluster }, at) => (cluster === own ? [] : [strengths[at] as number]))
  if (rivals.length === 0) return MICRO
  const beaten = beatProbability([strengths[index] as number, ...rivals], 0)
  const equals = answers.length - 1 - rivals.length
  return divideFloor(equals * MICRO + rivals.length * beaten, answers.length - 1)
}

function average(values: readonly number[]): number {
  return divideFloor(values.reduce((sum, value) => sum + value, 0), values.length)
}

/** A hundredth of the evidence, as far as it is anchored. */
function weaken({ success, failure }: Trial, anchorMicro: number): Trial {
  const part = (evidence: number): number => divideFloor(evidence * anchorMicro, UNTRUE_PARTS * MICRO)
  return { success: part(success), failure: part(failure) }
}
