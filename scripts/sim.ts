/** npm run sim: seeded simulations of whole networks; see protocol/sim/README.md. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Piscina } from 'piscina'
import { sha256 } from '../consensus/index.ts'
import type { SimReport } from '../protocol/index.ts'
import { parseIntegers, runScript } from './script.ts'
import type { SimRequest } from './sim-worker.ts'

const HELP = `Usage: npm run sim -- [options]
  --seeds N        how many seeds per network size (default 100)
  --from N         the first seed (default 1)
  --nodes A,B,...  network sizes (default 4,7)
  --workers N      threads to run on (default: one per core)
  --json           one JSON document on stdout
`

const REPORTED_MAX = 20

runScript(HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { seeds: { type: 'string' }, from: { type: 'string' }, nodes: { type: 'string' }, workers: { type: 'string' }, json: { type: 'boolean' } },
  })
  const [seeds] = parseIntegers('--seeds', values.seeds ?? '100', 1, 1_000_000) as [number]
  const [from] = parseIntegers('--from', values.from ?? '1', 0, 2 ** 31) as [number]
  const sizes = parseIntegers('--nodes', values.nodes ?? '4,7', 1, 40)
  const [workers] = parseIntegers('--workers', values.workers ?? String(availableParallelism()), 1, 64) as [number]
  const pool = new Piscina<SimRequest, SimReport>({ filename: new URL('./sim-worker.ts', import.meta.url).href, maxThreads: workers })
  const startedMs = performance.now()
  const reports: SimReport[] = []
  const perSize: SizeSummary[] = []
  for (const nodes of sizes) {
    const ofSize = await runSeeds(pool, nodes, from, seeds)
    perSize.push(summarise(nodes, ofSize.reports, ofSize.seconds))
    reports.push(...ofSize.reports)
  }
  const seconds = (performance.now() - startedMs) / 1_000
  await pool.destroy()
  const failures = reports.filter(isFailure)
  const document = {
    schema: 'peerage.sim/v1',
    from,
    seeds,
    workers,
    violations: failures.reduce((sum, report) => sum + report.violations.length, 0),
    stalls: failures.reduce((sum, report) => sum + report.stalls.length, 0),
    seedsPerSecond: rounded(reports.length / seconds),
    /** Over all runs: the same arguments give the same hash. */
    traceHash: sha256(reports.map((report) => report.traceHash).join()),
    sizes: perSize,
    failures: failures.slice(0, REPORTED_MAX),
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return failures.length === 0 ? 0 : 1
})

interface SizeSummary {
  nodes: number
  roundsClosed: number
  roundsClosedMin: number
  seedsPerSecond: number
}

// Reports in seed order, whichever worker was faster.
async function runSeeds(pool: Piscina<SimRequest, SimReport>, nodes: number, from: number, seeds: number): Promise<{ reports: SimReport[]; seconds: number }> {
  const startedMs = performance.now()
  let done = 0
  const runs = Array.from({ length: seeds }, async (_, index) => {
    const report = await pool.run({ seed: from + index, nodes })
    if (isFailure(report)) process.stderr.write(`n=${nodes} seed=${report.seed}: ${[...report.violations, ...report.stalls].join('; ')}\n`)
    if (++done % 100 === 0) process.stderr.write(`n=${nodes}: ${done} of ${seeds} seeds\n`)
    return report
  })
  return { reports: await Promise.all(runs), seconds: (performance.now() - startedMs) / 1_000 }
}

function isFailure({ violations, stalls }: SimReport): boolean {
  return violations.length > 0 || stalls.length > 0
}

function summarise(nodes: number, reports: readonly SimReport[], seconds: number): SizeSummary {
  const closed = reports.map(({ roundsClosed }) => roundsClosed)
  return {
    nodes,
    roundsClosed: closed.reduce((sum, rounds) => sum + rounds, 0),
    roundsClosedMin: Math.min(...closed),
    seedsPerSecond: rounded(reports.length / seconds),
  }
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100
}

function print(document: { violations: number; stalls: number; seedsPerSecond: number; traceHash: string; sizes: SizeSummary[] }): void {
  for (const { nodes, roundsClosed, roundsClosedMin, seedsPerSecond } of document.sizes) {
    console.log(`n=${nodes}: ${roundsClosed} rounds closed, at least ${roundsClosedMin} in each run, ${seedsPerSecond} seeds/s`)
  }
  console.log(`trace ${document.traceHash}`)
  console.log(`${document.violations} violations, ${document.stalls} stalls, ${document.seedsPerSecond} seeds/s`)
}
