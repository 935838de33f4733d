import { valuesAlone } from './credit-from-shares.ts'
import type { PairSample } from './sample.ts'

/** Simpler measures than credit, from the same values, to be shown beside it: none is conserved. In micro-units. */
export interface Comparisons {
  /** What each player is worth alone. Null where it was not evaluated, as below. */
  alone: (number | null)[]
  /** What everybody together would lose without the player: 0 for all where one can stand in for another. */
  leaveOneOut: (number | null)[]
  /** The estimated mean of what the player adds to a coalition of others, all coalitions alike (Banzhaf 1965). */
  banzhaf: number[]
}

/** Computes the measures. The Banzhaf index is stratified by size; sizes without a sample are left out. Pure. */
export function compareMeasures(sample: PairSample, grandValue: number): Comparisons {
  const { players: n, count, members, inside, outside } = sample
  const alone = valuesAlone(sample).map((value) => value ?? null)
  const leaveOneOut: (number | null)[] = Array.from({ length: n }, () => null)
  const sums = new Float64Array(n * (n + 1))
  const rows = new Float64Array(n * (n + 1))
  for (let row = 0; row < count; row++) {
    const own = members.subarray(row * n, (row + 1) * n)
    const size = own.reduce((sum, isIn) => sum + isIn, 0)
    if (size === 1) leaveOneOut[own.indexOf(1)] = grandValue - (outside[row] as number)
    const difference = (inside[row] as number) - (outside[row] as number)
    for (let player = 0; player < n; player++) {
      const at = player * (n + 1) + (own[player] === 1 ? size : n - size)
      sums[at] = (sums[at] as number) + (own[player] === 1 ? difference : -difference)
      rows[at] = (rows[at] as number) + 1
    }
  }
  const banzhaf = Array.from({ length: n }, (_, player) => {
    let [sum, weights, weight] = [0, 0, 1]
    for (let size = 1; size <= n; size++) {
      const at = player * (n + 1) + size
      const mean = size === n ? grandValue : (sums[at] as number) / (rows[at] as number)
      if (size === n || (rows[at] as number) > 0) {
        sum += weight * mean
        weights += weight
      }
      weight = (weight * (n - size)) / size
    }
    return Math.floor(sum / weights + 0.5) + 0
  })
  return { alone, leaveOneOut, banzhaf }
}
