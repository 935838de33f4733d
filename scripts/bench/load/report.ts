import type { EventFigures } from './events.ts'
import type { Door, Fired } from './fire.ts'
import type { MemoryFigures } from './memory.ts'

export interface Phase extends Omit<Fired, 'rounds'> {
  door: Door
  connections: number
  rounds: number
  /** Whether every round that was taken was seen to close. */
  allClosed: boolean
}

export interface Summary {
  schema: 'peerage.bench-load/v1'
  nodes: number
  phases: Phase[]
  events: EventFigures
  memory: MemoryFigures
  died: string | null
}

/** Growth of what garbage collection leaves over all requests, and of the process from the third quarter to the last, that still counts as flat. */
const HEAP_GROWTH_MAX = 0.1
const RESIDENT_GROWTH_MAX = 0.1

export function summarise(found: Omit<Summary, 'schema'>): Summary {
  return { schema: 'peerage.bench-load/v1', ...found }
}

/** The bars that were not met, as sentences. */
export function findFailures({ phases, events, memory, died }: Summary): string[] {
  const failures = phases.flatMap((phase) => phaseFailures(phase))
  failures.push(...events.faults.map((fault) => `events: ${fault}`))
  if (events.rated < events.closed) failures.push(`${events.closed - events.rated} of ${events.closed} rounds are unrated`)
  if (!(memory.heapGrowth <= HEAP_GROWTH_MAX)) failures.push(`the heap grew by ${percent(memory.heapGrowth)} over the requests`)
  if (!(memory.residentGrowth <= RESIDENT_GROWTH_MAX)) failures.push(`the process grew by ${percent(memory.residentGrowth)} from the third quarter of the requests to the last`)
  if (died !== null) failures.push(`a process ended: ${died}`)
  return failures
}

function phaseFailures({ door, statuses, errors, refusedWithoutWait, faults, allClosed }: Phase): string[] {
  const failures: string[] = []
  const odd = Object.entries(statuses).filter(([status]) => !['200', '202', '429'].includes(status))
  if (odd.length > 0) failures.push(`${door}: ${odd.map(([status, count]) => `${count} answers with status ${status}`).join(', ')}`)
  if (errors > 0) failures.push(`${door}: ${errors} requests without an answer`)
  if (refusedWithoutWait > 0) failures.push(`${door}: ${refusedWithoutWait} refusals without Retry-After`)
  if (!allClosed) failures.push(`${door}: a round that was taken did not close`)
  const isRefusing = door === 'burst' || door === 'health'
  if (isRefusing && (statuses['429'] ?? 0) === 0) failures.push(`${door}: nothing was refused`)
  return [...failures, ...Object.entries(faults).map(([text, count]) => `${door}: ${text} (${count})`)]
}

export function formatReport({ nodes, phases, events, memory }: Summary, failures: readonly string[]): string {
  const lines = [`${nodes} nodes`]
  for (const { door, connections, requests, seconds, statuses, rounds, p50Ms, p99Ms } of phases) {
    const answers = Object.entries(statuses).map(([status, count]) => `${count} x ${status}`).join(', ')
    lines.push(`${door.padEnd(7)} ${requests} requests, ${connections} at once, ${seconds.toFixed(1)} s: ${answers}; ${rounds} rounds; p50 ${p50Ms} ms, p99 ${p99Ms} ms`)
  }
  lines.push(`events  ${events.events} in order, ${events.reconnects} times resumed; ${events.closed} rounds closed, ${events.rated} rated`)
  const megabytes = (bytes: readonly number[]): string => bytes.map((value) => (value / 1e6).toFixed(1)).join(', ')
  lines.push(`memory  heap after collection ${megabytes(memory.heapBytes)} MB, at first and after each quarter of the requests; process ${megabytes(memory.residentBytes)} MB in each`)
  lines.push(...(failures.length === 0 ? ['all bars met'] : failures.map((failure) => `FAILED  ${failure}`)))
  return `${lines.join('\n')}\n`
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`
}
