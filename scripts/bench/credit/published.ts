import { computeExactCredit, createWork, estimateCredit, evaluateUnits, EXACT_PLAYERS_MAX, gatherPairs, leafCoalition, type Fractions } from '../../../credit/index.ts'
import type { BenchGame } from './games.ts'

/** How a known value was met: exactly, over all coalitions or in closed form, or by a sample within four standard errors. */
export interface Reproduction {
  game: string
  players: number
  how: 'all coalitions' | 'closed form' | 'sample'
  /** Equal as fractions; of a sample, every player within four standard errors. */
  met: boolean
}

/** Evaluations per player of a sample. */
const SAMPLE_BUDGET = 100

/** Holds every recorded game with an exact Shapley value against what a plan makes of it. */
export function reproduce(games: readonly BenchGame[]): Reproduction[] {
  return games.flatMap((bench): Reproduction[] => {
    const { name, game, fractions, closedForm, unit } = bench
    if (fractions === null) return []
    const known = { game: name, players: game.players }
    const all = game.players <= EXACT_PLAYERS_MAX ? [{ ...known, how: 'all coalitions' as const, met: isEqual(enumerate(bench), fractions, unit) }] : []
    const closed = closedForm === null ? [] : [{ ...known, how: 'closed form' as const, met: isEqual(closedForm(), fractions, unit) }]
    return all.length + closed.length > 0 ? [...all, ...closed] : [{ ...known, how: 'sample', met: isNear(bench) }]
  })
}

function enumerate({ game }: BenchGame): Fractions {
  const { credit, denominator } = computeExactCredit(game)
  return { numerators: credit.map(BigInt), denominator: BigInt(denominator) }
}

function isEqual({ numerators, denominator }: Fractions, fractions: readonly (readonly [bigint, bigint])[], unit: number): boolean {
  return fractions.every(([above, below], player) => (numerators[player] as bigint) * below === above * denominator * BigInt(unit))
}

function isNear({ name, game, prior, shapley, unit }: BenchGame): boolean {
  const units = (SAMPLE_BUDGET * game.players) / 2
  const work = createWork({ plan: { kind: 'pairs', units: Math.floor(units) }, seed: name, players: game.players })
  const grandValue = game.value(leafCoalition(work, 0, 0).fill(1))
  const { credit, variance } = estimateCredit(gatherPairs(work, evaluateUnits(game, work, 0, work.units)), grandValue, prior)
  return shapley.every((truth, player) => Math.abs((credit[player] as number) - truth * unit) <= 4 * Math.sqrt(variance[player] as number) + 1e-9)
}
