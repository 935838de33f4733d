import { fitBradleyTerry } from './bradley-terry.ts'
import { apportion, MICRO, roundHalfUp } from './micro.ts'
import type { Comparison, Decision, RankedAnswer, RankingInput } from './types.ts'

/** Strengths are summed as integers of these per unit, so that no order of summation shows in a mass. */
const NANO = 1_000_000_000

/**
 * Ranks the answers of a round, or of any coalition of it. Pure and bit-reproducible. Without usable comparisons all
 * strengths are equal and the answer weights decide. Relabelling answers or judges changes labels only, up to the one
 * micro-unit that makes `strengths` and `masses` sum to 1_000_000.
 *
 * @param input - trusted; judge weights may be negative (verdicts count the other way round)
 * @throws RangeError on an index out of range or an answer compared with itself
 */
export function decide(input: RankingInput): Decision {
  const { answers, answerWeights } = input
  assertIndices(input)
  if (answers.length === 0) return { strengths: [], masses: [], tied: [], winner: null, agreement: 0 }
  const wins = tallyWins(answers.length, input.comparisons, input.judgeWeights)
  const fitted = fitBradleyTerry(wins.map((weight) => weight / MICRO), answers.length)
  const strengths = Array.from(fitted, (strength) => roundHalfUp(strength * NANO))
  const masses = sumMasses(answers, strengths, answerWeights)
  const shares = apportion(MICRO, masses)
  const tied = findHighest(masses)
  const first = tied[0] as number
  const runnerUp = shares.reduce((best, share, cluster) => (cluster === first ? best : Math.max(best, share)), 0)
  return {
    strengths: apportion(MICRO, strengths),
    masses: shares,
    tied,
    winner: pickAnswer(answers, strengths, answerWeights, first),
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
 * Mass per cluster: strength times weight of the author, summed over its answers, as integers of which the whole field
 * holds at most about 1_000_000_000. Where nobody has mass (no author weighs anything) all clusters are equal.
 */
function sumMasses(answers: readonly RankedAnswer[], strengths: readonly number[], answerWeights: readonly number[]): number[] {
  const heaviest = answers.reduce((most, { author }) => Math.max(most, answerWeights[author] as number), 1)
  const masses: number[] = []
  answers.forEach(({ author, cluster }, index) => {
    while (masses.length <= cluster) masses.push(0)
    masses[cluster] = (masses[cluster] as number) + roundHalfUp((strengths[index] as number) * ((answerWeights[author] as number) / heaviest))
  })
  return masses.some((mass) => mass > 0) ? masses : masses.map(() => 1)
}

/** Clusters that share the highest mass once it is rounded to micro-units, ascending. */
function findHighest(masses: readonly number[]): number[] {
  const total = masses.reduce((sum, mass) => sum + mass, 0)
  const rounded = masses.map((mass) => roundHalfUp((mass * MICRO) / total))
  const highest = Math.max(...rounded)
  return rounded.flatMap((mass, cluster) => (mass === highest ? [cluster] : []))
}

/** Strongest answer of a cluster; among equals the one whose author weighs most, then the first. */
function pickAnswer(answers: readonly RankedAnswer[], strengths: readonly number[], answerWeights: readonly number[], wanted: number): number {
  let best = -1
  answers.forEach(({ author, cluster }, index) => {
    if (cluster !== wanted) return
    const held = answers[best]
    const lead = held === undefined ? 1 : (strengths[index] as number) - (strengths[best] as number)
    const weightLead = held === undefined ? 1 : (answerWeights[author] as number) - (answerWeights[held.author] as number)
    if (lead > 0 || (lead === 0 && weightLead > 0)) best = index
  })
  return best
}
