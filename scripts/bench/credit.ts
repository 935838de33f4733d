/** npm run bench:credit: how well and how fast credit is estimated, on games with known Shapley values. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lineChart } from '../plot/line-chart.ts'
import { parseIntegers, runScript } from '../script.ts'
import { BUDGETS, ESTIMATORS, measureErrors, type ErrorCell, type Estimator, type Measured } from './credit/errors.ts'
import { findGames, readGames, type BenchGame } from './credit/games.ts'
import { reproduce } from './credit/published.ts'
import { measureSpeed } from './credit/speed.ts'

const HELP = `Usage: npm run bench:credit -- [options]
  --seeds N   samples per game and budget of the largest games (default 30); as many more of smaller ones as take the same time
  --out DIR   also write errors.svg and errors.csv there
  --json      one JSON document on stdout
`

/** Games like a round: answers of a coalition, judged by its own members. */
const PEER_GAMES = ['peer_borda_n12', 'peer_borda_n12_binary', 'peer_borda_n12_byz30', 'peer_borda_n16', 'peer_borda_n16_byz30', 'peer_borda_n20', 'peer_bt_n12', 'peer_bt_n16']
const RATIO_BUDGETS = [20, 50, 100]
const SPEED_GAME = 'peer_borda_n16'
/** From so many players on a game has as many samples as are asked for; an estimate takes time in proportion to the cube of the players. */
const LARGE_PLAYERS = 20
/** What the default may be worse than the better of the two others, in any game. */
const BETTER_MAX = 1.05

runScript(HELP, (args) => {
  const { values } = parseArgs({ args, options: { seeds: { type: 'string' }, out: { type: 'string' }, json: { type: 'boolean' } } })
  const [seeds] = parseIntegers('--seeds', values.seeds ?? '30', 1, 10_000) as [number]
  const folder = findGames()
  if (folder === null) {
    process.stderr.write('no recorded games: set PEERAGE_RECORDINGS to the folder that holds shapley/games.json\n')
    return 1
  }
  const games = readGames(folder)
  const speed = measureSpeed(games.find(({ name }) => name === SPEED_GAME) as BenchGame)
  const published = reproduce(games)
  const cells = games.flatMap((bench) => {
    process.stderr.write(`${bench.name}\n`)
    return measureErrors(bench, seedsFor(bench.game.players, seeds))
  })
  const document = { schema: 'peerage.bench-credit/v1', seeds, ...summarise(cells), ...speed, published, errors: cells }
  if (values.out !== undefined) writeFiles(values.out, cells)
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return published.every(({ met }) => met) ? 0 : 1
})

/** Small games, whose errors scatter most, cost least: each has so many samples that all take as long as one of LARGE_PLAYERS. */
function seedsFor(players: number, seeds: number): number {
  return Math.round(seeds * Math.max(1, (LARGE_PLAYERS / players) ** 3))
}

function summarise(cells: readonly ErrorCell[]) {
  const ratio = (estimator: Estimator): number => ratioTo('permutations', estimator, peerCells(cells).filter(({ budget }) => RATIO_BUDGETS.includes(budget)))
  const perGame = [...new Set(cells.map(({ game }) => game))].flatMap((game) => {
    const own = cells.filter((cell) => cell.game === game && RATIO_BUDGETS.includes(cell.budget))
    const ratio = geometricMean(own.map(({ againstBetter }) => againstBetter.ratio))
    // Budgets of one game share their samples: their errors are taken to come together.
    return own.length === 0 ? [] : [{ game, ratio, error: ratio * own.reduce((sum, { againstBetter }) => sum + againstBetter.error / againstBetter.ratio / own.length, 0) }]
  }).sort((a, b) => b.ratio - a.ratio)
  const byRatio = [...cells].sort((a, b) => b.againstBetter.ratio - a.againstBetter.ratio)
  const [worst] = byRatio
  const telling = peerCells(cells).filter(({ budget }) => RATIO_BUDGETS.includes(budget))
  return {
    errorRatioGeomean: ratio('default'),
    errorRatioGeomeanPrefixes: ratio('default, prefixes'),
    ratios: Object.fromEntries(ESTIMATORS.map((estimator) => [estimator, ratio(estimator)])),
    /** The default against the better of SVARM and leverage regression, without control variates, on the same pairs. */
    worstAgainstBetter: perGame[0] ?? null,
    worstCellAgainstBetter: worst === undefined ? null : { game: worst.game, budget: worst.budget, seeds: worst.seeds, ...worst.againstBetter },
    /** Of all cells: how many there are, how many are above 1.05 by more than two standard errors, and the largest of these errors. */
    cells: { count: cells.length, above: cells.filter(({ againstBetter: { ratio, error } }) => ratio - 2 * error > BETTER_MAX).length, errorMax: Math.max(0, ...cells.map(({ againstBetter }) => againstBetter.error)) },
    standardErrorCoverage: telling.reduce((sum, { covered }) => sum + covered, 0) / telling.length,
  }
}

function peerCells(cells: readonly ErrorCell[]): ErrorCell[] {
  return cells.filter(({ game }) => PEER_GAMES.includes(game))
}

function ratioTo(base: Estimator, estimator: Estimator, cells: readonly ErrorCell[]): number {
  return geometricMean(cells.map(({ errors }) => errors[estimator] / errors[base]))
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

function writeFiles(folder: string, cells: readonly ErrorCell[]): void {
  mkdirSync(folder, { recursive: true })
  const series = ESTIMATORS.map((name) => ({
    name,
    points: BUDGETS.flatMap((budget): [number, number][] => {
      const own = peerCells(cells).filter((cell) => cell.budget === budget)
      return own.length === 0 ? [] : [[budget, geometricMean(own.map(({ errors }) => errors[name]))]]
    }),
  }))
  const title = 'Error of credit on eight peer-ranked games'
  writeFileSync(join(folder, 'errors.svg'), lineChart({ title, x: { label: 'evaluations per player', log: true }, y: { label: 'relative error (geometric mean)', log: true }, series }))
  const lines = cells.map(({ game, players, budget, seeds, errors, againstBetter: { ratio, error }, covered }) => [game, players, budget, seeds, ...ESTIMATORS.map((name) => errors[name].toPrecision(4)), ratio.toFixed(3), error.toFixed(4), covered.toFixed(3)].join(','))
  writeFileSync(join(folder, 'errors.csv'), `game,players,budget,seeds,${ESTIMATORS.map((name) => name.replace(', ', ' on ')).join(',')},against better,its standard error,covered\n${lines.join('\n')}\n`)
}

function print(document: ReturnType<typeof summarise> & ReturnType<typeof measureSpeed> & { seeds: number; published: ReturnType<typeof reproduce>; errors: ErrorCell[] }): void {
  const { errors, published, realMicros } = document
  console.log(`Error relative to plain permutation sampling, eight peer-ranked games, ${document.seeds} seeds and more`)
  console.log(['evaluations per player', ...BUDGETS.map((budget) => `${budget}n`)].map((text, index) => (index === 0 ? text.padEnd(24) : text.padStart(8))).join(''))
  for (const estimator of ESTIMATORS) {
    const row = BUDGETS.map((budget) => ratioTo('permutations', estimator, peerCells(errors).filter((cell) => cell.budget === budget)).toFixed(3))
    console.log(estimator.padEnd(24) + row.map((text) => text.padStart(8)).join(''))
  }
  console.log(`errorRatioGeomean ${document.errorRatioGeomean.toFixed(3)} on fresh pairs, ${document.errorRatioGeomeanPrefixes.toFixed(3)} on permutation prefixes`)
  const { worstAgainstBetter: game, worstCellAgainstBetter: cell, cells } = document
  const measured = ({ ratio, error }: Measured): string => `${ratio.toFixed(3)} ± ${error.toFixed(3)}`
  if (game !== null) console.log(`against the better of SVARM and leverage regression, worst game: ${game.game} ${measured(game)}`)
  if (cell !== null) console.log(`worst of ${cells.count} cells of game and budget: ${cell.game} at ${cell.budget}n ${measured(cell)} (${cell.seeds} seeds); ${cells.above} above ${BETTER_MAX} by two standard errors; no standard error is above ${cells.errorMax.toFixed(3)}`)
  console.log(`two standard errors cover ${(100 * document.standardErrorCoverage).toFixed(1)} %`)
  for (const how of ['all coalitions', 'closed form', 'sample'] as const) {
    const own = published.filter((entry) => entry.how === how)
    console.log(`known values met by ${how}: ${own.filter(({ met }) => met).length} of ${own.length} games`)
  }
  console.log(`all coalitions of a table game of 16: ${document.exactTable16Ms.toFixed(1)} ms, ${(document.exactTable16CoalitionsPerSecond / 1e6).toFixed(1)} million per second`)
  console.log(`default estimate on a table game: ${(document.tableEvaluationsPerSecond / 1e6).toFixed(2)} million evaluations per second`)
  console.log(`exact credit of a round of 12: ${document.exactRound12Ms.toFixed(0)} ms`)
  for (const { players, freshMicros, prefixMicros } of realMicros) console.log(`v of a round of ${players}: ${freshMicros.toFixed(1)} us fresh, ${prefixMicros.toFixed(1)} us as a prefix`)
}
