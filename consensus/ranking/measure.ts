import { fitBradleyTerry } from './bradley-terry.ts'
import { MICRO, roundHalfUp } from './micro.ts'
import type { Comparison, RankedAnswer, RankingInput } from './types.ts'

/** Strengths are summed as integers of these per unit, so that no order of summation shows in a mass. */
const NANO = 1_000_000_000

/** What the comparisons and weights of a round say. Each number is rounded by itself: equals are equal, sums are not exact. */
export interface Measured {
  /** Bradley-Terry strength per answer, in billionths. */
  strengths: number[]
  /** Mass per cluster, in micro-units. */
  masses: number[]
}

/**
 * Strengths of the answers and masses of their clusters. Pure and bit-reproducible; a relabelling changes labels only.
 * Without usable comparisons all strengths are equal; where no author weighs anything, all masses are.
 *
 * @throws RangeError on an index out of range or an answer compared with itself
 */
export function measureAnswers(input: RankingInput): Measured {
  assertIndices(input)
  const { answers, comparisons, judgeWeights, answerWeights } = input
  const wins = tallyWins(answers.length, comparisons, judgeWeights)
  const fitted = fitBradleyTerry(wins.map((weight) => weight / MICRO), answers.length)
  const strengths = Array.from(fitted, (strength) => roundHalfUp(strength * NANO))
  return { strengths, masses: sumMasses(answers, strengths, answerWeights) }
}

function assertIndices({ answers, comparisons, judgeWeights, answerWeights }: RankingInput): void {
  const check = (name: string, index: number, bound: number): void => {
    if (!Number.isInteger(index) || index < 0 || index >= bound) throw new RangeError(`${name} must be 0..${bound - 1}, got ${index}`)
  }
  for (const { author, cluster } of answers) {
    check('author', author, answerWeights.length)
    check('cluster', cluster, answers.length)
  }
  for (const { judge, left, right } of comparisons) {
    check('judge', judge, judgeWeights.length)
    check('left', left, answers.length)
    check('right', right, answers.length)
    if (left === right) throw new RangeError(`an answer cannot be compared with itself, got ${left}`)
  }
}

/**
 * Wins as integers in micro-units, n*n row-major. All that one judge says on one pair weighs its weight together, so
 * two orders that disagree are a tie; a tie is half a win each.
 */
function tallyWins(n: number, comparisons: readonly Comparison[], judgeWeights: readonly number[]): Float64Array {
  const wins = new Float64Array(n * n)
  const said = new Uint32Array(n * n)
  const pairOf = ({ left, right }: Comparison): number => Math.min(left, right) * n + Math.max(left, right)
  for (const [judge, own] of groupByJudge(comparisons)) {
    const weight = judgeWeights[judge] as number
    said.fill(0)
    for (const comparison of own) said[pairOf(comparison)] = (said[pairOf(comparison)] as number) + 1
    for (const comparison of own) {
      const { left, right, verdict } = comparison
      const share = Math.floor(Math.abs(weight) / (said[pairOf(comparison)] as number))
      const half = Math.floor(share / 2)
      const leftWins = (verdict === 'left') === (weight > 0)
      wins[left * n + right] = (wins[left * n + right] as number) + (verdict === 'tie' ? half : leftWins ? share : 0)
      wins[right * n + left] = (wins[right * n + left] as number) + (verdict === 'tie' ? half : leftWins ? 0 : share)
    }
  }
  return wins
}

function groupByJudge(comparisons: readonly Comparison[]): Map<number, Comparison[]> {
  const groups = new Map<number, Comparison[]>()
  for (const comparison of comparisons) {
    const group = groups.get(comparison.judge)
    if (group) group.push(comparison)
    else groups.set(comparison.judge, [comparison])
  }
  return groups
}

/**
 * Mass per cluster: strength times weight of the author, summed over its answers as integers, and its share of the whole
 * field rounded.
 */
function sumMasses(answers: readonly RankedAnswer[], strengths: readonly number[], answerWeights: readonly number[]): number[] {
  const heaviest = answers.reduce((most, { author }) => Math.max(most, answerWeights[author] as number), 1)
  const masses: number[] = []
  let total = 0
  answers.forEach(({ author, cluster }, index) => {
    const part = roundHalfUp((strengths[index] as number) * ((answerWeights[author] as number) / heaviest))
    while (masses.length <= cluster) masses.push(0)
    masses[cluster] = (masses[cluster] as number) + part
    total += part
  })
  return masses.map((mass) => roundHalfUp(total === 0 ? MICRO / masses.length : (mass * MICRO) / total))
}
