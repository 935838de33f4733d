/** npm run bench:load: many requests at once against one node of a swarm, through its doors for programs. */
import { parseArgs } from 'node:util'
import { parseIntegers, runScript } from '../script.ts'
import { watchEvents } from './load/events.ts'
import { fire, type Door } from './load/fire.ts'
import { watchMemory, type MemoryFigures } from './load/memory.ts'
import { findFailures, formatReport, summarise, type Phase } from './load/report.ts'
import { startSwarm } from './load/swarm.ts'

const HELP = `Usage: npm run bench:load -- [options]
  --requests N     requests of the measured phases together (default 2000)
  --connections N  requests at once (default 20)
  --nodes N        processes of the swarm, a solver each (default 3)
  --warm-s N       seconds of the same load beforehand (default 150): memory counts from
                   when what gossip remembers for two minutes is there
  --json           one JSON document on stdout
`

const RUN_MS_MAX = 7_200_000
const CLOSE_MS_MAX = 120_000
const RESUME_EVERY = 500
/** Requests at a time, by each door, while the swarm warms up. */
const WARM_REQUESTS = 200

runScript(HELP, async (args) => {
  const options = {
    requests: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '3' },
    'warm-s': { type: 'string', default: '150' },
    json: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args, options })
  const [requests] = parseIntegers('--requests', values.requests, 40, 1_000_000) as [number]
  const [connections] = parseIntegers('--connections', values.connections, 1, 200) as [number]
  const [nodes] = parseIntegers('--nodes', values.nodes, 1, 20) as [number]
  const [warmS] = parseIntegers('--warm-s', values['warm-s'], 0, 3_600) as [number]
  const signal = AbortSignal.timeout(RUN_MS_MAX)
  const swarm = await startSwarm(nodes, signal)
  const events = await watchEvents(swarm.url, RESUME_EVERY)
  try {
    const half = Math.floor(requests / 2)
    // What is refused on purpose comes last: it would weigh on the figures of the others.
    const plan: { door: Door; amount: number; connections: number }[] = [
      { door: 'rest', amount: half, connections },
      { door: 'chat', amount: requests - half, connections },
      { door: 'burst', amount: 8 * connections, connections: 4 * connections },
      { door: 'health', amount: 100 * connections, connections: 2 * connections },
    ]
    const phases: Phase[] = []
    for (const warmMs = performance.now() + 1e3 * warmS; performance.now() < warmMs; ) {
      for (const door of ['rest', 'chat'] as const) await fire(swarm.url, door, WARM_REQUESTS, connections, () => undefined)
    }
    const watch = await watchMemory(swarm.url, swarm.inspector, requests)
    let memory: MemoryFigures | null = null
    for (const { door, amount, connections } of plan) {
      if (door === 'burst') memory = await watch.stop()
      const fired = await fire(swarm.url, door, amount, connections, watch.count)
      const allClosed = await events.untilClosed(fired.rounds, CLOSE_MS_MAX)
      phases.push({ door, connections, allClosed, ...fired, rounds: fired.rounds.size })
      process.stderr.write(`${door}: ${fired.requests} requests in ${fired.seconds.toFixed(1)} s, ${fired.rounds.size} rounds\n`)
    }
    await events.stop()
    const summary = summarise({ nodes, phases, events: events.figures(), memory: memory as MemoryFigures, died: swarm.died() })
    const failures = findFailures(summary)
    process.stdout.write(values.json ? `${JSON.stringify({ ...summary, failures })}\n` : formatReport(summary, failures))
    return failures.length === 0 ? 0 : 1
  } finally {
    await events.stop()
    await swarm.stop()
  }
})
