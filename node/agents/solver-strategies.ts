import type { City, ColouringTask, CountdownTask } from '../../protocol/index.ts'
import type { Slices } from './slices.ts'
import { dsaturColouring, firstFitColouring, iteratedGreedyColouring, tabuColouring, welshPowellColouring } from './solver-colouring.ts'
import { beamCountdown, descendCountdown, passCountdown, searchCountdown } from './solver-countdown.ts'
import type { Term } from './solver-countdown.ts'
import { greedyEdgeTour, multiStartTour, neighbourTour, stripTour, twoOptTour } from './solver-tour.ts'

/** The embedded solver's strategies, from the weakest to the strongest. */
export const SOLVER_STRATEGIES = ['hasty', 'greedy', 'careful', 'searching', 'exhaustive'] as const
export type SolverStrategy = (typeof SOLVER_STRATEGIES)[number]

/** What a strategy does for each family, in words for people, and how many elementary checks it can afford per judged answer. */
export interface SolverMethods {
  tour: { name: string; solve: (cities: readonly City[]) => Slices<number[]> }
  colouring: { name: string; solve: (task: ColouringTask) => Slices<number[]> }
  countdown: { name: string; solve: (task: CountdownTask) => Slices<Term> }
  checksMax: number
}

export const solverMethods: Readonly<Record<SolverStrategy, SolverMethods>> = {
  hasty: {
    tour: { name: 'strip by strip', solve: stripTour },
    colouring: { name: 'first fit in input order', solve: firstFitColouring },
    countdown: { name: 'one pass in the order given', solve: passCountdown },
    checksMax: 0,
  },
  greedy: {
    tour: { name: 'nearest neighbour', solve: neighbourTour },
    colouring: { name: 'first fit by falling degree', solve: welshPowellColouring },
    countdown: { name: 'one pass from the largest number down', solve: descendCountdown },
    checksMax: 12,
  },
  careful: {
    tour: { name: 'shortest edges first', solve: greedyEdgeTour },
    colouring: { name: 'most constrained vertex first', solve: dsaturColouring },
    countdown: { name: 'the four nearest pools after each step', solve: (task) => beamCountdown(task, 4) },
    checksMax: 48,
  },
  searching: {
    tour: { name: 'nearest neighbour and 2-opt', solve: twoOptTour },
    colouring: { name: 'iterated greedy', solve: (task) => iteratedGreedyColouring(task, 300) },
    countdown: { name: 'all expressions of up to four numbers', solve: (task) => searchCountdown(task, 4) },
    checksMax: 200,
  },
  exhaustive: {
    tour: { name: 'many starts, 2-opt, Or-opt and kicks', solve: (cities) => multiStartTour(cities, 100) },
    colouring: { name: 'tabu search', solve: (task) => tabuColouring(task, 20_000) },
    countdown: { name: 'all expressions', solve: (task) => searchCountdown(task, 7) },
    checksMax: Infinity,
  },
}
