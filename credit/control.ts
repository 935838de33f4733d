import type { Fractions } from './closed-forms.ts'
import { creditOfLot, creditOfRankedWinner } from './closed-forms.ts'
import type { CoalitionRows } from './pairs.ts'

/**
 * What a round knows of its game before any coalition is evaluated: the quality of each player's answer, which is the
 * value of that player alone (0 without an answer), and the players with an answer in the order in which the whole swarm
 * ranks them. It steers the noise of an estimate, never its mean: a wrong one costs evaluations only.
 */
export interface Prior {
  quality: readonly number[]
  order: readonly number[]
}

/** What is known of a game without a ranking: the values of single players, ranked by themselves. */
export function priorOfSingles(singles: readonly number[]): Prior {
  const order = singles.map((_, player) => player).sort((a, b) => (singles[b] as number) - (singles[a] as number) || a - b)
  return { quality: singles, order }
}

/** Games whose credit is known in closed form, as control variates: for each row w(S) - w(N without S), and their credits. */
export interface ControlVariates {
  count: number
  /** rows * count, row-major. */
  differences: Float64Array
  credits: Float64Array[]
}

/** Real rounds lie between two games: in one the ranking by everybody always decides, in the other a lot does. */
const CONTROLS = 2

/** The control variates of a sample: the fixed ranking, and the lot among the answers. */
export function controlVariates(rows: CoalitionRows, prior: Prior): ControlVariates {
  const { players, count, members } = rows
  const differences = new Float64Array(count * CONTROLS)
  const quality = Float64Array.from({ length: players }, (_, player) => prior.quality[player] ?? 0)
  const order = Uint16Array.from(prior.order)
  for (let row = 0; row < count; row++) {
    const start = row * players
    let [sumIn, sumOut, countIn, countOut, firstIn, firstOut] = [0, 0, 0, 0, 0, 0]
    for (let rank = 0; rank < order.length; rank++) {
      const player = order[rank] as number
      const own = quality[player] as number
      if (members[start + player] === 1) {
        if (countIn++ === 0) firstIn = own
        sumIn += own
      } else {
        if (countOut++ === 0) firstOut = own
        sumOut += own
      }
    }
    differences[row * CONTROLS] = firstIn - firstOut
    differences[row * CONTROLS + 1] = sumIn / Math.max(1, countIn) - sumOut / Math.max(1, countOut)
  }
  const credits = [creditOfRankedWinner(prior.quality, prior.order), creditOfLot(prior.quality, prior.order)].map(toFloats)
  return { count: CONTROLS, differences, credits }
}

/** To billionths, rounded down: the division of large integers is exact, and so is what follows. */
function toFloats({ numerators, denominator }: Fractions): Float64Array {
  return Float64Array.from(numerators, (numerator) => Number((numerator * 1_000_000_000n) / denominator) / 1_000_000_000)
}
