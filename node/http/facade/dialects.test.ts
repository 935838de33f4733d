import type { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { AgentError } from '../../agents/agent.ts'
import { createSolo } from '../../runtime/solo.ts'
import { ServiceError } from '../../service.ts'
import { closeLast, openFacade, say, talking, untilAsked, type Facade } from './facade-fixture.ts'

type Fields = Record<string, unknown>

const post = (app: Hono, path: string, body: object): Promise<Response> =>
  Promise.resolve(app.request(`/v1/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }))
const talker = (...texts: string[]): Facade => openFacade(createSolo(talking(() => say(...texts))))
const whole = expect.objectContaining({ schema: 'peerage.chat/v1', mode: 'round', winner: expect.anything() as unknown }) as object

/** The events of a stream. Each is named as its data says. */
async function eventsOf(response: Response): Promise<Fields[]> {
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const text = await response.text()
  return text
    .replace(/^:.*\n/gm, '')
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(event) ?? []
      const fields = JSON.parse(data ?? '') as Fields
      expect(fields['type']).toBe(name)
      return fields
    })
}

/** Asks the network, and closes the round as won by the text. */
async function askNetwork(facade: Facade, path: string, body: object, text: string | null): Promise<Response> {
  const response = post(facade.app, path, body)
  await untilAsked(facade)
  await closeLast(facade, text)
  return response
}

describe('responses', () => {
  const hello = { model: 'peerage', input: 'hello' }

  it('are answered with the text that won', async () => {
    const facade = openFacade()
    const body = (await (await askNetwork(facade, 'responses', { ...hello, instructions: 'Be brief.', metadata: { a: 'b' }, store: true }, 'hi')).json()) as Fields
    expect(facade.fixture.asked[0]?.prompt).toMatch(/\n=== system\nBe brief\.\n=== user\nhello$/)
    expect(body).toEqual({
      id: 'resp_round-1',
      object: 'response',
      created_at: expect.any(Number) as number,
      completed_at: expect.any(Number) as number,
      status: 'completed',
      error: null,
      incomplete_details: null,
      instructions: 'Be brief.',
      metadata: { a: 'b' },
      model: 'peerage',
      output: [{ id: 'msg_round-1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'hi', annotations: [], logprobs: [] }] }],
      parallel_tool_calls: false,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: false,
      temperature: null,
      max_output_tokens: null,
      text: { format: { type: 'text' } },
      tool_choice: 'none',
      tools: [],
      top_p: null,
      truncation: 'disabled',
      usage: { input_tokens: 38, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens: 1, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 39 },
      peerage: whole,
    })
  })

  it('come as events: progress as a reasoning item, then the message', async () => {
    const events = await eventsOf(await askNetwork(openFacade(), 'responses', { ...hello, stream: true }, 'hi'))
    expect(events.map(({ sequence_number: sequence }) => sequence)).toEqual(events.map((_, index) => index))
    const names = events.map(({ type }) => String(type)).filter((type, index, all) => type !== all[index - 1])
    expect(names).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    const response = events.at(-1)?.['response'] as { output: Fields[]; status: string; peerage: object }
    const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
    expect([response.output, response.status, response.peerage]).toEqual([items, 'completed', whole])
    const told = events.filter(({ type }) => type === 'response.reasoning_summary_text.delta').map(({ delta }) => delta)
    expect(items[0]).toMatchObject({ type: 'reasoning', summary: [{ type: 'summary_text', text: told.join('') }] })
    expect(events.filter(({ type }) => type === 'response.output_text.delta')).toMatchObject([{ delta: 'hi', item_id: 'msg_round-1', output_index: 1, content_index: 0 }])
  })

  it('of the own agent are one message, cut where it was cut', async () => {
    const cut = openFacade(createSolo(talking(async function* () {
      yield { type: 'text', text: 'one ' }
      yield { type: 'text', text: 'two' }
      yield { type: 'end', finish: 'length', usage: null }
    })))
    const events = await eventsOf(await post(cut.app, 'responses', { ...hello, model: 'peerage/solo', stream: true, max_output_tokens: 2 }))
    expect(events.filter(({ type }) => type === 'response.output_text.delta')).toMatchObject([{ delta: 'one ', output_index: 0 }, { delta: 'two', output_index: 0 }])
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ type: 'message', status: 'incomplete', content: [{ text: 'one two' }] }], peerage: { mode: 'solo', ignored: [] } },
    })
  })

  it('take a conversation as items, leaving out what was told of progress', async () => {
    const facade = openFacade()
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: '6 x 7?' }] },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: '42', annotations: [] }] },
      { role: 'user', content: 'And one more?' },
    ]
    await askNetwork(facade, 'responses', { ...hello, input }, '43')
    expect(facade.fixture.asked[0]?.prompt.split('\n').slice(1)).toEqual(['=== user', '6 x 7?', '=== assistant', '42', '=== user', 'And one more?'])
  })

  it.each([
    [{ input: [{ type: 'function_call_output', output: '' }] }, 'unsupported_content', 'input[0]'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'unsupported_content', 'input[0].content[0]'],
    [{ input: '' }, 'invalid_value', 'messages'],
    [{ input: 7 }, 'invalid_value', 'input'],
    [{ previous_response_id: 'resp_1' }, 'unsupported_parameter', 'previous_response_id'],
    [{ conversation: 'conv_1' }, 'unsupported_parameter', 'conversation'],
    [{ background: true }, 'unsupported_parameter', 'background'],
    [{ tool_choice: 'required' }, 'unsupported_parameter', 'tool_choice'],
    [{ text: { format: { type: 'json_schema' } } }, 'unsupported_parameter', 'text.format'],
  ])('refuse %j', async (change, code, param) => {
    const response = await post(openFacade().app, 'responses', { ...hello, ...change })
    expect([response.status, await response.json()]).toEqual([400, { error: { message: expect.any(String) as string, type: 'invalid_request_error', param, code } }])
  })

  it('that fail midway end with an error event', async () => {
    const failing = openFacade(createSolo(talking(async function* () {
      yield { type: 'text', text: 'one' }
      throw new AgentError('unreachable', 'the reply ended early')
    })))
    const events = await eventsOf(await post(failing.app, 'responses', { ...hello, model: 'peerage/solo', stream: true }))
    expect(events.at(-1)).toEqual({ type: 'error', sequence_number: events.length - 1, code: 'upstream_unreachable', message: 'The model of this node failed: the reply ended early', param: null })
  })
})

describe('messages', () => {
  const hello = { model: 'peerage', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] }

  it('are answered with the text that won', async () => {
    const facade = openFacade()
    const body = await (await askNetwork(facade, 'messages', { ...hello, system: [{ type: 'text', text: 'Be brief.' }] }, 'hi')).json()
    expect(facade.fixture.asked[0]?.prompt).toMatch(/\n=== system\nBe brief\.\n=== user\nhello$/)
    expect(body).toEqual({
      id: 'msg_round-1',
      type: 'message',
      role: 'assistant',
      model: 'peerage',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 38, output_tokens: 1 },
      peerage: whole,
    })
  })

  it('come as events, with progress as thinking where the client reads that', async () => {
    for (const thinking of [true, false]) {
      const body = { ...hello, stream: true, ...(thinking ? { thinking: { type: 'enabled', budget_tokens: 1_024 } } : {}) }
      const events = await eventsOf(await askNetwork(openFacade(), 'messages', body, 'hi'))
      const names = events.map(({ type }) => String(type)).filter((type, index, all) => type !== all[index - 1])
      const block = ['content_block_start', 'content_block_delta', 'content_block_stop']
      expect(names).toEqual(['message_start', ...(thinking ? block : []), ...block, 'message_delta', 'message_stop'])
      const index = thinking ? 1 : 0
      expect(events.slice(-5)).toEqual([
        { type: 'content_block_start', index, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index, delta: { type: 'text_delta', text: 'hi' } },
        { type: 'content_block_stop', index },
        { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { input_tokens: 2, output_tokens: 1 }, peerage: whole },
        { type: 'message_stop' },
      ])
    }
  })

  it('go to the own agent with what it can be told', async () => {
    const own = talker('one ', 'two')
    const body = { ...hello, model: 'peerage/solo', stop_sequences: ['END'], top_k: 5, metadata: { user_id: 'me' } }
    expect(await (await post(own.app, 'messages', body)).json()).toMatchObject({ content: [{ type: 'text', text: 'one two' }], usage: { input_tokens: 7, output_tokens: 2 }, peerage: { mode: 'solo', ignored: ['top_k'] } })
  })

  it('leave out what was told of progress', async () => {
    const facade = openFacade()
    const messages = [hello.messages[0], { role: 'assistant', content: [{ type: 'thinking', thinking: 'asked', signature: '' }, { type: 'text', text: 'hi' }] }, { role: 'user', content: 'Again?' }]
    await askNetwork(facade, 'messages', { ...hello, messages }, 'hi')
    expect(facade.fixture.asked[0]?.prompt.split('\n').slice(1)).toEqual(['=== user', 'hello', '=== assistant', 'hi', '=== user', 'Again?'])
  })

  it('are refused in the shape that their clients know', async () => {
    const { app, fixture } = openFacade()
    const refusal = async (body: object): Promise<unknown> => {
      const response = await post(app, 'messages', body)
      return [response.status, await response.json()]
    }
    const error = (type: string, code: string, param: string | null): object => ({ type: 'error', error: { type, code, param, message: expect.any(String) as string } })
    expect(await refusal({ ...hello, messages: 7 })).toEqual([400, error('invalid_request_error', 'invalid_value', 'messages')])
    expect(await refusal({ ...hello, model: 'gpt-4o' })).toEqual([404, error('not_found_error', 'model_not_found', 'model')])
    expect(await refusal({ ...hello, tools: [{}], tool_choice: { type: 'any' } })).toEqual([400, error('invalid_request_error', 'unsupported_parameter', 'tool_choice')])
    expect(await refusal({ ...hello, messages: [{ role: 'user', content: [{ type: 'image' }] }] })).toEqual([400, error('invalid_request_error', 'unsupported_content', 'messages[0].content[0]')])
    fixture.failAskWith(new ServiceError('observing', 'A sentence.'))
    expect(await refusal(hello)).toEqual([503, error('overloaded_error', 'observing', null)])
  })

  it('that fail midway end with an error event', async () => {
    const failing = openFacade(createSolo(talking(async function* () {
      yield { type: 'text', text: 'one' }
      throw new AgentError('timeout', 'no reply within 5 ms')
    })))
    const events = await eventsOf(await post(failing.app, 'messages', { ...hello, model: 'peerage/solo', stream: true }))
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'timeout_error', code: 'upstream_timeout' } })
  })
})
