import type { Prior } from './control.ts'
import { controlVariates } from './control.ts'
import { countPairsOfSize } from './pairs.ts'
import type { PairModel } from './regression.ts'
import { fitPairModel } from './regression.ts'
import { shiftToSum } from './round-to-sum.ts'
import type { PairSample } from './sample.ts'

/** An estimated credit of each player in micro-units, before it is rounded, with its variance. */
export interface Estimate {
  credit: Float64Array
  variance: Float64Array
}

/**
 * Estimates the Shapley value from complementary pairs. A model explains what it can (regression.ts), control variates
 * with a known credit among it; what it leaves is estimated by player and size (stratified: Castro et al. 2017, SVARM:
 * Kolpaczki et al. 2024; complementary: Zhang et al. 2023), so that the estimate converges to the truth whatever the model;
 * and the sum is moved to v(N). Pure, the same bits everywhere: + - * / in row order.
 */
export function estimateCredit(sample: PairSample, grandValue: number, prior: Prior): Estimate {
  const controls = controlVariates(sample, prior)
  const model = fitPairModel(sample, controls)
  const { credit, variance } = stratify(sample, model)
  for (let player = 0; player < sample.players; player++) {
    let value = (credit[player] as number) + (model.effects[player] as number)
    for (const [control, coefficient] of model.coefficients.entries()) value += coefficient * (controls.credits[control]?.[player] as number)
    credit[player] = value
  }
  return { credit: shiftToSum(credit, grandValue), variance }
}

/**
 * The stratified estimate from residuals: for each player the mean over sizes j = 1..n of the mean of r(S) = -r(N without S)
 * over coalitions S of size j with that player in it. A stratum without rows counts 0, as the model says. It is a weighted
 * sum of residuals; its variance is that of the sum over independent groups of rows, less what a finite population takes.
 *
 * For the coalitions that were drawn the residuals are right; for those that were not they speak as far as the model leaves rows free
 * to: little where it could fit all, since what it could not is mostly noise, and entirely where there are many rows.
 */
function stratify(sample: PairSample, model: PairModel): Estimate {
  const { players: n, count, members } = sample
  const { residuals, sizes, counts } = model
  const weights = stratumWeights(sample, model)
  const credit = new Float64Array(n)
  const variance = new Float64Array(n)
  const group = new Float64Array(n)
  // What part of each size is not known yet: rows that are drawn together may repeat others.
  const left = counts.map((rows, size) => (sample.groupRows === 1 && rows > 0 ? Math.max(0, 1 - rows / countPairsOfSize(n, size)) : 1))
  const groups = count / sample.groupRows
  const inflation = (count / Math.max(count - model.freedom, 0.5)) * (groups / Math.max(groups - 1, 0.5))
  const free = Math.max(0, 1 - model.freedom / Math.max(1, count))
  const trusted = left.map((part) => 1 - part + part * free * free)
  for (let row = 0; row < count; row++) {
    const size = sizes[row] as number
    const residual = residuals[row] as number
    for (let player = 0; player < n; player++) {
      const part = residual * (weights[(2 * size + (members[row * n + player] as number)) * n + player] as number)
      credit[player] = (credit[player] as number) + (trusted[size] as number) * part
      group[player] = (group[player] as number) + part
    }
    if ((row + 1) % sample.groupRows !== 0) continue
    const factor = inflation * (left[size] as number)
    for (let player = 0; player < n; player++) variance[player] = (variance[player] as number) + factor * (group[player] as number) * (group[player] as number)
    group.fill(0)
  }
  return { credit, variance }
}

/** What a row of each size weighs for each player, outside it (2 * size) and in it (2 * size + 1): n each. */
function stratumWeights({ players: n, count, members }: PairSample, { sizes, counts }: PairModel): Float64Array {
  const weights = new Float64Array(2 * (n + 1) * n)
  const rowsWith = new Float64Array((n + 1) * n)
  for (let row = 0; row < count; row++) {
    const line = (sizes[row] as number) * n
    for (let player = 0; player < n; player++) rowsWith[line + player] = (rowsWith[line + player] as number) + (members[row * n + player] as number)
  }
  for (let size = 1; 2 * size <= n; size++) {
    const rows = counts[size] as number
    for (let player = 0; player < n; player++) {
      const own = rowsWith[size * n + player] as number
      const isHalf = 2 * size === n
      weights[2 * size * n + player] = -1 / (n * Math.max(1, isHalf ? rows : rows - own))
      weights[(2 * size + 1) * n + player] = 1 / (n * Math.max(1, isHalf ? rows : own))
    }
  }
  return weights
}
