import { countPairs, createWork, estimateCredit, evaluateUnits, gatherPairs, pairsToDraw, unitPermutation, type PairSample, type Work } from '../../../credit/index.ts'
import { leverageRegression, meanOfPermutations, stratifiedSvarm } from './baselines.ts'
import type { BenchGame } from './games.ts'

/** Evaluations per player. */
export const BUDGETS = [5, 10, 20, 50, 100, 200]

/** The default estimator comes twice: on fresh complementary pairs, and on prefixes of antithetic permutations. */
export const ESTIMATORS = ['permutations', 'antithetic', 'svarm', 'leverage', 'without control', 'default', 'default, prefixes'] as const
export type Estimator = (typeof ESTIMATORS)[number]

/** Relative error |estimate - truth| / |truth| (Euclidean) by estimator, averaged over seeds. */
export interface ErrorCell {
  game: string
  players: number
  budget: number
  errors: Record<Estimator, number>
  seeds: number
  /** The default over the better of SVARM and leverage regression, without control variates, on the same pairs. */
  againstBetter: Measured
  /** Share of credits of the default on pairs that lie within two of its standard errors. */
  covered: number
}

/** A figure and its own standard error. */
export interface Measured {
  ratio: number
  error: number
}

/** Relative errors below this are equal: both estimates are right to four digits. */
const ERROR_FLOOR = 1e-4

/** Measures all estimators on one game at budgets at which a plan would not take all coalitions, each at the same number of evaluations. */
export function measureErrors(bench: BenchGame, seeds: number): ErrorCell[] {
  const { name, game, shapley } = bench
  const n = game.players
  const budgets = BUDGETS.filter((budget) => pairsToDraw(Math.floor((budget * n) / 2), n) < countPairs(n))
  if (budgets.length === 0) return []
  const samplesOf = budgets.map(() => ({ errors: Object.fromEntries(ESTIMATORS.map((estimator) => [estimator, []])) as unknown as Record<Estimator, number[]>, covered: 0 }))
  const size = norm(shapley)
  for (let seed = 0; seed < seeds; seed++) {
    const samples = sampleGame(bench, `${name}/${seed}`, Math.max(...budgets) * n)
    for (const [index, budget] of budgets.entries()) {
      const { estimates, variance } = estimateAll(bench, samples, budget * n)
      const total = samplesOf[index] as (typeof samplesOf)[number]
      for (const estimator of ESTIMATORS) {
        total.errors[estimator].push(norm(estimates[estimator].map((value, player) => value / bench.unit - (shapley[player] as number))) / size)
      }
      const inside = estimates.default.filter((value, player) => Math.abs(value / bench.unit - (shapley[player] as number)) * bench.unit <= 2 * Math.sqrt(variance[player] as number) + 1e-9)
      total.covered += inside.length / n / seeds
    }
  }
  return budgets.map((budget, index) => {
    const { errors: samples, covered } = samplesOf[index] as (typeof samplesOf)[number]
    const errors = Object.fromEntries(ESTIMATORS.map((estimator) => [estimator, mean(samples[estimator])])) as Record<Estimator, number>
    const better = samples[errors.svarm < errors.leverage ? 'svarm' : 'leverage']
    return { game: name, players: n, budget, seeds, errors, againstBetter: ratioOfMeans(samples.default, better), covered }
  })
}

/** The ratio of the means of two figures taken from the same samples, with its standard error to first order. */
export function ratioOfMeans(above: readonly number[], below: readonly number[]): Measured {
  const [a, b] = [Math.max(mean(above), ERROR_FLOOR), Math.max(mean(below), ERROR_FLOOR)]
  const ratio = a / b
  const residuals = above.map((value, index) => value - ratio * (below[index] as number))
  const centre = mean(residuals)
  const variance = residuals.reduce((sum, residual) => sum + (residual - centre) ** 2, 0) / Math.max(1, residuals.length - 1)
  return { ratio, error: Math.sqrt(variance / residuals.length) / b }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

interface Samples {
  pairs: { work: Work; values: number[][] }
  permutations: { work: Work; values: number[][] }
}

function sampleGame({ game }: BenchGame, seed: string, evaluations: number): Samples {
  const n = game.players
  const sample = (kind: Work['kind'], units: number): Samples['pairs'] => {
    const work = createWork({ plan: { kind, units }, seed, players: n })
    return { work, values: evaluateUnits(game, work, 0, units) }
  }
  return {
    pairs: sample('pairs', Math.floor(evaluations / 2)),
    // Twice as many as antithetic pairs need: independent ones are every other unit.
    permutations: sample('permutations', 2 * permutationsFor(evaluations, n)),
  }
}

/** v(N) is the same in all permutations and counts once, which is as cheap as a permutation can be made. */
function permutationsFor(evaluations: number, n: number): number {
  return Math.max(2, Math.floor((evaluations - 1) / (n - 1)))
}

function estimateAll({ game, prior }: BenchGame, { pairs, permutations }: Samples, evaluations: number): { estimates: Record<Estimator, number[]>; variance: Float64Array } {
  const n = game.players
  const grandValue = permutations.values[0]?.at(-1) as number
  const count = permutationsFor(evaluations, n)
  const average = (units: readonly number[]): number[] =>
    meanOfPermutations(units.map((unit) => orderOf(permutations.work, unit)), units.map((unit) => permutations.values[unit] as number[]), n)
  const fresh = gatherPairs(pairs.work, pairs.values.slice(0, Math.floor(evaluations / 2)))
  const prefixes = gatherPairs(permutations.work, permutations.values.slice(0, count - (count % 2)))
  const estimate = (sample: PairSample, order = prior.order): { credit: Float64Array; variance: Float64Array } =>
    estimateCredit(sample, grandValue, { quality: prior.quality, order })
  const { credit, variance } = estimate(fresh)
  return {
    variance,
    estimates: {
      'permutations': average(Array.from({ length: count }, (_, index) => 2 * index)),
      'antithetic': average(Array.from({ length: count }, (_, index) => index)),
      'svarm': stratifiedSvarm(fresh, grandValue),
      'leverage': leverageRegression(fresh, grandValue),
      'without control': [...estimate(fresh, []).credit],
      'default': [...credit],
      'default, prefixes': [...estimate(prefixes).credit],
    },
  }
}

const orders = new Map<string, number[]>()

function orderOf(work: Work, unit: number): number[] {
  if (work.kind !== 'permutations') throw new RangeError('only permutations have an order')
  const key = `${work.seed}/${work.players}/${unit}`
  const known = orders.get(key)
  if (known !== undefined) return known
  if (orders.size > 10_000) orders.clear()
  const order = unitPermutation(work.seed, unit, work.players)
  orders.set(key, order)
  return order
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}
