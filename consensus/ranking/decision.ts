import { measureAnswers } from './measure.ts'
import { apportion, MICRO, roundHalfUp } from './micro.ts'
import type { Decision, RankingInput } from './types.ts'

/**
 * Ranks the answers of a round, or of any coalition of it. Pure and bit-reproducible. Without usable comparisons all
 * strengths are equal and the answer weights decide. Relabelling answers or judges changes labels only, up to the one
 * micro-unit that makes `strengths` and `masses` sum to 1_000_000.
 *
 * @param input - trusted
 * @throws RangeError on an index out of range or an answer compared with itself
 */
export function decide(input: RankingInput): Decision {
  const { strengths, masses } = measureAnswers(input)
  if (strengths.length === 0) return { strengths: [], masses: [], tied: [], winner: null, agreement: 0 }
  const highest = Math.max(...masses)
  const tied = masses.flatMap((mass, cluster) => (mass === highest ? [cluster] : []))
  const first = tied[0] as number
  const shares = apportion(MICRO, masses)
  const runnerUp = shares.reduce((best, share, cluster) => (cluster === first ? best : Math.max(best, share)), 0)
  return {
    strengths: apportion(MICRO, strengths),
    masses: shares,
    tied,
    winner: pickAnswer(input, strengths, first),
    agreement: tied.length > 1 ? 0 : (shares[first] as number) - runnerUp,
  }
}

/**
 * Estimated probability, in micro-units, that answer `index` beats a random other answer; 1_000_000 if it is alone.
 *
 * @param strengths - integers as in a `Decision`
 * @throws RangeError if index is out of range
 */
export function beatProbability(strengths: readonly number[], index: number): number {
  const own = strengths[index]
  if (own === undefined) throw new RangeError(`index must be below ${strengths.length}, got ${index}`)
  if (strengths.length === 1) return MICRO
  let sum = 0
  strengths.forEach((other, at) => {
    if (at !== index) sum += own + other === 0 ? MICRO / 2 : roundHalfUp((own * MICRO) / (own + other))
  })
  return Math.floor(sum / (strengths.length - 1))
}

/** Strongest answer of a cluster; among equals the one whose author weighs most, then the first. */
function pickAnswer({ answers, answerWeights }: RankingInput, strengths: readonly number[], wanted: number): number {
  const weightOf = (index: number): number => answerWeights[answers[index]?.author as number] as number
  const inside = answers.flatMap(({ cluster }, index) => (cluster === wanted ? [index] : []))
  return inside.reduce((best, index) => {
    const lead = (strengths[index] as number) - (strengths[best] as number)
    return lead > 0 || (lead === 0 && weightOf(index) > weightOf(best)) ? index : best
  })
}
