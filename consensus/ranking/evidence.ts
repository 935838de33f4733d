import { beatProbability } from './decision.ts'
import { measureAnswers } from './measure.ts'
import { divideFloor, MICRO, roundHalfUp } from './micro.ts'
import type { Trial } from './reputation.ts'
import type { Comparison, RankedAnswer, RankingInput } from './types.ts'

export interface EvidenceInput extends RankingInput {
  /** Number of players; those who did nothing get no evidence. */
  players: number
  /** Evaluation of each answer in micro-units, from the revealed truth or a checker (null: this one has none); null without any. */
  quality: readonly (number | null)[] | null
}

/** What a round shows about each player, by player index. At most one trial each. */
export interface RoundEvidence {
  answering: Trial[]
  judging: Trial[]
}

/** A round without truth is this part of a trial. */
const UNTRUE_PARTS = 10

/** Below this many players nothing is learned: of two, each would only confirm itself. */
const PLAYERS_MIN = 3

/**
 * Reputation evidence of one round. Pure.
 *
 * With truth: an answerer succeeds by the quality of its answers, a judge by the part of its verdicts that put the
 * better answer first (a tie is half). All verdicts of a judge are one trial together: they share its way of reading
 * this task, and a hundred correlated ballots are not a hundred observations.
 *
 * Without truth everything is leave-one-out, above chance, and a tenth: see `judgeAgreement` and `answerAgreement`.
 *
 * @throws RangeError as `measureAnswers`, or if `quality` does not have one entry per answer
 */
export function gatherEvidence(input: EvidenceInput): RoundEvidence {
  const { players, quality, answers } = input
  const evidence = (of: (player: number) => Trial): Trial[] => Array.from({ length: players }, (_, player) => of(player))
  if (quality !== null && quality.length !== answers.length) throw new RangeError(`quality must have ${answers.length} entries, got ${quality.length}`)
  if (players < PLAYERS_MIN) return { answering: evidence(sayNothing), judging: evidence(sayNothing) }
  if (quality === null) {
    return { answering: evidence((player) => answerAgreement(input, player)), judging: evidence((player) => judgeAgreement(input, player)) }
  }
  return {
    answering: evidence((player) => scoreAnswers(quality.filter((_, index) => answers[index]?.author === player))),
    judging: evidence((player) => scoreVerdicts(input.comparisons.filter(({ judge }) => judge === player), quality)),
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

/** Each pair counts once, whatever the number of verdicts on it; pairs of equal or unknown quality do not. */
function scoreVerdicts(comparisons: readonly Comparison[], quality: readonly (number | null)[]): Trial {
  const pairs = new Map<number, { right: number; said: number }>()
  for (const { left, right, verdict } of comparisons) {
    const leftQuality = quality[left] ?? null
    const rightQuality = quality[right] ?? null
    if (leftQuality === null || rightQuality === null || leftQuality === rightQuality) continue
    const key = Math.min(left, right) * quality.length + Math.max(left, right)
    const pair = pairs.get(key) ?? { right: 0, said: 0 }
    const score = verdict === 'tie' ? 1 : (verdict === 'left') === leftQuality > rightQuality ? 2 : 0
    pairs.set(key, { right: pair.right + score, said: pair.said + 2 })
  }
  if (pairs.size === 0) return sayNothing()
  let sum = 0
  for (const { right, said } of pairs.values()) sum += divideFloor(right * MICRO, said)
  const success = divideFloor(sum, pairs.size)
  return { success, failure: MICRO - success }
}

/**
 * A judge against the consensus of the others: its verdicts scored as with truth, an answer being better if its
 * cluster has more mass in the round without anything of that judge, neither its ballots nor its answer nor what was
 * said about it. Chance is one half, since positions are drawn: always saying left, or tie, shows a judge to be empty.
 */
function judgeAgreement({ answers, comparisons, judgeWeights, answerWeights }: EvidenceInput, player: number): Trial {
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
  const ballots = heard.filter(({ judge }) => judge !== player)
  const { masses } = measureAnswers({ answers: others, comparisons: ballots, judgeWeights, answerWeights })
  const quality = others.map(({ cluster }) => masses[cluster] as number)
  const { success, failure } = scoreVerdicts(heard.filter(({ judge }) => judge === player), quality)
  return weaken(success, success + failure)
}

/**
 * An answerer against the others: how often its answer equals or beats a random other one, its own ballots left out.
 * What the answers of this round reach on average is chance and counts as half a success, so agreeing where everybody
 * agrees shows nothing.
 */
function answerAgreement({ answers, comparisons, judgeWeights, answerWeights }: EvidenceInput, player: number): Trial {
  const own = answers.flatMap(({ author }, index) => (author === player ? [index] : []))
  if (own.length === 0 || answers.every(({ cluster }) => cluster === answers[0]?.cluster)) return sayNothing()
  const ballots = comparisons.filter(({ judge }) => judge !== player)
  const { strengths } = measureAnswers({ answers, comparisons: ballots, judgeWeights, answerWeights })
  const standings = answers.map((_, index) => computeStanding(answers, strengths, index))
  const chance = average(standings)
  const reached = average(own.map((index) => standings[index] as number))
  const excess = reached > chance ? (reached - chance) / (MICRO - chance) : (reached - chance) / chance
  return weaken(roundHalfUp((MICRO * (1 + excess)) / 2), MICRO)
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

/** A tenth of the evidence `success` out of `trial`, or nothing of nothing. */
function weaken(success: number, trial: number): Trial {
  const part = divideFloor(success, UNTRUE_PARTS)
  return { success: part, failure: divideFloor(trial, UNTRUE_PARTS) - part }
}
