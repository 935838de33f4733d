/** A process that hosts the nodes of several homes, and measures how long they keep its event loop. Its parent speaks to it over IPC. */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { loadIdentity, resolveConfig, resolveHome, startNode, type Log, type RunningNode } from '../../../node/index.ts'
import { SILENCE } from './misbehave.ts'

/** In milliseconds. `delay`: how late a timer was, machine load included; `turn`: what this thread computed from one turn of a timer to the next. */
export interface LoopFigures {
  delay: { p50: number; p99: number; max: number }
  turn: { p50: number; p99: number; max: number }
}

export type HostReport = { type: 'ready'; apiUrls: string[] } | { type: 'loop'; loop: LoopFigures }

const RESOLUTION_MS = 5

const folders = process.argv.slice(2)
const stopper = new AbortController()
const nodes: RunningNode[] = []
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
const turn = createHistogram()

process.on('message', (word) => (word === 'measure' ? measure() : void stop()))
process.once('disconnect', () => void stop())

for (const folder of folders) {
  const home = resolveHome(folder, {})
  const { config } = await resolveConfig(home, {})
  const identity = await loadIdentity(home.identityFile)
  const log: Log = (level, message, fields = {}) => {
    if (level !== 'error' || String(fields['error']).endsWith(SILENCE)) return
    process.stderr.write(`${identity.memberId} ${message} ${JSON.stringify(fields)}\n`)
  }
  nodes.push(await startNode({ home, config, identity, log, signal: stopper.signal }))
}
report({ type: 'ready', apiUrls: nodes.map(({ apiUrl }) => apiUrl) })

/** From now on; what starting took is of no interest. */
function measure(): void {
  delay.enable()
  delay.reset()
  let before = process.threadCpuUsage()
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(before)
    turn.record(Math.max(1, Math.round(user + system)))
    before = process.threadCpuUsage()
  }, RESOLUTION_MS).unref()
}

async function stop(): Promise<void> {
  // A timer that is on time is late by its own interval, as perf_hooks counts.
  const late = (nanoseconds: number): number => Math.max(0, rounded(nanoseconds / 1e6 - RESOLUTION_MS))
  if (process.connected && turn.count > 0) {
    report({ type: 'loop', loop: {
      delay: { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) },
      turn: { p50: rounded(turn.percentile(50) / 1e3), p99: rounded(turn.percentile(99) / 1e3), max: rounded(turn.max / 1e3) },
    } })
  }
  stopper.abort(new Error('stopped'))
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
  process.exit()
}

function report(document: HostReport): void {
  process.send?.(document)
}

function rounded(ms: number): number {
  return Math.round(10 * ms) / 10
}
