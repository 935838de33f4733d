import { createTableGame } from '../game.ts'
import { blockUnits, planCredit, type SampledPlan } from '../plan.ts'
import type { Playing } from '../settle.ts'
import { createWork, evaluateUnits } from '../work.ts'
import { tabulate, votingGame } from './games.ts'

/** A plan of six players over a small voting game. */
export type Scene = Playing

/** One scene per kind of plan. */
export const scenes: Scene[] = (['pairs', 'permutations'] as const).map((rule) => {
  const plan = planCredit({ players: 6, exactPlayersMax: 0, pairs: 4, rule }) as SampledPlan
  const game = createTableGame(tabulate(votingGame([5, 4, 3, 2, 1, 1], 9)).map((value) => 1_000 * value))
  return { plan, game, work: createWork({ plan, seed: 's', players: 6 }) }
})

/** The right values of a block. */
export function truthOf({ plan, work, game }: Scene, block: number): number[][] {
  const { first, count } = blockUnits(plan, block)
  return evaluateUnits(game, work, first, count)
}

/** The values with `by` added to the leaves at these places. */
export function spoil(values: readonly (readonly number[])[], places: readonly number[], by: number): number[][] {
  const leaves = values[0]?.length ?? 1
  return values.map((unit, row) => unit.map((value, column) => (places.includes(row * leaves + column) ? value + by : value)))
}
