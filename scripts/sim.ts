/** npm run sim: seeded simulations of whole networks; see protocol/sim/README.md. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Piscina } from 'piscina'
import { sha256 } from '../consensus/index.ts'
import { ADVERSARIES, drawPlan, LIMITS, runPlan, shrinkPlan, transcribe, type AdversaryName, type AgreementReport, type PlanInit, type SimReport } from '../protocol/index.ts'
import { parseIntegers, runScript, UsageError } from './script.ts'
import type { SimReply, SimRequest } from './sim-worker.ts'

const HELP = `Usage: npm run sim -- [options]
  --seeds N         how many seeds per network size (default 100)
  --from N          the first seed (default 1)
  --seed N          one seed, and what happened in it
  --shrink          with --seed: first leaves out what it does not need to fail
  --nodes A,B,...   network sizes (default 4,7)
  --adversary NAME  only this one, as often as may be
  --no-faults       nothing goes wrong by itself
  --grades N        members grade answers, so many times each (default: not at all)
  --agreement       agreement alone, on blocks that are nothing but hashes
  --workers N       threads to run on (default: one per core)
  --json            one JSON document on stdout
Ctrl-C ends it with a report of what has run by then.
Adversaries: ${Object.keys(ADVERSARIES).join(', ')}
`

const OPTIONS = {
  seeds: { type: 'string' },
  from: { type: 'string' },
  seed: { type: 'string' },
  shrink: { type: 'boolean' },
  nodes: { type: 'string' },
  adversary: { type: 'string' },
  'no-faults': { type: 'boolean' },
  grades: { type: 'string' },
  agreement: { type: 'boolean' },
  workers: { type: 'string' },
  json: { type: 'boolean' },
} as const

const REPORTED_MAX = 20
const ROUNDS_MIN = 3
/** A run makes much that it soon lets go of. */
const YOUNG_MB = 64
/** Seeds handed to a worker at once: enough that handing over costs nothing. */
const BATCH = { agreement: 50, network: 5 }

type Report = SimReport | AgreementReport

runScript(HELP, async (args) => {
  const { values } = parseArgs({ args, options: OPTIONS })
  const sizes = parseIntegers('--nodes', values.nodes ?? '4,7', 1, 40)
  const creditGrades = values.grades === undefined ? null : (parseIntegers('--grades', values.grades, 1, LIMITS.gradeDrawsMax)[0] as number)
  const shared = { agreement: values.agreement === true, adversary: parseAdversary(values.adversary), noFaults: values['no-faults'] === true, creditGrades }
  if (values.seed !== undefined) {
    const [seed] = parseIntegers('--seed', values.seed, 0, 2 ** 31) as [number]
    return showSeed({ seed, nodes: sizes[0] as number, noFaults: shared.noFaults, ...(shared.adversary === null ? {} : { adversary: shared.adversary }), ...(creditGrades === null ? {} : { creditGrades }) }, values.shrink === true)
  }
  const [seeds] = parseIntegers('--seeds', values.seeds ?? '100', 1, 1_000_000) as [number]
  const [from] = parseIntegers('--from', values.from ?? '1', 0, 2 ** 31) as [number]
  const [workers] = parseIntegers('--workers', values.workers ?? String(availableParallelism()), 1, 64) as [number]
  const pool = new Piscina<SimRequest, SimReply>({ filename: new URL('./sim-worker.ts', import.meta.url).href, maxThreads: workers, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  const outcomes: Outcome[] = []
  for (const nodes of sizes) if (!interrupt.signal.aborted) outcomes.push(await runSeeds(pool, { ...shared, nodes }, from, seeds, interrupt.signal))
  await pool.destroy()
  const document = summarise(outcomes, { from, seeds, workers, agreement: shared.agreement, interrupted: interrupt.signal.aborted })
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return document.failing.length === 0 ? 0 : 1
})

function parseAdversary(name: string | undefined): AdversaryName | null {
  if (name === undefined) return null
  if (!Object.hasOwn(ADVERSARIES, name)) throw new UsageError(`--adversary: there is no "${name}"`)
  return name as AdversaryName
}

interface Outcome {
  nodes: number
  reports: Report[]
  seconds: number
  cpuMs: number
}

// Reports in seed order, whichever worker was faster; when it is interrupted, those that are there by then.
async function runSeeds(pool: Piscina<SimRequest, SimReply>, request: Omit<SimRequest, 'seeds'>, from: number, count: number, signal: AbortSignal): Promise<Outcome> {
  const startedMs = performance.now()
  const size = request.agreement ? BATCH.agreement : BATCH.network
  const batches = Array.from({ length: Math.ceil(count / size) }, (_, batch) => Array.from({ length: Math.min(size, count - batch * size) }, (_, index) => from + batch * size + index))
  let done = 0
  const runs = batches.map(async (seeds): Promise<SimReply> => {
    try {
      const reply = await pool.run({ ...request, seeds }, { signal })
      for (const report of reply.reports) if (isFailure(report)) process.stderr.write(`n=${request.nodes} seed=${report.seed}: ${[...report.violations, ...report.stalls].join('; ')}\n`)
      const before = done
      done += seeds.length
      if (Math.floor(done / 500) > Math.floor(before / 500)) process.stderr.write(`n=${request.nodes}: ${done} of ${count} seeds\n`)
      return reply
    } catch (error) {
      if (signal.aborted) return { reports: [], cpuMs: 0 }
      throw error
    }
  })
  const replies = await Promise.all(runs)
  const cpuMs = replies.reduce((sum, reply) => sum + reply.cpuMs, 0)
  return { nodes: request.nodes, reports: replies.flatMap(({ reports }) => reports), seconds: (performance.now() - startedMs) / 1_000, cpuMs }
}

function isFailure(report: Report): boolean {
  return report.violations.length > 0 || report.stalls.length > 0 || ('roundsClosed' in report && report.roundsClosed < ROUNDS_MIN)
}

interface Document {
  violations: number
  stalls: number
  traceHash: string
  interrupted: boolean
  sizes: ReturnType<typeof summariseSize>[]
  failing: { nodes: number; seed: number }[]
}

function summarise(outcomes: readonly Outcome[], about: { from: number; seeds: number; workers: number; agreement: boolean; interrupted: boolean }) {
  const reports = outcomes.flatMap((outcome) => outcome.reports)
  const failures = reports.filter(isFailure)
  return {
    schema: 'peerage.sim/v2',
    ...about,
    violations: failures.reduce((sum, report) => sum + report.violations.length, 0),
    stalls: failures.reduce((sum, report) => sum + report.stalls.length, 0),
    /** Over all runs: the same arguments give the same hash. */
    traceHash: sha256(reports.map((report) => report.traceHash).join()),
    sizes: outcomes.map(summariseSize),
    failing: failures.map(({ nodes, seed }) => ({ nodes, seed })),
    failures: failures.slice(0, REPORTED_MAX),
  }
}

function summariseSize({ nodes, reports, seconds, cpuMs }: Outcome) {
  const networks = reports.filter((report) => 'roundsClosed' in report)
  const total = (of: (report: SimReport) => number): number => networks.reduce((sum, report) => sum + of(report), 0)
  return {
    nodes,
    seeds: reports.length,
    seedsPerSecond: rounded((reports.length * 1_000) / cpuMs),
    elapsedSeedsPerSecond: rounded(reports.length / seconds),
    blocks: reports.reduce((sum, { height }) => sum + height, 0),
    ...(networks.length === 0
      ? {}
      : {
          roundsClosed: total(({ roundsClosed }) => roundsClosed),
          roundsClosedMin: Math.min(...networks.map(({ roundsClosed }) => roundsClosed)),
          epochs: total(({ epoch }) => epoch),
          adversaries: total(({ adversaries }) => adversaries.length),
          /** Runs in which each fault and each adversary was met. */
          met: countRuns(networks.map((report) => [...report.faults, ...report.adversaries])),
          convicted: total(({ convicted }) => convicted),
          heldMax: Math.max(...networks.map(({ heldMax }) => heldMax)),
          forgotten: networks.reduce((sum, { forgotten }) => sum + forgotten, 0),
        }),
  }
}

function countRuns(met: readonly string[][]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const each of met) for (const what of new Set(each)) counts.set(what, (counts.get(what) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100
}

function print({ sizes, failing, violations, stalls, traceHash, interrupted }: Document): void {
  for (const { nodes, seeds, seedsPerSecond, elapsedSeedsPerSecond, blocks, roundsClosed, roundsClosedMin, epochs, adversaries, convicted } of sizes) {
    const rounds = roundsClosed === undefined ? '' : `${roundsClosed} rounds closed, at least ${roundsClosedMin} in each run, ${epochs} epochs, ${adversaries} adversaries, ${convicted} convictions, `
    console.log(`n=${nodes}: ${seeds} seeds, ${rounds}${blocks} blocks, ${seedsPerSecond} seeds per second of one core (${elapsedSeedsPerSecond} per second elapsed)`)
  }
  for (const { nodes, seed } of failing) console.log(`failed: --nodes ${nodes} --seed ${seed}`)
  console.log(`trace ${traceHash}`)
  console.log(`${violations} violations, ${stalls} stalls${interrupted ? ', interrupted' : ''}`)
}

// What happened in one seed; `shrink` leaves out what it does not need to fail in the same way.
function showSeed(init: PlanInit, shrink: boolean): number {
  const drawn = drawPlan(init)
  const first = runPlan(drawn)
  const wanted = complaintsOf(first)[0]
  const plan = shrink && wanted !== undefined ? shrinkPlan(drawn, (smaller) => complaintsOf(runPlan(smaller)).includes(wanted)) : drawn
  const { report, lines } = transcribe(plan)
  for (const line of lines) console.log(line)
  return isFailure(report) ? 1 : 0
}

// What was wrong, whichever node or round it was about.
function complaintsOf({ violations, stalls }: SimReport): string[] {
  return [...violations, ...stalls].map((what) => what.replace(/\b(?:[0-9a-f]{64}|12D3\w+|\d+)\b/g, '#').slice(0, 60))
}
