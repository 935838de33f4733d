/** npm run bench:credit: how well and how fast credit is estimated, on games with known Shapley values. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lineChart } from '../plot/line-chart.ts'
import { parseIntegers, runScript } from '../script.ts'
import { BUDGETS, ESTIMATORS, measureErrors, type ErrorCell, type Estimator } from './credit/errors.ts'
import { findGames, readGames, type BenchGame } from './credit/games.ts'
import { reproduce } from './credit/published.ts'
import { measureSpeed } from './credit/speed.ts'

const HELP = `Usage: npm run bench:credit -- [options]
  --seeds N   samples per game and budget (default 30), ten times as many below ten players
  --out DIR   also write errors.svg and errors.csv there
  --json      one JSON document on stdout
`

/** Games like a round: answers of a coalition, judged by its own members. */
const PEER_GAMES = ['peer_borda_n12', 'peer_borda_n12_binary', 'peer_borda_n12_byz30', 'peer_borda_n16', 'peer_borda_n16_byz30', 'peer_borda_n20', 'peer_bt_n12', 'peer_bt_n16']
const RATIO_BUDGETS = [20, 50, 100]
const SPEED_GAME = 'peer_borda_n16'
/** Games of fewer players are sampled so many times as often: that costs little, and their errors scatter most. */
const SMALL_PLAYERS = 10
const SMALL_SEEDS = 10
/** Relative errors below this are equal: both estimates are right to four digits. */
const ERROR_FLOOR = 1e-4

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
    return measureErrors(bench, bench.game.players < SMALL_PLAYERS ? SMALL_SEEDS * seeds : seeds)
  })
  const document = { schema: 'peerage.bench-credit/v1', seeds, ...summarise(cells), ...speed, published, errors: cells }
  if (values.out !== undefined) writeFiles(values.out, cells)
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return published.every(({ met }) => met) ? 0 : 1
})

function summarise(cells: readonly ErrorCell[]) {
  const ratio = (estimator: Estimator): number => ratioTo('permutations', estimator, peerCells(cells).filter(({ budget }) => RATIO_BUDGETS.includes(budget)))
  const perGame = [...new Set(cells.map(({ game }) => game))].flatMap((game) => {
    const own = cells.filter((cell) => cell.game === game && RATIO_BUDGETS.includes(cell.budget))
    return own.length === 0 ? [] : [{ game, ratio: geometricMean(own.map(againstBetter)) }]
  }).sort((a, b) => b.ratio - a.ratio)
  const worst = cells.reduce<ErrorCell | null>((least, cell) => (least === null || againstBetter(cell) > againstBetter(least) ? cell : least), null)
  const telling = peerCells(cells).filter(({ budget }) => RATIO_BUDGETS.includes(budget))
  return {
    errorRatioGeomean: ratio('default'),
    errorRatioGeomeanPrefixes: ratio('default, prefixes'),
    ratios: Object.fromEntries(ESTIMATORS.map((estimator) => [estimator, ratio(estimator)])),
    /** The default against the better of SVARM and leverage regression, without control variates, on the same pairs. */
    worstAgainstBetter: perGame[0] ?? null,
    worstCellAgainstBetter: worst === null ? null : { game: worst.game, budget: worst.budget, ratio: againstBetter(worst) },
    standardErrorCoverage: telling.reduce((sum, { covered }) => sum + covered, 0) / telling.length,
  }
}

function peerCells(cells: readonly ErrorCell[]): ErrorCell[] {
  return cells.filter(({ game }) => PEER_GAMES.includes(game))
}

function againstBetter({ errors }: ErrorCell): number {
  return Math.max(errors.default, ERROR_FLOOR) / Math.max(Math.min(errors.svarm, errors.leverage), ERROR_FLOOR)
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
  const lines = cells.map(({ game, players, budget, errors, covered }) => [game, players, budget, ...ESTIMATORS.map((name) => errors[name].toPrecision(4)), covered.toFixed(3)].join(','))
  writeFileSync(join(folder, 'errors.csv'), `game,players,budget,${ESTIMATORS.map((name) => name.replace(', ', ' on ')).join(',')},covered\n${lines.join('\n')}\n`)
}

function print(document: ReturnType<typeof summarise> & ReturnType<typeof measureSpeed> & { seeds: number; published: ReturnType<typeof reproduce>; errors: ErrorCell[] }): void {
  const { errors, published, realMicros } = document
  console.log(`Error relative to plain permutation sampling, eight peer-ranked games, ${document.seeds} seeds`)
  console.log(['evaluations per player', ...BUDGETS.map((budget) => `${budget}n`)].map((text, index) => (index === 0 ? text.padEnd(24) : text.padStart(8))).join(''))
  for (const estimator of ESTIMATORS) {
    const row = BUDGETS.map((budget) => ratioTo('permutations', estimator, peerCells(errors).filter((cell) => cell.budget === budget)).toFixed(3))
    console.log(estimator.padEnd(24) + row.map((text) => text.padStart(8)).join(''))
  }
  console.log(`errorRatioGeomean ${document.errorRatioGeomean.toFixed(3)} on fresh pairs, ${document.errorRatioGeomeanPrefixes.toFixed(3)} on permutation prefixes`)
  console.log(`against the better of SVARM and leverage regression, worst game: ${document.worstAgainstBetter?.game} ${document.worstAgainstBetter?.ratio.toFixed(3)}`)
  console.log(`worst game and budget: ${document.worstCellAgainstBetter?.game} ${document.worstCellAgainstBetter?.budget}n ${document.worstCellAgainstBetter?.ratio.toFixed(3)}`)
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
