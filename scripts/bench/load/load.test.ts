import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { watchEvents, type EventFigures } from './events.ts'
import { findFailures, type Phase, type Summary } from './report.ts'

let server: Server | null = null
afterEach(() => server?.close())

const PHASE: Phase = { door: 'rest', connections: 20, requests: 40, seconds: 1, statuses: { 200: 20, 202: 20 }, errors: 0, refusedWithoutWait: 0, faults: {}, rounds: 20, allClosed: true, p50Ms: 1, p99Ms: 1, maxMs: 1 }
const FINE: Summary = {
  schema: 'peerage.bench-load/v1',
  nodes: 3,
  phases: [PHASE, { ...PHASE, door: 'burst', statuses: { 202: 20, 429: 20 } }],
  events: { events: 9, closed: 3, rated: 3, reconnects: 1, faults: [] },
  memory: { heapBytes: [60, 60, 60, 61, 61], residentBytes: [200, 300, 300, 301], heapGrowth: 0.02, residentGrowth: 0.01 },
  died: null,
}

describe('findFailures', () => {
  it('finds nothing where all bars are met', () => expect(findFailures(FINE)).toEqual([]))
  it.each<[string, Partial<Phase>]>([
    ['status 500', { statuses: { 200: 39, 500: 1 } }],
    ['without an answer', { errors: 1 }],
    ['without Retry-After', { refusedWithoutWait: 1 }],
    ['did not close', { allClosed: false }],
    ['no winner', { faults: { 'a round has no winner': 1 } }],
    ['nothing was refused', { door: 'health' }],
  ])('names a phase with %s', (said, phase) => expect(findFailures({ ...FINE, phases: [{ ...PHASE, ...phase }] })).toEqual([expect.stringContaining(said)]))
  it.each<[string, Partial<Summary>]>([
    ['unrated', { events: { ...FINE.events, rated: 2 } }],
    ['event 7', { events: { ...FINE.events, faults: ['event 7 came after 5'] } }],
    ['heap grew by 11.0 %', { memory: { ...FINE.memory, heapGrowth: 0.11 } }],
    ['process grew by NaN', { memory: { ...FINE.memory, residentGrowth: NaN } }],
    ['ended: SIGKILL', { died: 'SIGKILL' }],
  ])('says %s', (said, summary) => expect(findFailures({ ...FINE, ...summary })).toEqual([expect.stringContaining(said)]))
})

const opened = { type: 'round-opened', round: 'a' }
const phase = (name: string): object => ({ type: 'phase-entered', round: 'a', phase: name })
const closed = { type: 'round-closed', round: 'a', rated: true }

/** What a reader makes of these events, numbered as given, the connection being dropped after every two. */
async function watch(events: readonly object[], numbers = events.map((_, index) => index + 1)): Promise<EventFigures> {
  server = createServer((request, response) => {
    const from = Number(request.headers['last-event-id'] ?? 0)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [index, event] of events.entries()) {
      if (index >= from) response.write(`event: x\nid: ${index + 1}\ndata: ${JSON.stringify({ id: String(index + 1), sequence: numbers[index], event })}\n\n`)
    }
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const watched = await watchEvents(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2)
  await watched.untilClosed(new Set(['a']), 2_000)
  await watched.stop()
  return watched.figures()
}

describe('watchEvents', () => {
  it('finds nothing wrong with a round whose events come in order, over several connections', async () => {
    expect(await watch([opened, phase('answer-commit'), phase('closing'), closed])).toEqual({ events: 4, closed: 1, rated: 1, reconnects: expect.any(Number), faults: [] })
  })
  it.each<[string, object[], number[]?]>([
    ['a phase before the opening', [phase('answer-commit'), opened, closed]],
    ['phases the wrong way round', [opened, phase('answer-reveal'), phase('answer-commit'), closed]],
    ['a phase that comes twice', [opened, phase('closing'), phase('closing'), closed]],
    ['a number left out', [opened, phase('closing'), closed], [1, 3, 4]],
    ['a number that comes twice', [opened, phase('closing'), closed], [1, 2, 2]],
  ])('finds %s', async (_, events, numbers) => expect((await watch(events, numbers)).faults.length).toBeGreaterThan(0))
})
