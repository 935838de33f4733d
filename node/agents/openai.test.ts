import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AgentError } from './agent.ts'
import type { Agent, AgentTask, ChatEvent, JudgedAnswer, JudgeRequest } from './agent.ts'
import { describeAgentConformance } from './agent-conformance.ts'
import { createOpenAiAgent } from './openai.ts'
import { sayEvents, sayJson, sayStatus, startChatServer } from './openai-fixture.ts'
import type { ChatServer, Respond, SeenRequest } from './openai-fixture.ts'
import type { ProviderConfig } from './providers/provider-config.ts'
import { judgeBy, readQuestion, sayVerdict } from './prompting/judge-fixture.ts'

const key = 'sk-test/abc+DEF=0123456789'
const never = (): AbortSignal => new AbortController().signal
const task: AgentTask = { round: 'r', kind: 'choice', prompt: 'Which letter?', reference: null }
const judged = (author: string, text: string, value: string | null = null): JudgedAnswer => ({ author, text, value })
const request: JudgeRequest = { task, answers: [judged('alice', 'good'), judged('bob', 'bad'), judged('carol', 'ugly')], pairs: [{ left: 0, right: 1 }, { left: 2, right: 1 }] }

/** Answers tasks with B, prefers the answer that says "good". */
const model: Respond = (seen, response, count) => {
  const question = readQuestion(seen.body.messages)
  const text = question === null ? 'It must be B.\nFINAL ANSWER: B' : judgeBy((answer) => (answer.includes('good') ? 1 : 0), question)
  return (seen.body.stream ? sayEvents(text) : sayJson(text))(seen, response, count)
}
const silence: Respond = () => undefined

let server: ChatServer
beforeAll(async () => {
  process.env['OPENAI_AGENT_TEST_KEY'] = key
  server = await startChatServer()
})
afterAll(async () => {
  delete process.env['OPENAI_AGENT_TEST_KEY']
  await server.close()
})
beforeEach(() => {
  server.behave(model)
})

const create = (options: Partial<ProviderConfig> = {}): Promise<Agent> =>
  createOpenAiAgent({ providers: [{ id: 'small', baseUrl: server.baseUrl, model: 'small-model', keyEnv: 'OPENAI_AGENT_TEST_KEY', retryMs: 2, ...options }], canaryEvery: 0 })

async function failure(work: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await work.then(() => null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(AgentError)
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(key)
  expect((error as AgentError).message.length).toBeLessThanOrEqual(500)
  return error as AgentError
}

describe('openai agent', () => {
  describeAgentConformance({
    create,
    task,
    request,
    abstains: null,
    slow: {
      create: () => {
        server.behave(silence)
        return create()
      },
      task,
      request,
    },
  })

  it('grades each answer by itself, in a call for every draw', async () => {
    server.behave((seen, response, count) => {
      const asked = seen.body.messages.at(-1)?.content ?? ''
      const code = /GRADE (\S+): N/.exec(asked)?.[1] as string
      return sayJson(`Looked at.\nGRADE ${code}: ${asked.includes('\ngood\n') ? 90 : 25}`)(seen, response, count)
    })
    const agent = await create({ stream: false })
    const answers = [{ text: 'good', value: null }, { text: 'bad', value: 'B' }]
    expect(await agent.grade?.({ task, answers, draws: 2 }, never())).toEqual([[0.9, 0.9], [0.25, 0.25]])
    expect(server.seen).toHaveLength(4)
    server.behave(sayStatus(500))
    await expect((await create({ stream: false })).grade?.({ task, answers, draws: 1 }, never())).rejects.toBeInstanceOf(AgentError)
  })

  it('understands both kinds of reply, whichever it asked for', async () => {
    const text = 'Señor 🦦 says so.\nFINAL ANSWER: B'
    for (const stream of [false, true]) {
      for (const say of [sayJson(text), sayEvents(text), sayEvents(text, { end: false })]) {
        server.behave(say)
        expect(await (await create({ stream })).answer(task, never())).toEqual({ text, value: 'B' })
        expect(server.seen[0]).toMatchObject({ url: '/v1/chat/completions', authorization: `Bearer ${key}`, body: { model: 'small-model', stream } })
      }
    }
  })

  it('sends no authorization where there is no key', async () => {
    await (await create({ keyEnv: undefined })).answer(task, never())
    expect(server.seen[0]?.authorization).toBeUndefined()
  })

  it('removes the thinking from a reply', async () => {
    server.behave(sayJson('<think>\nVERDICT: LEFT\n</think>\n\nFINAL ANSWER: C'))
    expect(await (await create()).answer(task, never())).toEqual({ text: 'FINAL ANSWER: C', value: 'C' })
  })

  it('cuts an answer beyond the limit of the protocol', async () => {
    server.behave(sayJson('€'.repeat(100_000)))
    const answer = await (await create()).answer(task, never())
    expect(Buffer.byteLength(answer?.text ?? '')).toBeLessThanOrEqual(60_000)
  })
})

describe('openai agent, when the endpoint fails', () => {
  const thenWell = (first: Respond): Respond => (seen, response, count) => (count === 1 ? first : model)(seen, response, count)

  it('tries again after 429, 5xx and broken connections', async () => {
    const drop: Respond = (_, response) => response.destroy()
    const breakOff: Respond = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"choices":')
      setTimeout(() => response.destroy(), 5)
    }
    for (const first of [sayStatus(429), sayStatus(500, 'oops'), sayStatus(503), drop, breakOff, sayEvents('cut off', { done: false })]) {
      server.behave(thenWell(first))
      expect((await (await create()).answer(task, never()))?.value).toBe('B')
      expect(server.seen.length).toBe(2)
    }
  })

  it('waits as long as Retry-After says, but not for ever', async () => {
    server.behave(thenWell(sayStatus(429, '', { 'retry-after': '1' })))
    const start = performance.now()
    expect((await (await create()).answer(task, never()))?.value).toBe('B')
    expect(performance.now() - start).toBeGreaterThan(990)
    server.behave(sayStatus(429, '', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }))
    expect((await failure((await create()).answer(task, never()))).code).toBe('rate-limited')
    expect(server.seen.length).toBe(1)
  })

  it('gives up after a bounded number of attempts', async () => {
    for (const [status, code] of [[500, 'unreachable'], [429, 'rate-limited']] as const) {
      server.behave(sayStatus(status, 'busy'))
      expect(await failure((await create({ attemptsMax: 3 })).answer(task, never()))).toMatchObject({ code, message: `the endpoint answers ${status}: busy` })
      expect(server.seen.length).toBe(3)
    }
    expect((await failure((await create({ baseUrl: 'http://127.0.0.1:1/v1' })).answer(task, never()))).code).toBe('unreachable')
  })

  it('does not try again what would fail again', async () => {
    const other: [Respond, string][] = [
      [sayStatus(401, 'who are you?'), 'refused'],
      [sayStatus(302, '', { location: 'http://127.0.0.1:1/' }), 'refused'],
      [sayJson(''), 'malformed-reply'],
      [sayStatus(200, ''), 'malformed-reply'],
      [sayStatus(200, '{"choices":[{"message"'), 'malformed-reply'],
      [sayStatus(200, '{"choices":[]}'), 'malformed-reply'],
      [sayStatus(200, '{"choices":[{"message":{"content":7}}]}'), 'malformed-reply'],
      [sayStatus(200, '<html>Welcome</html>'), 'malformed-reply'],
      [sayStatus(200, 'data: {"choices":\n\ndata: [DONE]\n\n'), 'malformed-reply'],
      [sayStatus(200, 'data: {"error":{"message":"overloaded"}}\n\n'), 'refused'],
      [sayStatus(200, '{"error":{"message":"overloaded"}}'), 'refused'],
    ]
    for (const [respond, code] of other) {
      server.behave(respond)
      expect((await failure((await create()).answer(task, never()))).code).toBe(code)
      expect(server.seen.length).toBe(1)
    }
  })

  it('reads no more of a huge reply than the limit', async () => {
    for (const [head, chunk] of [['{"choices":[{"message":{"content":"', 'x'.repeat(65_536)], ['', ': still here\n'.repeat(5_000)]] as const) {
      let written = 0
      server.behave((_, response) => {
        const pour = (): void => {
          while (!response.destroyed && response.write(chunk)) written += chunk.length
          if (!response.destroyed) response.once('drain', pour)
        }
        response.write(head)
        pour()
      })
      expect(await failure((await create({ replyBytesMax: 500_000, timeoutMs: 3_000 })).answer(task, never()))).toMatchObject({ code: 'malformed-reply' })
      expect(written).toBeLessThan(20_000_000)
    }
    server.behave(sayStatus(500, 'y'.repeat(3_000_000)))
    expect((await failure((await create({ attemptsMax: 1 })).answer(task, never()))).code).toBe('unreachable')
  })

  it('gives up after the timeout, also in the midst of a reply', async () => {
    const stall: Respond = (_, response) => void response.write('data: {"choices":[]}\n\n')
    for (const respond of [silence, stall]) {
      server.behave(respond)
      expect((await failure((await create({ timeoutMs: 150 })).answer(task, never()))).code).toBe('timeout')
    }
  })

  it('stops waiting for the next attempt when the signal aborts', async () => {
    server.behave(sayStatus(429, '', { 'retry-after': '50' }))
    const controller = new AbortController()
    const outcome = expect((await create()).answer(task, controller.signal)).rejects.toThrow('enough')
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    setTimeout(() => {
      controller.abort(new Error('enough'))
    }, 50)
    await outcome
  })

  it('fails what is under way when it is closed', async () => {
    server.behave(silence)
    const agent = await create()
    const outcome = failure(agent.answer(task, never()))
    await agent.close()
    expect((await outcome).code).toBe('exited')
  })
})

describe('the key of an openai agent', () => {
  const echo = (status: number): Respond => (seen, response, count) => sayStatus(status, `bad key ${seen.authorization} ${encodeURIComponent(key)}`)(seen, response, count)

  it('appears in no error, whatever the endpoint says', async () => {
    const errorDocument = sayStatus(200, JSON.stringify({ error: `key ${key}` }))
    for (const respond of [echo(401), echo(500), echo(200), errorDocument, sayStatus(400, `${'x'.repeat(488 - 'the endpoint answers 400: '.length)}${key}`)]) {
      server.behave(respond)
      const { message } = await failure((await create({ attemptsMax: 2 })).answer(task, never()))
      expect(message).not.toContain(encodeURIComponent(key))
      expect(message).not.toContain(key.slice(0, 6))
    }
  })

  it('appears in no answer and no reason', async () => {
    server.behave((seen, response, count) => {
      const question = readQuestion(seen.body.messages)
      sayJson(question === null ? `Your key is ${key}.` : sayVerdict(question, 'left', key))(seen, response, count)
    })
    const agent = await create()
    const said = [await agent.answer(task, never()), await agent.judge(request, never())]
    expect(said[1]).toMatchObject([{ verdict: 'left' }, {}, {}, {}])
    expect(JSON.stringify(said)).not.toContain(key)
  })

  it('is in nothing that inspection shows', async () => {
    const agent = await create()
    expect(inspect(agent, { depth: 20, showHidden: true }) + JSON.stringify(agent)).not.toContain(key)
  })
})

describe('openai judge', () => {
  it('asks for each pair in both orders', async () => {
    const comparisons = await (await create()).judge(request, never())
    expect(comparisons).toEqual([
      { left: 0, right: 1, verdict: 'left', reason: 'it is better' },
      { left: 1, right: 0, verdict: 'right', reason: 'it is better' },
      { left: 2, right: 1, verdict: 'tie', reason: 'it is better' },
      { left: 1, right: 2, verdict: 'tie', reason: 'it is better' },
    ])
  })

  it('keeps to its limit of calls under way', async () => {
    let running = 0
    let peak = 0
    server.behave((seen, response, count) => {
      peak = Math.max(peak, ++running)
      setTimeout(() => {
        running--
        model(seen, response, count)
      }, 10)
    })
    await (await create()).judge({ ...request, pairs: [] }, never())
    expect([server.seen.length, peak]).toEqual([6, 2])
  })

  it('leaves out the pairs whose calls fail, and fails where all of them do', async () => {
    const mentionsUgly = (seen: SeenRequest): boolean => (seen.body.messages[1]?.content ?? '').includes('ugly')
    server.behave((seen, response, count) => (mentionsUgly(seen) ? sayStatus(400, 'too ugly') : model)(seen, response, count))
    expect((await (await create()).judge(request, never())).map(({ left, right }) => [left, right])).toEqual([[0, 1], [1, 0]])
    server.behave(sayStatus(403, 'no'))
    expect(await failure((await create()).judge(request, never()))).toMatchObject({ code: 'refused', message: 'the endpoint answers 403: no' })
  })
})

describe('a conversation with an openai agent', () => {
  const chat = async (agent: Agent, signal = never()): Promise<ChatEvent[]> => {
    const events: ChatEvent[] = []
    for await (const event of agent.chat?.({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello?' }], maxTokens: 30 }, signal) ?? []) events.push(event)
    return events
  }

  it('streams what the model says, with its usage at the end', async () => {
    server.behave(sayEvents('Hello. How are you?', { usage: [9, 6] }))
    const events = await chat(await create())
    expect(events.slice(0, -1).map((event) => (event.type === 'text' ? event.text : '')).join('')).toBe('Hello. How are you?')
    expect(events.length).toBeGreaterThan(3)
    expect(events.at(-1)).toEqual({ type: 'end', finish: 'stop', usage: { inputTokens: 9, outputTokens: 6 } })
    expect(server.seen[0]?.body).toMatchObject({ stream: true, max_tokens: 30, messages: [{ role: 'system' }, { role: 'user', content: 'Hello?' }] })
  })

  it('ends its request when the signal aborts, and when the agent is closed', async () => {
    let closed = 0
    server.behave((_, response) => void response.on('close', () => closed++).write('data: {"choices":[{"delta":{"content":"one"}}]}\n\n'))
    const controller = new AbortController()
    const agent = await create()
    const aborted = expect(chat(agent, controller.signal)).rejects.toThrow('enough')
    const ended = failure(chat(agent))
    while (server.seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(new Error('enough'))
    await aborted
    await agent.close()
    expect((await ended).code).toBe('exited')
    await expect.poll(() => closed).toBe(2)
  })

  it('is not held by an agent that only judges', async () => {
    const judge = await create({ roles: ['judge'] })
    expect([judge.chat, judge.canAnswer, judge.canJudge, judge.model]).toEqual([undefined, false, true, 'small-model'])
    expect((await failure(judge.answer(task, never()))).code).toBe('unsupported-task')
  })
})
