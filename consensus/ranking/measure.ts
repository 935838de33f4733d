import { fitBradleyTerry } from './bradley-terry.ts'
import { MICRO, roundHalfUp } from './micro.ts'
import type { RankedAnswer, RankingInput, WeighedComparison } from './types.ts'

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
export function measureAnswers({ answers, comparisons, answerWeights }: RankingInput): Measured {
  return measureWins({ answers, answerWeights, wins: tallyWins(answers.length, comparisons) })
}

/** A round whose comparisons are counted: `wins` as of `tallyWins`. */
export interface TalliedRound {
  answers: readonly RankedAnswer[]
  answerWeights: readonly number[]
  wins: ArrayLike<number>
}

/** As `measureAnswers`, from the wins. @throws RangeError on an author or cluster out of range */
export function measureWins({ answers, answerWeights, wins }: TalliedRound): Measured {
  for (const { author, cluster } of answers) {
    assertIndex('author', author, answerWeights.length)
    assertIndex('cluster', cluster, answers.length)
  }
  const scaled = Float64Array.from(wins, (weight) => weight / MICRO)
  const strengths = Array.from(fitBradleyTerry(scaled, answers.length), (strength) => roundHalfUp(strength * NANO))
  return { strengths, masses: sumMasses(answers, strengths, answerWeights) }
}

/**
 * Wins in micro-units, n*n row-major; wins[i*n+j] is the weight that prefers answer i to j. A tie is half a win each,
 * a negative weight reverses a verdict. Integers, and the tally of some comparisons and of others adds up to that of all.
 *
 * @throws RangeError on an index out of range or an answer compared with itself
 */
export function tallyWins(n: number, comparisons: readonly WeighedComparison[]): Float64Array {
  const wins = new Float64Array(n * n)
  const add = (winner: number, loser: number, weight: number): void => {
    wins[winner * n + loser] = (wins[winner * n + loser] as number) + weight
  }
  for (const { left, right, verdict, weight } of comparisons) {
    assertIndex('left', left, n)
    assertIndex('right', right, n)
    if (left === right) throw new RangeError(`an answer cannot be compared with itself, got ${left}`)
    const size = Math.abs(weight)
    if (verdict === 'tie') {
      add(left, right, Math.floor(size / 2))
      add(right, left, Math.floor(size / 2))
    } else if ((verdict === 'left') === weight > 0) add(left, right, size)
    else add(right, left, size)
  }
  return wins
}

function assertIndex(name: string, index: number, bound: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= bound) throw new RangeError(`${name} must be 0..${bound - 1}, got ${index}`)
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
