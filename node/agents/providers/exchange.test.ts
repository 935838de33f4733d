import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatEvent, ChatRequest } from '../agent.ts'
import { sayEvents, sayJson, sayStatus, startChatServer } from '../openai-fixture.ts'
import type { ChatServer, Respond } from '../openai-fixture.ts'
import { loadSecret } from '../secret.ts'
import { exchange } from './exchange.ts'
import type { Endpoint } from './exchange.ts'
import { readReply } from './reply.ts'

const key = 'sk-exchange/0123456789'
const request: ChatRequest = { messages: [{ role: 'user', content: 'How are you?' }] }
const never = (): AbortSignal => new AbortController().signal

let server: ChatServer
let endpoint: Endpoint
beforeAll(async () => {
  process.env['EXCHANGE_TEST_KEY'] = key
  server = await startChatServer()
  endpoint = {
    baseUrl: server.baseUrl,
    model: 'm',
    secret: await loadSecret({ keyEnv: 'EXCHANGE_TEST_KEY' }),
    stream: true,
    timeoutMs: 5_000,
    replyBytesMax: 1_000_000,
    dialect: { limitField: 'max_tokens', includesUsage: true },
  }
})
afterAll(async () => {
  delete process.env['EXCHANGE_TEST_KEY']
  await server.close()
})

async function gather(say: Respond, change: Partial<Endpoint> = {}, asked: ChatRequest = request): Promise<ChatEvent[]> {
  server.behave(say)
  const events: ChatEvent[] = []
  for await (const event of exchange({ ...endpoint, ...change }, asked, never())) events.push(event)
  return events
}
const textOf = (events: readonly ChatEvent[]): string => events.map((event) => (event.type === 'text' ? event.text : '')).join('')

describe('an exchange', () => {
  it('gives text as it comes, then how it ended and what it took', async () => {
    for (const [stream, say] of [[true, sayEvents('well, thank you', { usage: [7, 4] })], [false, sayJson('well, thank you', [7, 4])]] as const) {
      const events = await gather(say, { stream })
      expect(textOf(events)).toBe('well, thank you')
      expect(events.at(-1)).toEqual({ type: 'end', finish: 'stop', usage: { inputTokens: 7, outputTokens: 4 } })
      expect(server.seen[0]?.body['stream_options']).toEqual(stream ? { include_usage: true } : undefined)
    }
    expect((await gather(sayEvents('one two three'))).length).toBeGreaterThan(2)
  })

  it('says where usage is not told, and where the limit of tokens ended the text', async () => {
    expect((await gather(sayJson('cut o', undefined, 'length'))).at(-1)).toEqual({ type: 'end', finish: 'length', usage: null })
    await expect(gather(sayJson('', undefined, 'length'))).rejects.toMatchObject({ code: 'malformed-reply', message: expect.stringContaining('limit of tokens') })
  })

  it('sends what was asked for, and nothing that was not', async () => {
    await gather(sayEvents('x'), {}, { ...request, temperature: 0.5, maxTokens: 9, stop: ['\n'] })
    expect(server.seen[0]?.body).toEqual({ model: 'm', messages: request.messages, stream: true, stream_options: { include_usage: true }, temperature: 0.5, max_tokens: 9, stop: ['\n'] })
    await gather(sayEvents('x'))
    expect(Object.keys(server.seen[0]?.body ?? {})).toEqual(['model', 'messages', 'stream', 'stream_options'])
  })

  it('learns what a server wants instead, once, and does not ask again', async () => {
    const dialect: Endpoint['dialect'] = { limitField: 'max_tokens', includesUsage: true }
    const picky: Respond = (seen, response, count) => {
      if ('max_tokens' in seen.body) return sayStatus(400, 'Unsupported parameter: use max_completion_tokens instead')(seen, response, count)
      if ('stream_options' in seen.body) return sayStatus(400, 'unknown field stream_options')(seen, response, count)
      return sayEvents('fine')(seen, response, count)
    }
    for (const calls of [3, 1]) {
      expect(textOf(await gather(picky, { dialect }, { ...request, maxTokens: 9 }))).toBe('fine')
      expect(server.seen.length).toBe(calls)
    }
    expect(server.seen[0]?.body).toMatchObject({ max_completion_tokens: 9 })
    await expect(gather(sayStatus(400, 'max_completion_tokens must be positive'), { dialect })).rejects.toMatchObject({ code: 'refused' })
  })

  it('learns it in each of several calls that were made before the first of them was answered', async () => {
    const dialect: Endpoint['dialect'] = { limitField: 'max_tokens', includesUsage: true }
    const held: (() => void)[] = []
    server.behave((seen, response, count) => {
      if (!('max_tokens' in seen.body)) return sayEvents('fine')(seen, response, count)
      held.push(() => sayStatus(422, 'extra_forbidden: max_tokens; max_completion_tokens')(seen, response, count))
      if (held.length === 3) held.forEach((answer) => answer())
    })
    const ask = async (): Promise<string> => {
      const events: ChatEvent[] = []
      for await (const event of exchange({ ...endpoint, dialect }, { ...request, maxTokens: 9 }, never())) events.push(event)
      return textOf(events)
    }
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['fine', 'fine', 'fine'])
    expect(server.seen.length).toBe(6)
  })

  it('takes no usage for told that is not whole, or not of this world', async () => {
    const say = (usage: object): Respond => (_, response) => void response.end(JSON.stringify({ choices: [{ message: { content: 'x' }, finish_reason: 'stop' }], usage }))
    for (const usage of [{}, { prompt_tokens: 7 }, { completion_tokens: 7 }, { prompt_tokens: -1, completion_tokens: 7 }, { prompt_tokens: '7', completion_tokens: 7 }, { prompt_tokens: 7, completion_tokens: 9e15 }]) {
      expect((await gather(say(usage))).at(-1), JSON.stringify(usage)).toEqual({ type: 'end', finish: 'stop', usage: null })
    }
  })

  it('repeats what an endpoint says on one line, without control characters', async () => {
    await expect(gather(sayStatus(413, 'a\u001b]0;b\u0007\r\nc\u0085\u009b2Jd'))).rejects.toMatchObject({ message: 'the endpoint answers 413: a ]0;b c 2Jd' })
  })

  it('hides thinking and the key, wherever a stream is cut', async () => {
    expect(textOf(await gather(sayEvents(`<think>hm, ${key}?</think>\n\nThe key is ${key}, I think <think>.`)))).toBe('The key is [key], I think <think>.')
    expect(textOf(await gather(sayEvents('<thin ice')))).toBe('<thin ice')
    expect(textOf(await gather(sayEvents('<think>for ever')))).toBe('<think>for ever')
    expect(textOf(await gather(sayEvents(`  <think>${'<'.repeat(9)}/think${'x'.repeat(99)}</think>   \n \n\n  so`)))).toBe('so')
    expect(textOf(await gather(sayEvents('  no <think>thought</think>')))).toBe('  no <think>thought</think>')
  })

  it('shows the same of thinking wherever it is cut', async () => {
    const part = fc.constantFrom('<think>', '</think>', '<', '</', 'think>', '<thin', ' ', '\n', 'so')
    const shownOf = (text: string): string => {
      const [, thought, rest] = /^\s*(<think>[^]*?<\/think>\s*)?([^]*)$/.exec(text) ?? []
      return thought === undefined ? text : (rest ?? '')
    }
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (pieces) => {
        const stream = async function* (): AsyncGenerator<Uint8Array> {
          for (const content of [...pieces, '.']) yield Buffer.from(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
          yield Buffer.from('data: [DONE]\n\n')
        }
        const events: ChatEvent[] = []
        for await (const event of readReply(stream(), 100_000, endpoint.secret.scrubber())) events.push(event)
        expect(textOf(events)).toBe(shownOf(`${pieces.join('')}.`))
      }),
    )
  })

  it('ends the request when nobody listens any more', async () => {
    let closed = 0
    server.behave((_, response) => {
      response.on('close', () => closed++)
      response.write('data: {"choices":[{"delta":{"content":"one"}}]}\n\n')
    })
    for await (const event of exchange(endpoint, request, never())) {
      expect(event).toEqual({ type: 'text', text: 'one' })
      break
    }
    await expect.poll(() => closed).toBe(1)
  })

  it('tells whether the model may have been at work, and whether others would fare better', async () => {
    const gone = await startChatServer()
    await gone.close()
    const failing: [Respond | null, object][] = [
      [null, { code: 'unreachable', trouble: 'down', isCharged: false, retryAfterMs: 0 }],
      [sayStatus(503), { code: 'unreachable', trouble: 'down', isCharged: false }],
      [sayStatus(429, '', { 'retry-after': '3' }), { code: 'rate-limited', trouble: 'rate-limited', isCharged: false, retryAfterMs: 3_000 }],
      [sayStatus(401), { code: 'refused', trouble: 'refusing', isCharged: false, retryAfterMs: null }],
      [sayStatus(302, '', { location: '/' }), { code: 'refused', trouble: 'refusing' }],
      [sayStatus(413), { code: 'refused', trouble: 'call' }],
      [sayEvents('cut', { done: false }), { code: 'unreachable', trouble: 'down', isCharged: true }],
      [sayStatus(200, 'what?'), { code: 'malformed-reply', trouble: 'call', isCharged: true }],
    ]
    for (const [say, expected] of failing) {
      await expect(gather(say ?? sayStatus(200), say === null ? { baseUrl: gone.baseUrl } : {})).rejects.toMatchObject(expected)
    }
  })
})
