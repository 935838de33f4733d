import { computeExactCredit, countPairs, createRoundGame, createTableGame, createWork, estimateCredit, evaluateUnits, gatherPairs, type Game, type Prior } from '../../../credit/index.ts'
import { createRound } from './round.ts'

/** Times on one core; each is the best of several runs after a warm-up, since other work on the machine only adds to it. */
export interface Speed {
  exactTable16Ms: number
  exactTable16CoalitionsPerSecond: number
  tableEvaluationsPerSecond: number
  /** The middle one of five rounds. */
  exactRound12Ms: number
  realMicros: { players: number; freshMicros: number; prefixMicros: number }[]
}

const REAL_PLAYERS = [5, 8, 12, 16, 32]

export function measureSpeed(table: { game: Game; prior: Prior }): Speed {
  const values = Float64Array.from({ length: 2 ** 16 }, (_, mask) => (mask * 7_919) % 1_000_003)
  values[0] = 0
  const exactMs = bestMs(25, () => computeExactCredit(createTableGame(values)))
  const rounds = Array.from({ length: 5 }, (_, round) => createRound(12, `round/${round}`))
  const roundMs = rounds.map((round) => bestMs(5, () => computeExactCredit(createRoundGame(round)))).sort((a, b) => a - b)
  return {
    exactTable16Ms: exactMs,
    exactTable16CoalitionsPerSecond: (1_000 * values.length) / exactMs,
    tableEvaluationsPerSecond: evaluationsPerSecond(table),
    exactRound12Ms: roundMs[2] as number,
    realMicros: REAL_PLAYERS.map((players) => ({ players, freshMicros: microsOf('pairs', players), prefixMicros: microsOf('permutations', players) })),
  }
}

/** Everything but a costly v: drawing coalitions, looking values up, and the default estimate, at 50 evaluations per player. */
function evaluationsPerSecond({ game, prior }: { game: Game; prior: Prior }): number {
  const units = 25 * game.players
  const grandValue = game.value(new Uint8Array(game.players).fill(1))
  const ms = bestMs(25, (run) => {
    const work = createWork({ plan: { kind: 'pairs', units }, seed: `speed/${run}`, players: game.players })
    estimateCredit(gatherPairs(work, evaluateUnits(game, work, 0, units)), grandValue, prior)
  })
  return (1_000 * 2 * units) / ms
}

function microsOf(kind: 'pairs' | 'permutations', players: number): number {
  const units = kind === 'pairs' ? Math.min(100, countPairs(players)) : 10
  const game = createRoundGame(createRound(players, 'real'))
  const ms = bestMs(7, (run) => {
    const work = createWork({ plan: { kind, units }, seed: `real/${run}`, players })
    evaluateUnits(game, work, 0, units)
  })
  return (1_000 * ms) / (units * (kind === 'pairs' ? 2 : players))
}

function bestMs(runs: number, run: (index: number) => void): number {
  for (let index = 0; index < 3; index++) run(index)
  let best = Infinity
  for (let index = 0; index < runs; index++) {
    const startedMs = performance.now()
    run(index)
    best = Math.min(best, performance.now() - startedMs)
  }
  return best
}
