import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeEvent } from '../service.ts'
import { createApi } from './api.ts'
import type { Api } from './api.ts'
import { createEventLog, eventEnvelopeSchema, gapSchema, type EventLog } from './event-log.ts'
import { createEventStreams } from './event-stream.ts'
import { createServiceFixture } from './service-fixture.ts'
import type { ServiceFixture } from './service-fixture.ts'

const event: NodeEvent = { type: 'block-final', height: 8, hash: 'd'.repeat(64), entries: 2 }
const phase = (round: string): NodeEvent => ({ type: 'phase-entered', round, phase: 'answer-commit', height: 1 })
let fixture: ServiceFixture
let log: EventLog
let api: Api

beforeEach(async () => {
  fixture = createServiceFixture()
  log = createEventLog(fixture.service)
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0, keepAliveMs: 20 })
})
afterEach(() => api.close())

interface OpenStream {
  reader: ReadableStreamDefaultReader<Uint8Array>
  /** Everything received, once it holds the text or the stream has ended. */
  until: (text: string) => Promise<string>
}

async function openStream(query = '', headers: Record<string, string> = {}): Promise<OpenStream> {
  const response = await fetch(`${api.url}/api/v1/events${query}`, { headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let received = ''
  const until = async (text: string): Promise<string> => {
    while (!received.includes(text)) {
      const { done, value } = await reader.read()
      if (done) break
      received += new TextDecoder().decode(value)
    }
    return received
  }
  return { reader, until }
}

const dataOf = (text: string): unknown[] => [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] as string) as unknown)
const openStreams = async (): Promise<number> => Number(/^peerage_event_streams (\d+)$/m.exec(await (await fetch(`${api.url}/metrics`)).text())?.[1])

describe('server-sent events', () => {
  it('carries each event in a numbered envelope with its id', async () => {
    const { until } = await openStream()
    fixture.emit(event)
    fixture.emit({ ...event, height: 9 })
    const text = await until('"height":9')
    const [first, second] = dataOf(text).map((data) => eventEnvelopeSchema.parse(data))
    expect(first).toMatchObject({ sequence: 1, event })
    expect(second).toMatchObject({ sequence: 2, event: { height: 9 } })
    expect(text).toContain(`event: block-final\nid: ${first?.id}\ndata: `)
  })
  it('ends comments with a single newline, and begins with none that could be taken for an event', async () => {
    const { until } = await openStream()
    expect(await until(': keep-alive\n')).toMatch(/^retry: \d+\n: open\n(: keep-alive\n)+$/)
  })
  it('gives a reader that comes back what it missed, then what comes, in order and once', async () => {
    const first = await openStream()
    for (const height of [1, 2, 3, 4]) fixture.emit({ ...event, height })
    const { id } = eventEnvelopeSchema.parse(dataOf(await first.until('"height":4'))[1])
    await first.reader.cancel()
    for (const resume of [await openStream('', { 'last-event-id': id }), await openStream(`?after=${id}`)]) {
      fixture.emit({ ...event, height: 5 })
      const heights = dataOf(await resume.until('"height":5')).map((data) => eventEnvelopeSchema.parse(data).event)
      expect(heights.slice(0, 3)).toEqual([3, 4, 5].map((height) => ({ ...event, height })))
    }
  })
  it('says that events are missing where an id is of an earlier run, or is none', async () => {
    fixture.emit(event)
    for (const [id, reason] of [['abc-1', 'restarted'], ['nonsense', 'unknown-id']] as const) {
      const { until } = await openStream(`?after=${id}`)
      const [gap, next] = dataOf(await until('block-final'))
      expect(gapSchema.parse(gap).reason).toBe(reason)
      expect(eventEnvelopeSchema.parse(next).event).toEqual(event)
    }
  })
  it('shows events of one round, or of some types, alone', async () => {
    const ofRound = await openStream('?round=b')
    const ofTypes = await openStream('?types=block-final,signing')
    for (const next of [phase('a'), event, phase('b')]) fixture.emit(next)
    expect(dataOf(await ofRound.until('"round":"b"'))).toMatchObject([{ sequence: 3, event: phase('b') }])
    expect(dataOf(await ofTypes.until('block-final'))).toMatchObject([{ sequence: 2, event }])
    expect((await fetch(`${api.url}/api/v1/events?types=thunder`)).status).toBe(400)
  })
  it('ends its subscription when the reader leaves', async () => {
    const { reader, until } = await openStream()
    await until(': open')
    expect(await openStreams()).toBe(1)
    await reader.cancel()
    await vi.waitFor(async () => expect(await openStreams()).toBe(0))
  })
  it('ends when the API closes, and lets it close at once', async () => {
    const { until } = await openStream()
    await until(': open')
    const begun = performance.now()
    await api.close()
    expect(performance.now() - begun).toBeLessThan(2_000)
    await until('never sent')
  })
  it('cuts off a reader that does not read, instead of keeping everything for it', () => {
    const streams = createEventStreams(log, 60_000)
    streams.open()
    for (let sent = 0; sent < 2_000; sent++) fixture.emit(event)
    expect(streams.count()).toBe(0)
  })
  it('bounds the number of streams', () => {
    const streams = createEventStreams(log, 60_000)
    for (let opened = 0; opened < 64; opened++) streams.open()
    expect(() => streams.open()).toThrow(expect.objectContaining({ code: 'too-many-streams' }))
    streams.close()
    expect(streams.count()).toBe(0)
    streams.open()
    streams.close()
  })
})
