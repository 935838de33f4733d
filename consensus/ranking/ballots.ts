import { divideFloor, MICRO, roundHalfUp } from './micro.ts'
import { ORDERS, type Comparison, type RankedAnswer, type Situation, type WeighedComparison } from './types.ts'
import type { JudgeWeight } from './weights.ts'

/** Judges who are known share so much of their errors: what N of them say alike is worth less than N times what one says. */
const SHARED_ERROR = 0.5

export interface BallotsInput {
  answers: readonly RankedAnswer[]
  comparisons: readonly Comparison[]
  /** One per player. */
  judgeWeights: readonly JudgeWeight[]
}

/** A comparison, and what a verdict for the left and for the right answer would weigh before anything is shared. */
interface Said {
  comparison: Comparison
  weight: JudgeWeight
  left: number
  right: number
}

/**
 * Weighs the comparisons of a round. A verdict weighs half the log-odds of its judge for the situation that it states, a tie
 * half the mean size of both. So a pair seen in both orders weighs 1, and a tie where the orders disagree; repeating
 * one order adds nothing. What judges have in common is taken off first, see `independentPart`; a family of judges
 * shares. Where nobody's verdict weighs anything, all verdicts weigh the same. Pure, integers; relabelling changes labels
 * only.
 *
 * @throws RangeError if a comparison names a judge or an answer that does not exist
 */
export function weighBallots({ answers, comparisons, judgeWeights }: BallotsInput): WeighedComparison[] {
  const said = comparisons.map((comparison): Said => {
    const weight = judgeWeights[comparison.judge]
    if (weight === undefined) throw new RangeError(`judge must be 0..${judgeWeights.length - 1}, got ${comparison.judge}`)
    const [left, right] = statesOf(answers, comparison)
    return { comparison, weight, left: weight[left], right: weight[right] }
  })
  const parts = independentPart(said)
  const alike = said.every(({ comparison }) => (parts.get(comparison.judge) ?? 0) === 0)
  const repeats = countRepeats(comparisons, answers.length)
  return said.map(({ comparison, left, right }, index) => {
    const { verdict } = comparison
    const full = verdict === 'left' ? left : verdict === 'right' ? right : (Math.abs(left) + Math.abs(right)) / 2
    const own = alike ? MICRO : full * (parts.get(comparison.judge) ?? 0)
    const size = roundHalfUp((Math.abs(own) * (shareOf(answers, judgeWeights, comparison) / MICRO)) / (ORDERS * (repeats[index] as number)))
    return { ...comparison, weight: own < 0 ? -size : size }
  })
}

/** The situations that a verdict for the left and for the right answer states. */
export function statesOf(answers: readonly RankedAnswer[], { judge, left, right }: Comparison): [Situation, Situation] {
  const authorOf = (index: number): number => {
    const answer = answers[index]
    if (answer === undefined) throw new RangeError(`answer must be 0..${answers.length - 1}, got ${index}`)
    return answer.author
  }
  const [leftOwn, rightOwn] = [authorOf(left) === judge, authorOf(right) === judge]
  if (leftOwn === rightOwn) return ['first', 'second']
  return leftOwn ? ['own', 'rival'] : ['rival', 'own']
}

/**
 * The factor that is left of each judge's log-odds once the errors it shares with the others are taken out: the best
 * linear weights of N judges with log-odds l and correlation c between their errors are l - c * sum(l) / (1 + (N - 1) c), up to
 * a factor, here the one by which the mean judge weighs 1 on a pair that it saw in both orders. A judge below that common part adds nothing; neither does
 * one without weight, to this or to the decision. The less the judges are known the smaller c: among strangers
 * differences are chance.
 */
function independentPart(said: readonly Said[]): Map<number, number> {
  const judges = new Map<number, { sum: number; count: number; weight: JudgeWeight }>()
  for (const { comparison, weight, left, right } of said) {
    if (left === 0 && right === 0) continue
    const { sum, count } = judges.get(comparison.judge) ?? { sum: 0, count: 0 }
    judges.set(comparison.judge, { sum: sum + left + right, count: count + 2, weight })
  }
  const means = [...judges].map(([judge, { sum, count, weight: { share, known } }]) => ({ judge, mean: roundHalfUp(sum / count), share, known }))
  const heads = means.reduce((total, { share }) => total + share, 0) / MICRO
  const total = means.reduce((sum, { mean, share }) => sum + mean * share, 0) / MICRO
  const known = means.reduce((sum, judge) => sum + judge.known * judge.share, 0) / MICRO / MICRO
  const shared = heads === 0 ? 0 : (SHARED_ERROR * known) / heads
  const common = (shared * total) / (1 + Math.max(0, heads - 1) * shared)
  const parts = means.map(({ judge, mean, share }) => ({ judge, mean, share, part: mean === 0 ? 0 : Math.max(0, Math.min(1, (mean - common) / mean)) }))
  const kept = parts.reduce((sum, { mean, part, share }) => sum + roundHalfUp((Math.abs(mean) * part * share) / MICRO), 0)
  return new Map(parts.map(({ judge, part }) => [judge, kept === 0 ? 0 : (part * heads * MICRO) / kept]))
}

/** A comparison counts as much as those who take part in it, each once: the judge and the authors. */
function shareOf(answers: readonly RankedAnswer[], judgeWeights: readonly JudgeWeight[], { judge, left, right }: Comparison): number {
  const players = new Set([judge, (answers[left] as RankedAnswer).author, (answers[right] as RankedAnswer).author])
  const shares = [...players].map((player) => (judgeWeights[player] as JudgeWeight).share)
  return shares.sort((a, b) => a - b).reduce((product, share) => divideFloor(product * share, MICRO), MICRO)
}

/** How often the judge of each comparison compares that pair in that order. */
function countRepeats(comparisons: readonly Comparison[], answers: number): number[] {
  const keys = comparisons.map(({ judge, left, right }) => (judge * answers + left) * answers + right)
  const counts = new Map<number, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return keys.map((key) => counts.get(key) as number)
}
