import { Hono } from 'hono'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../protocol/index.ts'
import { AgentError, type AgentErrorCode, type ChatRequest } from '../../agents/agent.ts'
import { createSolo } from '../../runtime/solo.ts'
import { ServiceError, type RoundDetail, type ServiceErrorCode } from '../../service.ts'
import { RequestError } from '../problem.ts'
import { OTHER } from '../service-fixture.ts'
import { closeLast, openFacade, say, talking, untilAsked, type Facade } from './facade-fixture.ts'
import { facadeMount } from './facade.ts'

const ask = (app: Hono, body: unknown, init: RequestInit = {}): Promise<Response> =>
  Promise.resolve(app.request('/v1/chat/completions', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, ...init }))

const hello = { model: 'peerage', messages: [{ role: 'user', content: 'hello' }] }

interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string }
  peerage?: { round: string }
}

async function errorOf(response: Response): Promise<ErrorBody['error'] & { status: number }> {
  const { error } = (await response.json()) as ErrorBody
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type'])
  return { ...error, status: response.status }
}

let facade: Facade
beforeEach(() => {
  facade = openFacade()
})

describe('what is refused', () => {
  it.each([
    [{ messages: hello.messages }, 400, 'invalid_value', 'model'],
    [{ ...hello, model: 'gpt-4o' }, 404, 'model_not_found', 'model'],
    [{ ...hello, messages: [] }, 400, 'invalid_value', 'messages'],
    [{ ...hello, messages: [{ role: 'robot', content: 'x' }] }, 400, 'invalid_value', 'messages[0].role'],
    [{ ...hello, messages: [{ role: 'user', content: ' ' }] }, 400, 'invalid_value', 'messages'],
    [{ ...hello, messages: [{ role: 'user', content: 7 }] }, 400, 'invalid_value', 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'image_url', image_url: { url: 'data:' } }] }] }, 400, 'unsupported_content', 'messages[0].content[1]'],
    [{ ...hello, messages: [{ role: 'user', content: 'x' }, { role: 'tool', tool_call_id: '1', content: 'x' }] }, 400, 'unsupported_content', 'messages[1].role'],
    [{ ...hello, messages: [{ role: 'assistant', content: null, tool_calls: [{ id: '1' }] }] }, 400, 'unsupported_content', 'messages[0].tool_calls'],
    [{ ...hello, messages: [{ role: 'user', content: 'x'.repeat(LIMITS.promptLengthMax + 1) }] }, 400, 'context_length_exceeded', 'messages'],
    [{ ...hello, n: 2 }, 400, 'unsupported_parameter', 'n'],
    [{ ...hello, tools: [{}], tool_choice: 'required' }, 400, 'unsupported_parameter', 'tool_choice'],
    [{ ...hello, tools: [{}], tool_choice: { type: 'function', function: { name: 'f' } } }, 400, 'unsupported_parameter', 'tool_choice'],
    [{ ...hello, functions: [{}], function_call: { name: 'f' } }, 400, 'unsupported_parameter', 'function_call'],
    [{ ...hello, response_format: { type: 'json_schema', json_schema: {} } }, 400, 'unsupported_parameter', 'response_format'],
    [{ ...hello, response_format: { type: 'json_object' } }, 400, 'unsupported_parameter', 'response_format'],
    [{ ...hello, logprobs: true }, 400, 'unsupported_parameter', 'logprobs'],
    [{ ...hello, modalities: ['text', 'audio'] }, 400, 'unsupported_parameter', 'modalities'],
    [{ ...hello, temperature: 3 }, 400, 'invalid_value', 'temperature'],
    [{ ...hello, max_tokens: 0 }, 400, 'invalid_value', 'max_tokens'],
    [{ ...hello, peerage: { kind: 'essay' } }, 400, 'invalid_value', 'peerage.kind'],
    [{ ...hello, peerage: { answerMs: 5 } }, 400, 'invalid_value', 'peerage.answerMs'],
    [{ ...hello, metadata: { peerage_kind: 'essay' } }, 400, 'invalid_value', 'metadata.peerage_kind'],
    [[], 400, 'invalid_value', null],
  ])('%j: %i %s, naming %s', async (body, status, code, param) => {
    expect(await errorOf(await ask(facade.app, body))).toMatchObject({ status, code, param, type: 'invalid_request_error' })
    expect(facade.fixture.asked).toEqual([])
  })

  it('is what is no JSON, by type and by body, and a method that a path does not have', async () => {
    expect(await errorOf(await ask(facade.app, hello, { headers: { 'content-type': 'text/plain' } }))).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    expect(await errorOf(await ask(facade.app, null, { body: '{' }))).toMatchObject({ status: 400, code: 'invalid_value', param: null })
    for (const [path, method, allow] of [['chat/completions', 'GET', 'POST'], ['models', 'POST', 'GET, HEAD'], ['models/peerage', 'DELETE', 'GET, HEAD']] as const) {
      const response = await facade.app.request(`/v1/${path}`, { method })
      expect(response.headers.get('allow')).toBe(allow)
      expect(await errorOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
    }
  })

  it('never is told in another shape, whatever the body', async () => {
    for (const body of [null, 7, 'x', [hello], { ...hello, messages: { 0: 1 } }, { ...hello, messages: [null] }, { ...hello, stop: {} }, { ...hello, stream: 'yes' }, { ...hello, metadata: [] }]) {
      expect((await errorOf(await ask(facade.app, body))).status).toBe(400)
    }
  })

  it.each<[ServiceErrorCode, number, string, string, string | null]>([
    ['too-few-peers', 503, 'too_few_peers', 'server_error', '5'],
    ['quota', 429, 'quota', 'rate_limit_error', '9'],
    ['not-member', 403, 'not_member', 'permission_error', null],
    ['invalid-task', 400, 'invalid_task', 'invalid_request_error', null],
    ['observing', 503, 'observing', 'server_error', '5'],
    ['stopping', 503, 'stopping', 'server_error', '5'],
  ])("is told with the service's reason: %s", async (reason, status, code, type, retryAfter) => {
    facade.fixture.failAskWith(new ServiceError(reason, 'A sentence.', reason === 'quota' ? { retryAfterS: 9 } : {}))
    for (const stream of [false, true]) {
      const response = await ask(facade.app, { ...hello, stream })
      expect(response.headers.get('retry-after')).toBe(retryAfter)
      const { message, ...error } = await errorOf(response)
      expect(error).toEqual({ status, code, type, param: null })
      expect(message).toContain('A sentence.')
    }
  })

  it('is a request without the token, or one of too many, in words that clients know', async () => {
    const { app } = facade
    const refuseAll = (error: Error): Hono => new Hono().use(() => Promise.reject(error)).route('/', app).onError((reason, context) => facadeMount(facade.fixture.service).refuse?.(context, reason) ?? context.text('', 500))
    expect(await errorOf(await ask(refuseAll(new RequestError('unauthorized', 'No token.')), hello))).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' })
    const response = await ask(refuseAll(new RequestError('rate-limited', 'Slow down.', { retryAfterS: 3 })), hello)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(await errorOf(response)).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' })
  })

  it('tells nothing of an unexpected failure but that there was one', async () => {
    facade.fixture.failAskWith(new Error('a secret path'))
    const error = await errorOf(await ask(facade.app, hello))
    expect(error).toMatchObject({ status: 500, code: 'internal', type: 'server_error' })
    expect(error.message).not.toContain('secret')
    expect(facade.errors).toMatchObject([{ message: 'a secret path' }])
  })
})

describe('a question to the network', () => {
  it('becomes a round of kind text with the message as its task, unless it says otherwise', async () => {
    const asked = [
      hello,
      { ...hello, temperature: null, peerage: { kind: 'number', answer_ms: 5_000, judge_ms: 6_000, reference: 'mine' } },
      { ...hello, metadata: { peerage_kind: 'choice' } },
      { ...hello, messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }] },
    ]
    for (const [index, body] of asked.entries()) {
      const response = ask(facade.app, body)
      await untilAsked(facade, index + 1)
      await closeLast(facade, 'hi')
      expect((await response).status).toBe(200)
    }
    const unset = { answerMs: undefined, judgeMs: undefined, reference: undefined }
    expect(facade.fixture.asked).toEqual([
      { prompt: 'hello', kind: 'text', ...unset },
      { prompt: 'hello', kind: 'number', answerMs: 5_000, judgeMs: 6_000, reference: 'mine' },
      { prompt: 'hello', kind: 'choice', ...unset },
      { prompt: 'a\nb', kind: 'text', ...unset },
    ])
  })

  it('takes the whole conversation along', async () => {
    const messages = [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: '6 x 7?' }, { role: 'assistant', content: '42' }, { role: 'user', content: 'And one more?' }]
    const response = ask(facade.app, { ...hello, messages })
    await untilAsked(facade)
    await closeLast(facade, '43')
    expect(await (await response).json()).toMatchObject({ choices: [{ message: { content: '43' } }] })
    expect(facade.fixture.asked[0]?.prompt).toMatch(/^This is a conversation.*\n=== system\nBe brief\.\n=== user\n6 x 7\?\n=== assistant\n42\n=== user\nAnd one more\?$/)
  })

  it('is answered with the text that won, and all about it in one extra object', async () => {
    const response = ask(facade.app, { ...hello, seed: 7, top_p: 1, max_tokens: 50, tools: [{}], user: 'me' })
    await untilAsked(facade)
    await closeLast(facade, 'hi there')
    const body = (await (await response).json()) as Record<string, unknown>
    expect(body).toEqual({
      id: 'chatcmpl-round-1',
      object: 'chat.completion',
      created: expect.any(Number) as number,
      model: 'peerage',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi there', refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 },
      system_fingerprint: null,
      peerage: {
        schema: 'peerage.chat/v1',
        mode: 'round',
        background: null,
        note: 'The answer of quiet-red-fox won among 1.',
        round: 'round-1',
        status: 'closed',
        rated: true,
        winner: { member: OTHER, name: 'quiet-red-fox', value: 'hi there' },
        ranking: [{ member: OTHER, name: 'quiet-red-fox', strength_micro: 1_000_000, cluster: 0 }],
        agreement_micro: 1_000_000,
        evaluation: { source: 'truth', value_micro: 1_000_000, success: true },
        credits: [{ member: OTHER, name: 'quiet-red-fox', credit_micro: 1_000_000, points: 1_000 }],
        usage_estimated: true,
        ignored: ['seed', 'top_p', 'max_tokens', 'tools'],
      },
    })
    expect(Math.abs((body['created'] as number) - Date.now() / 1_000)).toBeLessThan(60)
  })

  it('without a winner is an error that no client repeats by itself, with the failure of the own model', async () => {
    const response = ask(facade.app, hello)
    await untilAsked(facade)
    facade.fixture.emit({ type: 'agent-error', code: 'unreachable', message: 'the endpoint cannot be reached (ECONNREFUSED)', round: 'round-1' })
    await closeLast(facade, null)
    const refused = await response
    expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([502, 'false'])
    const body = (await refused.json()) as ErrorBody
    expect(body).toMatchObject({ error: { code: 'no_answer', type: 'server_error' }, peerage: { round: 'round-1' } })
    expect(body.error.message).toContain('unreachable: the endpoint cannot be reached (ECONNREFUSED)')
  })

  it('is waited for until its time is over: to open, to answer and judge, to be credited', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const outcome = async (stage: (round: RoundDetail) => RoundDetail, ms: number): Promise<[number, unknown]> => {
        const fresh = openFacade()
        const { service, setRound, emit } = fresh.fixture
        const open = service.ask
        service.ask = async (request) => {
          const asked = await open(request)
          setRound(stage((await service.round(asked.round)) as RoundDetail))
          return asked
        }
        const response = ask(fresh.app, hello)
        await untilAsked(fresh)
        const look = async (): Promise<void> => {
          emit({ type: 'phase-entered', round: 'round-1', phase: 'answer-reveal', height: 1 })
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        await look()
        vi.advanceTimersByTime(ms - 1_000)
        await look()
        expect(fresh.fixture.subscribers()).toBe(1)
        vi.advanceTimersByTime(2_000)
        await look()
        const { status } = await response
        return [status, await (await response).json()]
      }
      const gone = { error: expect.objectContaining({ code: 'deadline_exceeded' }) as object, peerage: { round: 'round-1' } }
      expect(await outcome((round) => ({ ...round, openedHeight: null }), 600_000)).toEqual([504, gone])
      expect(await outcome((round) => round, 30_000 + 30_000 + 120_000)).toEqual([504, gone])
      const won = { member: OTHER, name: 'quiet-red-fox', text: 'hi', value: null }
      expect(await outcome((round) => ({ ...round, winner: won }), 30_000)).toEqual([200, expect.objectContaining({ peerage: expect.objectContaining({ status: 'open', rated: null, credits: [], note: expect.stringContaining('/api/v1/rounds/round-1') as string }) as object })])
    } finally {
      vi.useRealTimers()
    }
  })

  it('is followed no more once the client has gone', async () => {
    const client = new AbortController()
    const response = ask(facade.app, hello, { signal: client.signal })
    await untilAsked(facade)
    client.abort()
    await response
    expect([facade.fixture.subscribers(), facade.errors]).toEqual([0, []])
  })

  it('is followed no more once the reader of the stream has gone', async () => {
    const response = await ask(facade.app, { ...hello, stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    await untilAsked(facade)
    await reader?.cancel()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(facade.fixture.subscribers()).toBe(0)
  })
})

describe('the own agent', () => {
  const solo = { ...hello, model: 'peerage/solo' }

  it('is asked with what it can be told, and nothing is put to the network', async () => {
    const requests: ChatRequest[] = []
    const own = openFacade(createSolo(talking((request) => {
      requests.push(request)
      return say('hel', 'lo')
    })))
    const messages = [{ role: 'developer', content: 'Be brief.' }, ...hello.messages]
    const body = await (await ask(own.app, { ...solo, messages, temperature: 0.5, max_completion_tokens: 9, stop: 'END', seed: 1 })).json()
    expect(requests).toEqual([{ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'hello' }], temperature: 0.5, maxTokens: 9, stop: ['END'] }])
    expect(own.fixture.asked).toEqual([])
    expect(body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/) as string,
      model: 'peerage/solo',
      choices: [{ message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      peerage: { mode: 'solo', background: null, round: null, rated: null, credits: [], usage_estimated: false, ignored: ['seed'] },
    })
  })

  it('streams its text as it is made', async () => {
    const next = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const own = openFacade(createSolo(talking(async function* () {
      yield { type: 'text', text: 'one' }
      await next[0]?.promise
      yield { type: 'text', text: 'two' }
      await next[1]?.promise
      yield { type: 'end', finish: 'length', usage: null }
    })))
    const response = await ask(own.app, { ...solo, stream: true, stream_options: { include_usage: true } })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    let text = ''
    let step = 0
    for await (const bytes of response.body as ReadableStream<Uint8Array>) {
      text += new TextDecoder().decode(bytes)
      if (text.includes('"one"') && step === 0) next[step++]?.resolve()
      if (text.includes('"two"') && step === 1) next[step++]?.resolve()
    }
    const data = text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice('data: '.length)) as Record<string, unknown>] : []))
    const choice = (delta: object, finish: string | null = null): object => ({ index: 0, delta, logprobs: null, finish_reason: finish })
    const [first] = data
    const head = { id: first?.['id'], object: 'chat.completion.chunk', created: first?.['created'], model: 'peerage/solo', system_fingerprint: null }
    expect(data).toEqual([
      { ...head, choices: [choice({ role: 'assistant', content: '' })], usage: null },
      { ...head, choices: [choice({ content: 'one' })], usage: null },
      { ...head, choices: [choice({ content: 'two' })], usage: null },
      { ...head, choices: [choice({}, 'length')], usage: null },
      { ...head, choices: [], usage: { prompt_tokens: 2, completion_tokens: 2, total_tokens: 4 }, peerage: expect.objectContaining({ mode: 'solo', usage_estimated: true }) as object },
    ])
    expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
    expect(text).not.toMatch(/^id:|: keep-alive\n\n/m)
  })

  it('is stopped when the client goes', async () => {
    const stopped = Promise.withResolvers<unknown>()
    const own = openFacade(createSolo(talking(async function* (_, signal) {
      try {
        yield { type: 'text', text: 'one' }
        yield { type: 'text', text: 'two' }
      } finally {
        stopped.resolve(signal.reason)
      }
    })))
    const reader = (await ask(own.app, { ...solo, stream: true })).body?.getReader()
    await reader?.read()
    await reader?.read()
    await reader?.cancel()
    expect(await stopped.promise).toMatchObject({ message: 'the client has gone' })
    expect(own.errors).toEqual([])
  })

  it.each<[AgentErrorCode, number, string, string]>([
    ['unreachable', 502, 'upstream_unreachable', 'server_error'],
    ['refused', 502, 'upstream_refused', 'server_error'],
    ['malformed-reply', 502, 'upstream_malformed_reply', 'server_error'],
    ['rate-limited', 429, 'rate_limit_exceeded', 'rate_limit_error'],
    ['busy', 429, 'upstream_busy', 'rate_limit_error'],
    ['budget-refused', 429, 'insufficient_quota', 'insufficient_quota'],
    ['timeout', 504, 'upstream_timeout', 'server_error'],
    ['exited', 503, 'upstream_exited', 'server_error'],
    ['unsupported-task', 400, 'unsupported_task', 'invalid_request_error'],
  ])('that fails (%s) is shown with its cause: %i %s', async (reason, status, code, type) => {
    const failing = openFacade(createSolo(talking(async function* () {
      throw new AgentError(reason, 'the endpoint answers 418')
      yield* say()
    })))
    for (const stream of [false, true]) {
      const error = await errorOf(await ask(failing.app, { ...solo, stream }))
      expect(error).toEqual({ status, code, type, param: null, message: `${reason === 'unsupported-task' ? '' : 'The model of this node failed: '}the endpoint answers 418` })
    }
  })

  it('that fails midway ends the stream with the error', async () => {
    const failing = openFacade(createSolo(talking(async function* () {
      yield { type: 'text', text: 'one' }
      throw new AgentError('unreachable', 'the reply ended early')
    })))
    const text = await (await ask(failing.app, { ...solo, stream: true })).text()
    const [last] = text.trimEnd().split('\n').slice(-1)
    expect(JSON.parse(last?.slice('data: '.length) ?? '')).toEqual({
      error: { message: 'The model of this node failed: the reply ended early', type: 'server_error', param: null, code: 'upstream_unreachable' },
    })
    expect(text).not.toContain('[DONE]')
  })

  it('that holds no conversations answers tasks, and says so where it cannot', async () => {
    const countdown = { ...solo, peerage: { kind: 'countdown' }, messages: [{ role: 'user', content: '{"numbers":[1,2,3],"target":6}' }] }
    expect(await (await ask(facade.app, countdown)).json()).toMatchObject({
      choices: [{ message: { content: expect.stringContaining('FINAL ANSWER:') as string } }],
      peerage: { mode: 'solo', note: "Answered by this node's own agent (solver/fixture), unrated." },
    })
    const error = await errorOf(await ask(facade.app, solo))
    expect(error).toMatchObject({ status: 400, code: 'unsupported_task' })
    expect(error.message).toContain('does not hold conversations')
  })

  it('does the chores of front ends, if it can talk', async () => {
    const chore = { ...hello, metadata: { task: 'title_generation' } }
    const own = openFacade(createSolo(talking(() => say('A title'))))
    expect(await (await ask(own.app, chore)).json()).toMatchObject({ model: 'peerage/solo', choices: [{ message: { content: 'A title' } }], peerage: { mode: 'solo', background: 'title' } })
    expect(own.fixture.asked).toEqual([])

    const response = ask(facade.app, chore)
    await untilAsked(facade)
    await closeLast(facade, 'A title')
    expect(await (await response).json()).toMatchObject({ model: 'peerage', peerage: { mode: 'round', background: null } })
  })
})

describe('models', () => {
  it('are the network and the own agent', async () => {
    const created = Math.floor(Date.parse('2026-01-01T00:00:00.000Z') / 1_000)
    const [network, own] = ['peerage', 'peerage/solo'].map((id) => ({ id, object: 'model', created, owned_by: 'peerage' }))
    expect(await (await facade.app.request('/v1/models')).json()).toEqual({ object: 'list', data: [network, own] })
    expect(await (await facade.app.request('/v1/models/peerage')).json()).toEqual(network)
    for (const id of ['peerage/solo', 'peerage%2Fsolo']) expect(await (await facade.app.request(`/v1/models/${id}`)).json()).toEqual(own)
    for (const id of ['gpt-4o', '%E0%A4%A', 'peerage%252Fsolo']) expect(await errorOf(await facade.app.request(`/v1/models/${id}`))).toMatchObject({ status: 404, code: 'model_not_found' })
  })
})
