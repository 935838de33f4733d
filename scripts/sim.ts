/** npm run sim: seeded simulations of whole networks; see protocol/sim/README.md. */
import { parseArgs } from 'node:util'
import { simulate, type SimReport } from '../protocol/index.ts'
import { parseIntegers, runScript } from './script.ts'

const HELP = `Usage: npm run sim -- [options]
  --seeds N        how many seeds per network size (default 100)
  --from N         the first seed (default 1)
  --nodes A,B,...  network sizes (default 4,7)
  --json           one JSON document on stdout
`

const REPORTED_MAX = 20

runScript(HELP, (args) => {
  const { values } = parseArgs({
    args,
    options: { seeds: { type: 'string' }, from: { type: 'string' }, nodes: { type: 'string' }, json: { type: 'boolean' } },
  })
  const [seeds] = parseIntegers('--seeds', values.seeds ?? '100', 1, 1_000_000) as [number]
  const [from] = parseIntegers('--from', values.from ?? '1', 0, 2 ** 31) as [number]
  const sizes = parseIntegers('--nodes', values.nodes ?? '4,7', 1, 40)
  const startedMs = performance.now()
  const failures: SimReport[] = []
  const perSize = sizes.map((nodes) => summarise(nodes, from, seeds, failures))
  const seconds = (performance.now() - startedMs) / 1_000
  const document = {
    schema: 'peerage.sim/v1',
    from,
    seeds,
    violations: failures.reduce((sum, report) => sum + report.violations.length, 0),
    stalls: failures.reduce((sum, report) => sum + report.stalls.length, 0),
    seedsPerSecond: Math.round((100 * seeds * sizes.length) / seconds) / 100,
    sizes: perSize,
    failures: failures.slice(0, REPORTED_MAX),
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return failures.length === 0 ? 0 : 1
})

function summarise(nodes: number, from: number, seeds: number, failures: SimReport[]) {
  const startedMs = performance.now()
  let roundsMin = Infinity
  let rounds = 0
  let trace = ''
  for (let seed = from; seed < from + seeds; seed++) {
    const report = simulate({ seed, nodes })
    if (report.violations.length > 0 || report.stalls.length > 0) {
      failures.push(report)
      process.stderr.write(`n=${nodes} seed=${seed}: ${[...report.violations, ...report.stalls].join('; ')}\n`)
    }
    roundsMin = Math.min(roundsMin, report.roundsClosed)
    rounds += report.roundsClosed
    trace = report.traceHash
    if ((seed - from + 1) % 100 === 0) process.stderr.write(`n=${nodes}: ${seed - from + 1} of ${seeds} seeds\n`)
  }
  const seedsPerSecond = Math.round((100_000 * seeds) / (performance.now() - startedMs)) / 100
  return { nodes, roundsClosed: rounds, roundsClosedMin: roundsMin, seedsPerSecond, lastTraceHash: trace }
}

function print(document: { violations: number; stalls: number; seedsPerSecond: number; sizes: ReturnType<typeof summarise>[] }): void {
  for (const { nodes, roundsClosed, roundsClosedMin, seedsPerSecond, lastTraceHash } of document.sizes) {
    console.log(`n=${nodes}: ${roundsClosed} rounds closed, at least ${roundsClosedMin} in each run, ${seedsPerSecond} seeds/s, last trace ${lastTraceHash}`)
  }
  console.log(`${document.violations} violations, ${document.stalls} stalls, ${document.seedsPerSecond} seeds/s`)
}
