import type { PanelRun } from './run-order.ts'
import { comparePaired, mean, meanPerPlace, type Difference } from './statistics.ts'

/** Every way of finding an answer that is measured, in the order of the tables. */
export const METHODS = [
  'swarm',
  'plurality',
  'weightedPlurality',
  'bradleyTerry',
  'bradleyTerryPerAnswer',
  'runningNoTruth',
  'runningTruth',
  'meanSingle',
  'bestSingle',
  'oracle',
] as const
export type Method = (typeof METHODS)[number]

/** What is known about one set under one setting, as `--json` prints it. Accuracies are shares, 0..1, means over the orders. */
export interface SetSummary {
  name: string
  file: string
  settings: { truth: string; kind: string | null; mode: string | null; category: string | null; orders: number[] }
  tasks: number
  agents: number
  judges: number
  ballots: number
  accuracy: Record<Method, number | null>
  /** The order in which the swarm was right least often. */
  worst: { order: number; swarm: number }
  /** How much higher the swarm is than each other method, paired task by task. */
  differences: Partial<Record<Method, Difference>>
  /** The best member, had one known it: the same one over all tasks, and over the last third of each order. */
  bestSingle: string
  lastThird: { swarm: number; bestSingle: number }
  perOrder: { order: number; swarm: number }[]
}

/** A summary, and the methods' running accuracies, to draw. */
export interface Summary {
  set: SetSummary
  curves: { name: Method; points: [number, number][] }[]
}

/** Puts together the runs of one set in several orders. */
export function summariseSet(about: Pick<SetSummary, 'name' | 'file' | 'settings'>, runs: readonly PanelRun[]): Summary {
  const { counts, references } = runs[0] as PanelRun
  const { singles } = references
  const best = singles.reduce((top, single) => (mean(single.right) > mean(top.right) ? single : top))
  const meanOfSingles = meanPerPlace(singles.map(({ right }) => right))
  const chances = runs.map(({ run }): Record<Method, number[] | null> => ({ ...run, ...references, meanSingle: meanOfSingles, bestSingle: best.right }))
  const applicable = METHODS.filter((method) => chances[0]?.[method] !== null)
  const perTask = new Map(applicable.map((method) => [method, meanPerPlace(chances.map((of) => of[method] as number[]))]))
  const swarm = perTask.get('swarm') as number[]
  const perOrder = runs.map(({ run }) => ({ order: run.order, swarm: mean(run.swarm) }))
  const set: SetSummary = {
    ...about,
    ...counts,
    accuracy: Object.fromEntries(METHODS.map((method) => [method, perTask.has(method) ? mean(perTask.get(method) as number[]) : null])) as SetSummary['accuracy'],
    worst: perOrder.reduce((lowest, run) => (run.swarm < lowest.swarm ? run : lowest)),
    differences: Object.fromEntries(applicable.filter((method) => method !== 'swarm').map((method) => [method, comparePaired(swarm, perTask.get(method) as number[])])),
    bestSingle: best.name,
    lastThird: summariseLastThird(runs),
    perOrder,
  }
  const drawn = applicable.filter((method) => method !== 'meanSingle' && method !== 'oracle')
  const curveOf = (method: Method): [number, number][] => accumulate(runs.map(({ run }, index) => run.places.map((place) => chances[index]?.[method]?.[place] as number)))
  return { set, curves: drawn.map((method) => ({ name: method, points: curveOf(method) })) }
}

function summariseLastThird(runs: readonly PanelRun[]): SetSummary['lastThird'] {
  const thirds = runs.map(({ run, references: { singles } }) => {
    const places = run.places.slice(Math.floor((2 * run.places.length) / 3))
    const over = (right: readonly number[]): number => mean(places.map((place) => right[place] as number))
    return { swarm: over(run.swarm), bestSingle: singles.reduce((top, { right }) => Math.max(top, over(right)), 0) }
  })
  return { swarm: mean(thirds.map(({ swarm }) => swarm)), bestSingle: mean(thirds.map(({ bestSingle }) => bestSingle)) }
}

/** Percent right among the first k tasks, mean over the orders, for about a hundred k; the noisy beginning is left out. */
function accumulate(orders: readonly (readonly number[])[]): [number, number][] {
  const right = meanPerPlace(orders)
  const step = Math.max(1, Math.floor(right.length / 100))
  let sum = 0
  return right.flatMap((chance, index): [number, number][] => {
    sum += chance
    return index + 1 >= 10 && (index + 1) % step === 0 ? [[index + 1, (100 * sum) / (index + 1)]] : []
  })
}
