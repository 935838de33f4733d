import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { eventBody, startEarly, writeEvent } from './event-body.ts'

const read = (body: ReadableStream<Uint8Array>): Promise<string> => new Response(body).text()

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('an event', () => {
  it('is one data line and a blank one, without an id', () => {
    expect(writeEvent({ a: 'x\ny' })).toBe('data: {"a":"x\\ny"}\n\n')
    expect(writeEvent('[DONE]')).toBe('data: [DONE]\n\n')
    expect(writeEvent({}, 'ping')).toBe('event: ping\ndata: {}\n\n')
  })
})

describe('a body of events', () => {
  it('shows that it is alive by comments of one newline, which stand before events and never inside', async () => {
    const events = async function* (): AsyncGenerator<string> {
      for (const part of ['a', 'b']) {
        await sleep(30)
        yield writeEvent(part)
      }
    }
    const text = await read(eventBody(events(), { keepAliveMs: 5, onCancel: () => undefined }))
    expect(text).toMatch(/^(: keep-alive\n)+data: a\n\n(: keep-alive\n)+data: b\n\n(: keep-alive\n)*$/)
  })

  it('asks for no more than is read', async () => {
    let made = 0
    const events = async function* (): AsyncGenerator<string> {
      for (;;) yield writeEvent(String(++made))
    }
    const reader = eventBody(events(), { keepAliveMs: 1_000, onCancel: () => undefined }).getReader()
    await reader.read()
    await sleep(5)
    expect(made).toBe(1)
    await reader.cancel()
  })

  it('tells once that its reader has gone, and ends what makes the events', async () => {
    const ended = Promise.withResolvers<void>()
    const gone = new AbortController()
    let told = 0
    const events = async function* (): AsyncGenerator<string> {
      try {
        yield writeEvent('first')
        await new Promise((_, reject) => gone.signal.addEventListener('abort', () => reject(new Error('gone'))))
      } finally {
        ended.resolve()
      }
    }
    const onCancel = (): void => {
      told++
      gone.abort()
    }
    const reader = eventBody(events(), { keepAliveMs: 5, onCancel }).getReader()
    await reader.read()
    await reader.read()
    await reader.cancel()
    await ended.promise
    expect(told).toBe(1)
  })
})

describe('an early start', () => {
  const failing = async function* (afterMs: number): AsyncGenerator<string> {
    await sleep(afterMs)
    throw new Error('no')
  }

  const never = new AbortController().signal

  it('rejects where the first item fails in time', async () => {
    await expect(startEarly(failing(1), 1_000, never)).rejects.toThrow('no')
  })

  it('leaves a later failure to the items', async () => {
    const items = await startEarly(failing(30), 1, never)
    await expect(all(items)).rejects.toThrow('no')
  })

  it('loses nothing', async () => {
    const items = await startEarly((async function* () { yield* [1, 2, 3] })(), 1_000, never)
    expect(await all(items)).toEqual([1, 2, 3])
  })

  it('ends the items when the signal aborts, read or not', async () => {
    const gone = new AbortController()
    const ended = Promise.withResolvers<void>()
    const items = async function* (): AsyncGenerator<number> {
      try {
        yield 1
      } finally {
        ended.resolve()
      }
    }
    await startEarly(items(), 1_000, gone.signal)
    gone.abort()
    await ended.promise
  })
})
