// @ts-expect-error the package has no types
import autocannon from 'autocannon'
import { generateTask } from '../../../protocol/index.ts'

/** What came of many requests, a number of them at once. */
export interface Fired {
  requests: number
  seconds: number
  /** By status. */
  statuses: Record<string, number>
  /** Connections that broke, and requests that nobody answered in time. */
  errors: number
  /** Refusals that do not say when to come again. */
  refusedWithoutWait: number
  /** Answers that are not what they should be, by what is wrong. */
  faults: Record<string, number>
  /** Rounds that were taken. */
  rounds: Set<string>
  p50Ms: number
  p99Ms: number
  maxMs: number
}

interface Step {
  method: 'GET' | 'POST'
  path?: string
  headers?: Record<string, string>
  setupRequest?: (request: { body?: string; path?: string }, context: { round?: string }) => object | false
  onResponse?: (status: number, body: string, context: { round?: string }, headers: Record<string, string | string[]>) => void
}

interface Result {
  errors: number
  timeouts: number
  duration: number
  requests: { total: number }
  latency: { p50: number; p99: number; max: number }
}
type Cannon = (options: { url: string; connections: number; amount: number; timeout: number; requests: Step[]; excludeErrorStats?: boolean }) => Promise<Result>

const TIMEOUT_S = 300
const WAIT_S = 240
const JSON_HEADERS = { 'content-type': 'application/json' }

/** Where requests go to. */
export type Door = 'rest' | 'chat' | 'burst' | 'health'

/** Fires requests at a door of a node, so many at once, each connection waiting for its answer. */
export async function fire(url: string, door: Door, amount: number, connections: number, onDone: () => void): Promise<Fired> {
  const fired: Fired = { requests: 0, seconds: 0, statuses: {}, errors: 0, refusedWithoutWait: 0, faults: {}, rounds: new Set(), p50Ms: 0, p99Ms: 0, maxMs: 0 }
  const noted = stepsOf(door, fired).map((step): Step => ({ ...step, onResponse: (status, body, context, headers) => {
    note(fired, status, headers)
    step.onResponse?.(status, body, context, headers)
    onDone()
  } }))
  const run = autocannon as unknown as Cannon
  const { errors, timeouts, duration, requests, latency } = await run({ url, connections, amount, timeout: TIMEOUT_S, requests: noted, excludeErrorStats: true })
  const { p50: p50Ms, p99: p99Ms, max: maxMs } = latency
  return { ...fired, requests: requests.total, seconds: duration, errors: errors + timeouts, p50Ms, p99Ms, maxMs }
}

function note(fired: Fired, status: number, headers: Record<string, string | string[]>): void {
  fired.statuses[status] = (fired.statuses[status] ?? 0) + 1
  if (status !== 429) return
  const wait = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  if (!/^[1-9]\d*$/.test(String(wait))) fired.refusedWithoutWait++
}

function stepsOf(door: Door, fired: Fired): Step[] {
  switch (door) {
    case 'rest':
      return [askStep(fired), waitStep(fired)]
    case 'burst':
      return [askStep(fired)]
    case 'chat':
      return [chatStep(fired)]
    case 'health':
      return [{ method: 'GET', path: '/api/v1/health' }]
  }
}

let asked = 0
const nextPrompt = (): string => generateTask('countdown', `load-${++asked}`)

function askStep(fired: Fired): Step {
  return {
    method: 'POST',
    path: '/api/v1/rounds',
    headers: JSON_HEADERS,
    setupRequest: (request) => ({ ...request, body: JSON.stringify({ kind: 'countdown', prompt: nextPrompt() }) }),
    onResponse(status, body, context) {
      if (status !== 202) return
      const { round } = JSON.parse(body) as { round: string }
      if (fired.rounds.has(round)) fault(fired, 'one round for two tasks')
      fired.rounds.add(round)
      context.round = round
    },
  }
}

/** Waits for the round that this connection has asked; where none was taken, it asks again. */
function waitStep(fired: Fired): Step {
  return {
    method: 'GET',
    setupRequest: (request, { round }) => (round === undefined ? false : { ...request, path: `/api/v1/rounds/${round}?wait=${WAIT_S}` }),
    onResponse(status, body, { round }) {
      if (status !== 200) return
      const detail = JSON.parse(body) as { round: string; status: string; winner: unknown }
      if (detail.round !== round) fault(fired, 'another round than the one that was asked for')
      if (detail.status !== 'closed') fault(fired, 'a round is still open after the wait')
      if (detail.winner === null) fault(fired, 'a round has no winner')
    },
  }
}

function chatStep(fired: Fired): Step {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: JSON_HEADERS,
    setupRequest: (request) => ({ ...request, body: JSON.stringify({ model: 'peerage', messages: [{ role: 'user', content: nextPrompt() }], peerage: { kind: 'countdown' } }) }),
    onResponse(status, body) {
      if (status !== 200) return
      const { choices, peerage } = JSON.parse(body) as { choices?: { message?: { content?: string } }[]; peerage?: { round?: string } }
      if ((choices?.[0]?.message?.content ?? '') === '') fault(fired, 'a completion without content')
      const round = peerage?.round
      if (round === undefined) return fault(fired, 'a completion that names no round')
      if (fired.rounds.has(round)) fault(fired, 'one round for two tasks')
      fired.rounds.add(round)
    },
  }
}

function fault(fired: Fired, text: string): void {
  fired.faults[text] = (fired.faults[text] ?? 0) + 1
}
