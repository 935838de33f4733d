/** npm run chaos: a network of real processes whose links, disks and lives are disturbed all the time; see scripts/README.md. */
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { inflict, type FaultLog, type Scene } from './chaos/faults.ts'
import { createRandom, planFaults } from './chaos/plan.ts'
import { acquainted, findLost, findPenalties, startProber, untilAgreed, type Prober } from './chaos/prober.ts'
import { printReport, readVerdict, GROWTH_MINUTES_MIN } from './chaos/report.ts'
import { keepAlive, removeSwarm, startSwarm, stopSwarm, type Member, type Swarm } from './chaos/swarm.ts'
import { startWitness, type Witness } from './chaos/witness.ts'
import { parseIntegers, runScript, UsageError } from './script.ts'

const HELP = `Usage: npm run chaos -- [options]
  --minutes N   how long, the undisturbed end included (default 10; parts of a minute are fine)
  --nodes N     processes (default 7)
  --seed N      what goes wrong when (default 1)
  --json        one JSON document on stdout
`

const READY_MS_MAX = 120_000
const CALM_MS_MAX = 60_000
/** Rounds before the first fault of a run whose memory is judged: a process first fills its heap, whatever it does. */
const WARM_ROUNDS = 200
const WARM_MS_MAX = 180_000
const PROGRESS_MS = 10_000
const WATCH_MS = 200

runScript(HELP, async (args) => {
  const { values } = parseArgs({ args, options: { minutes: { type: 'string' }, nodes: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } } })
  const minutes = Number(values.minutes ?? '10')
  if (!(minutes >= 0.25 && minutes <= 1_440)) throw new UsageError('--minutes: must be 0.25..1440')
  const [nodes] = parseIntegers('--nodes', values.nodes ?? '7', 4, 20) as [number]
  const [seed] = parseIntegers('--seed', values.seed ?? '1', 0, 2 ** 31) as [number]
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  const swarm = await startSwarm(nodes)
  let witness: Witness | null = null
  try {
    const lives = swarm.members.map((member) => keepAlive(swarm, member))
    witness = await startWitness(swarm.genesis, swarm.members.map(({ address }) => address))
    const prober = startProber(swarm)
    await untilReady(prober, nodes, stop.signal)
    say(`${nodes} nodes are up; seed ${seed}, ${minutes} minutes`)
    if (minutes >= GROWTH_MINUTES_MIN) await untilWarm(prober, stop.signal, say)
    const warm = { rounds: prober.closed.size, samples: prober.samples.splice(0) }
    prober.startMs = performance.now()
    const calmMs = Math.min(CALM_MS_MAX, (minutes * 60_000) / 3)
    const log = await disturb({ swarm, prober, witness, seed, ms: minutes * 60_000 - calmMs, signal: stop.signal, say })
    const closedBefore = prober.closed.size
    say(`undisturbed for ${Math.round(calmMs / 1_000)} s`)
    await ended(sleep(calmMs, undefined, { signal: stop.signal }))
    const closedInCalm = prober.closed.size - closedBefore
    prober.asks = false
    const agreed = stop.signal.aborted ? null : await untilAgreed(prober, CALM_MS_MAX)
    const [penalties, lost] = stop.signal.aborted ? [[], []] : [await findPenalties(prober), await findLost(prober)]
    prober.looks = false
    await stopSwarm(swarm)
    await Promise.all(lives)
    for (const { disk } of swarm.members) await witness.readStore(disk.store)
    const verdict = readVerdict({ minutes, nodes, seed, swarm, log, prober, witness, closedInCalm, warm, calmMs, agreed, penalties, lost, interrupted: stop.signal.aborted })
    if (values.json === true) process.stdout.write(`${JSON.stringify(verdict)}\n`)
    else printReport(verdict)
    return verdict.failures.length === 0 ? 0 : 1
  } finally {
    await witness?.stop()
    await stopSwarm(swarm)
    await removeSwarm(swarm)
  }
})

async function untilReady(prober: Prober, nodes: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  while (acquainted(prober) < nodes) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error('the nodes have not all found each other')
    await sleep(200)
  }
}

async function untilWarm(prober: Prober, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const startMs = performance.now()
  while (prober.closed.size < WARM_ROUNDS && performance.now() - startMs < WARM_MS_MAX && !signal.aborted) await sleep(200)
  say(`${prober.closed.size} rounds before the first fault, in ${Math.round((performance.now() - startMs) / 1_000)} s`)
}

interface Disturbance {
  swarm: Swarm
  prober: Prober
  witness: Witness
  seed: number
  ms: number
  signal: AbortSignal
  say: (line: string) => void
}

/** Inflicts the plan, and resolves when the last fault is over. */
async function disturb({ swarm, prober, witness, seed, ms, signal, say }: Disturbance): Promise<FaultLog> {
  const log: FaultLog = { done: {}, skipped: 0, damages: [], outages: [] }
  const scene: Scene = { swarm, log, random: createRandom(seed), prober, running: 0, isQuiet: false }
  const startMs = performance.now()
  const progress = setInterval(() => {
    const deaths = Object.values(swarm.deaths).reduce((sum, count) => sum + count, 0)
    say(`${Math.round((performance.now() - startMs) / 1_000)} s: ${deaths} deaths, ${log.done['partition'] ?? 0} partitions, ${prober.closed.size} rounds closed, height ${swarm.height}, ${witness.contradictions.length} contradictions; ${swarm.members.map(letterOf).join('')}`)
  }, PROGRESS_MS)
  setInterval(() => noteDamages(log, swarm), WATCH_MS).unref()
  const running: Promise<void>[] = []
  for (const { atMs, fault } of planFaults({ seed, nodes: swarm.members.length, ms })) {
    await ended(sleep(Math.max(0, startMs + atMs - performance.now()), undefined, { signal }))
    if (signal.aborted) break
    running.push(inflict(scene, fault))
  }
  await ended(sleep(Math.max(0, startMs + ms - performance.now()), undefined, { signal }))
  if (signal.aborted) swarm.stopping = true
  await Promise.all(running)
  clearInterval(progress)
  return log
}

// How a member is: active, asking whether it may sign, observing, starting, paused or down.
function letterOf({ state, signing }: Member): string {
  return state !== 'up' ? { starting: 's', paused: 'p', down: '.' }[state] : { active: 'A', asking: 'q', observing: 'o' }[signing]
}

// Whether a damaged node has noticed, and whether it is back.
function noteDamages({ damages }: FaultLog, { members }: Swarm): void {
  for (const record of damages) {
    const member = members[record.node]
    const seconds = (performance.now() - record.atMs) / 1_000
    if (record.noticedS === null && member?.signing === 'observing') record.noticedS = seconds
    if (record.noticedS !== null && record.backS === null && member?.state === 'up' && member.signing === 'active') record.backS = seconds
  }
}

async function ended(waiting: Promise<unknown>): Promise<void> {
  await waiting.catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
}
