import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeEvent } from '../service.ts'
import { createApi } from './api.ts'
import type { Api } from './api.ts'
import { createEventStreams } from './event-stream.ts'
import { createServiceFixture } from './service-fixture.ts'
import type { ServiceFixture } from './service-fixture.ts'

const event: NodeEvent = { type: 'block-final', height: 8, hash: 'd'.repeat(64), entries: 2 }
let fixture: ServiceFixture
let api: Api

beforeEach(async () => {
  fixture = createServiceFixture()
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0, keepAliveMs: 20 })
})
afterEach(() => api.close())

async function openStream(): Promise<{ reader: ReadableStreamDefaultReader<Uint8Array>; until: (text: string) => Promise<string> }> {
  const response = await fetch(`${api.url}/api/v1/events`)
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

describe('server-sent events', () => {
  it('carries each event in a numbered envelope without id lines', async () => {
    const { until } = await openStream()
    fixture.emit(event)
    fixture.emit({ ...event, height: 9 })
    const text = await until('"height":9')
    const envelopes = [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1] as string) as unknown)
    expect(envelopes[0]).toEqual({ schema: 'peerage.event/v1', sequence: 1, event })
    expect(envelopes[1]).toMatchObject({ sequence: 2, event: { height: 9 } })
    expect(text).toContain('event: block-final\ndata: ')
    expect(text).not.toMatch(/^id:/m)
  })
  it('ends keep-alive comments with a single newline', async () => {
    const { until } = await openStream()
    expect(await until(': keep-alive\n')).not.toContain(': keep-alive\n\n')
  })
  it('ends its subscription when the reader leaves', async () => {
    const { reader, until } = await openStream()
    await until(': open')
    expect(fixture.subscribers()).toBe(1)
    await reader.cancel()
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(0))
  })
  it('ends when the API closes, and lets it close at once', async () => {
    const { until } = await openStream()
    await until(': open')
    const begun = performance.now()
    await api.close()
    expect(performance.now() - begun).toBeLessThan(2_000)
    await until('never sent')
    expect(fixture.subscribers()).toBe(0)
  })
  it('cuts off a reader that does not read, instead of keeping everything for it', () => {
    const streams = createEventStreams(fixture.service, 60_000)
    streams.open()
    for (let sent = 0; sent < 2_000; sent++) fixture.emit(event)
    expect(fixture.subscribers()).toBe(0)
  })
  it('bounds the number of streams', () => {
    const streams = createEventStreams(fixture.service, 60_000)
    for (let opened = 0; opened < 64; opened++) streams.open()
    expect(() => streams.open()).toThrow(expect.objectContaining({ code: 'too-many-streams' }))
    streams.close()
    expect(fixture.subscribers()).toBe(0)
    streams.open()
    streams.close()
  })
})
