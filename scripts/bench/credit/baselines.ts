import type { PairSample } from '../../../credit/index.ts'

/** Estimators that the default one is measured against, in plain floating point. */

/** The plain mean of what players add, over independent permutations; `values[k]` are the prefix values of `orders[k]`. */
export function meanOfPermutations(orders: readonly (readonly number[])[], values: readonly (readonly number[])[], players: number): number[] {
  const credit = Array.from({ length: players }, () => 0)
  for (const [index, order] of orders.entries()) {
    let before = 0
    for (const [position, player] of order.entries()) {
      const after = values[index]?.[position] as number
      credit[player] = (credit[player] as number) + (after - before) / orders.length
      before = after
    }
  }
  return credit
}

/**
 * Stratified SVARM (Kolpaczki et al. 2024) on complementary pairs: for each player the mean over sizes of the mean of
 * v(S) - v(N without S) over sampled S of that size with the player; strata without a sample are left out.
 */
export function stratifiedSvarm({ players: n, count, members, inside, outside }: PairSample, grandValue: number): number[] {
  const sums = new Float64Array(n * (n + 1))
  const rows = new Float64Array(n * (n + 1))
  for (let row = 0; row < count; row++) {
    const own = members.subarray(row * n, (row + 1) * n)
    const size = own.reduce((sum, isIn) => sum + isIn, 0)
    const difference = (inside[row] as number) - (outside[row] as number)
    for (let player = 0; player < n; player++) {
      const at = player * (n + 1) + (own[player] === 1 ? size : n - size)
      sums[at] = (sums[at] as number) + (own[player] === 1 ? difference : -difference)
      rows[at] = (rows[at] as number) + 1
    }
  }
  return shifted(Array.from({ length: n }, (_, player) => {
    const strata = Array.from({ length: n - 1 }, (_, index) => player * (n + 1) + index + 1).filter((at) => rows[at] !== 0)
    return (strata.reduce((sum, at) => sum + (sums[at] as number) / (rows[at] as number), 0) + grandValue) / (strata.length + 1)
  }), grandValue)
}

/**
 * Paired regression with leverage weights (Musco and Witter 2025): least squares under the Shapley kernel over the
 * sampling frequency of each size, its sum held at v(N).
 */
export function leverageRegression({ players: n, count, members, inside, outside }: PairSample, grandValue: number): number[] {
  const sizes = Array.from({ length: count }, (_, row) => members.subarray(row * n, (row + 1) * n).reduce((sum, isIn) => sum + isIn, 0))
  const counts = Array.from({ length: n + 1 }, (_, size) => sizes.filter((own) => own === size).length)
  const gram = Array.from({ length: n }, () => new Float64Array(n + 1))
  for (const [row, size] of sizes.entries()) {
    const weight = (2 * size === n ? 1 : 2) / (size * (n - size) * (counts[size] as number))
    const difference = (inside[row] as number) - (outside[row] as number) - (grandValue / n) * (2 * size - n)
    for (let i = 0; i < n; i++) {
      const signI = members[row * n + i] === 1 ? weight : -weight
      const line = gram[i] as Float64Array
      for (let j = 0; j < n; j++) line[j] = (line[j] as number) + (members[row * n + j] === 1 ? signI : -signI)
      line[n] = (line[n] as number) + signI * difference
    }
  }
  // A constraint on the sum, as a penalty that nothing works against: the differences have the common part taken off.
  const scale = gram.reduce((sum, line, i) => sum + (line[i] as number), 0) / n
  for (const [i, line] of gram.entries()) {
    for (let j = 0; j < n; j++) line[j] = (line[j] as number) + 1e6 * scale
    line[i] = (line[i] as number) + 1e-9 * scale
  }
  return shifted(solve(gram), grandValue)
}

/** Gauss and Jordan with pivots; each line ends with its right side. */
function solve(lines: Float64Array[]): number[] {
  const n = lines.length
  for (let column = 0; column < n; column++) {
    const rest = lines.slice(column)
    const pivot = column + rest.reduce((best, line, index) => (Math.abs(line[column] as number) > Math.abs(rest[best]?.[column] as number) ? index : best), 0)
    const line = lines[pivot] as Float64Array
    lines.splice(pivot, 1)
    lines.splice(column, 0, line)
    for (const [index, other] of lines.entries()) {
      if (index === column) continue
      const factor = (other[column] as number) / (line[column] as number)
      for (let j = column; j <= n; j++) other[j] = (other[j] as number) - factor * (line[j] as number)
    }
  }
  return lines.map((line, index) => (line[n] as number) / (line[index] as number))
}

function shifted(values: readonly number[], total: number): number[] {
  const missing = total - values.reduce((sum, value) => sum + value, 0)
  return values.map((value) => value + missing / values.length)
}
