/** The facade as OpenAI's own client sees it: three nodes, each a process, one with a model behind an endpoint and two with programs. */
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import OpenAI, { APIError, BadRequestError, InternalServerError, NotFoundError } from 'openai'
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions'
import type { ResponseInput } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Agent } from '../agents/agent.ts'
import type { AgentConfig } from '../agents/create-agent.ts'
import { sayJson, startChatServer, type ChatServer, type Respond } from '../agents/openai-fixture.ts'
import { createSolverAgent } from '../agents/solver-agent.ts'
import { createApi } from '../http/api.ts'
import { facadeMount } from '../http/facade/facade.ts'
import type { PeerageExtra } from '../http/facade/generation.ts'
import { createServiceFixture } from '../http/service-fixture.ts'
import { createSolo } from '../runtime/solo.ts'
import type { RoundDetail } from '../service.ts'
import { startTestnet, untilClosed, type Testnet, type TestNode } from './testnet-processes.ts'

/** Longer than what the programs say, which find longer answers better: so this one wins. */
const WINNER = 'The model says more than the others do, so that its answer is found the best.'
const TALKER = fileURLToPath(new URL('talker-fixture.ts', import.meta.url))

const KEY_VARIABLE = 'PEERAGE_TEST_MODEL_KEY'
const KEY = 'sk-planted-where-nobody-may-see-it'

let model: ChatServer
let testnet: Testnet
let client: OpenAI
let base: string

beforeAll(async () => {
  model = await startChatServer()
  const agents: AgentConfig[] = [
    { type: 'openai', baseUrl: model.baseUrl, model: 'small-model', keyEnv: KEY_VARIABLE, attemptsMax: 1, canaryEvery: 0 },
    ...['Ann', 'Bartholomew'].map((name): AgentConfig => ({ type: 'command', command: process.execPath, args: [TALKER, name] })),
  ]
  testnet = await startTestnet({ nodes: agents.length, agentOf: (index) => agents[index], env: { [KEY_VARIABLE]: KEY } })
  base = `${nodeAt(0).client.url}/v1`
  client = new OpenAI({ baseURL: base, apiKey: 'none is needed', maxRetries: 2 })
}, 60_000)
afterAll(async () => {
  await testnet?.stop()
  await model?.close()
})
beforeEach(() => model.behave(sayJson(WINNER)))

const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode
const roundOf = (id: string): Promise<RoundDetail> => nodeAt(1).client.get<RoundDetail>(`rounds/${id}`)
const ask = (content: string): ChatCompletionCreateParamsNonStreaming => ({ model: 'peerage', messages: [{ role: 'user', content }] })

type WithExtra<T> = T & { peerage?: PeerageExtra }
const extraOf = (answer: ChatCompletion | ChatCompletionChunk): PeerageExtra => {
  const extra = (answer as WithExtra<typeof answer>).peerage
  if (extra === undefined) throw new Error('the answer has no extra object')
  return extra
}

/** Streams pieces with the usage, each when the one before it has been asked for. */
function sayPieces(pieces: readonly string[], before: (index: number) => Promise<void>): Respond {
  const reply = async (response: ServerResponse): Promise<void> => {
    response.setHeader('content-type', 'text/event-stream')
    const say = (chunk: object): void => void response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    for (const [index, content] of pieces.entries()) {
      await before(index)
      say({ choices: [{ delta: { content }, finish_reason: null }] })
    }
    say({ choices: [{ delta: {}, finish_reason: 'stop' }] })
    say({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 } })
    response.end('data: [DONE]\n\n')
  }
  return (_, response) => void reply(response)
}

async function failureOf(request: Promise<unknown>): Promise<APIError> {
  const error = await request.then(() => null, (reason: unknown) => reason)
  if (!(error instanceof APIError)) throw new Error(`no error of the API: ${String(error)}`)
  return error
}

describe("OpenAI's client", () => {
  it('lists the models, and finds each by its name', async () => {
    const models = []
    for await (const each of client.models.list()) models.push(each)
    expect(models).toEqual(['peerage', 'peerage/solo'].map((id) => ({ id, object: 'model', created: expect.any(Number) as number, owned_by: 'peerage' })))
    for (const each of models) expect(await client.models.retrieve(each.id)).toEqual(each)
    expect(await failureOf(client.models.retrieve('gpt-4o'))).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error', param: 'model' })
  })

  it('gets the answer that won a rated round, as the record has it', async () => {
    const answer = await client.chat.completions.create({ ...ask('Who is there?'), temperature: 0.1 })
    const extra = extraOf(answer)
    const round = await untilClosed(nodeAt(1), extra.round as string)
    expect(answer).toEqual({
      id: `chatcmpl-${round.round}`,
      object: 'chat.completion',
      created: expect.any(Number) as number,
      model: 'peerage',
      choices: [{ index: 0, message: { role: 'assistant', content: round.winner?.text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: Math.ceil((round.winner?.text.length ?? 0) / 4), total_tokens: expect.any(Number) as number },
      system_fingerprint: null,
      peerage: extra,
    })
    expect(round).toMatchObject({ asker: nodeAt(0).node.memberId, prompt: 'Who is there?', kind: 'text', rated: true })
    expect(round.winner?.text).toBe(WINNER)
    expect(extra).toEqual({
      schema: 'peerage.chat/v1',
      mode: 'round',
      background: null,
      note: `The answer of ${nodeAt(0).node.name} won among 3.`,
      round: round.round,
      status: 'closed',
      rated: true,
      winner: { member: nodeAt(0).node.memberId, name: nodeAt(0).node.name, value: null },
      ranking: expect.any(Array) as object[],
      agreement_micro: round.ranking?.agreementMicro,
      evaluation: { source: 'consensus', value_micro: round.evaluation?.valueMicro, success: round.evaluation?.success },
      credits: expect.any(Array) as object[],
      usage_estimated: true,
      ignored: ['temperature'],
    })
    const byMember = (a: { member: string }, b: { member: string }): number => (a.member < b.member ? -1 : 1)
    expect(extra.ranking[0]?.member).toBe(nodeAt(0).node.memberId)
    expect([...extra.ranking].sort(byMember)).toEqual(
      round.ranking?.answers.map(({ member, name, strengthMicro }) => ({ member, name, strength_micro: strengthMicro, cluster: round.answers.find((each) => each.member === member)?.cluster })).sort(byMember),
    )
    expect([...extra.credits].sort(byMember)).toEqual(round.credit?.shares.map(({ member, name, creditMicro, points }) => ({ member, name, credit_micro: creditMicro, points })).sort(byMember))
  })

  it('streams progress, then the winner, then usage with the extra object', async () => {
    const stream = await client.chat.completions.create({ ...ask('And now?'), stream: true, stream_options: { include_usage: true } })
    const chunks: ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    const last = chunks.at(-1) as ChatCompletionChunk
    const extra = extraOf(last)
    const head = { id: `chatcmpl-${extra.round}`, object: 'chat.completion.chunk', created: last.created, model: 'peerage', system_fingerprint: null }
    for (const chunk of chunks) expect(chunk).toMatchObject(head)
    const deltas = chunks.slice(0, -1).map(({ choices, usage }) => {
      expect([usage, choices.length]).toEqual([null, 1])
      expect(choices[0]).toMatchObject({ index: 0, logprobs: null })
      return { ...choices[0]?.delta, finish: choices[0]?.finish_reason }
    })
    const reasoning = deltas.flatMap((delta) => ('reasoning_content' in delta ? [delta['reasoning_content'] as string] : []))
    const content = deltas.flatMap((delta) => ('content' in delta ? [delta.content] : []))
    expect(deltas).toEqual([
      { role: 'assistant', content: '', finish: null },
      ...reasoning.map((text) => ({ reasoning_content: text, finish: null })),
      ...content.slice(1).map((text) => ({ content: text, finish: null })),
      { finish: 'stop' },
    ])
    expect(content.join('')).toBe(WINNER)
    expect(reasoning.join('')).toMatch(/^Round [0-9a-f]{8}: asked the network, \d members? present\./)
    for (const sentence of [/^3 members answered: .*\. They compare the answers\.$/m, /^\d members judged, with \d+ verdicts\./m, new RegExp(`^The answer of ${nodeAt(0).node.name} won, ahead by`, 'm')]) {
      expect(reasoning.join('')).toMatch(sentence)
    }
    expect(last).toEqual({ ...head, choices: [], usage: { prompt_tokens: 2, completion_tokens: 20, total_tokens: 22 }, peerage: extra })
    expect(extra).toMatchObject({ mode: 'round', status: 'closed', rated: true, winner: { name: nodeAt(0).node.name } })
    expect((await roundOf(extra.round as string)).winner?.text).toBe(content.join(''))
  })

  it('assembles a streamed answer by its own means, the extra object included', async () => {
    const whole = await client.chat.completions.stream({ ...ask('In pieces?'), stream: true }).finalChatCompletion()
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: WINNER } })
    expect(extraOf(whole)).toMatchObject({ mode: 'round', status: 'closed' })
  })

  it('goes on with a conversation, which becomes the task', async () => {
    const first = await client.chat.completions.create(ask('What is your name?'))
    const answer = await client.chat.completions.create({
      model: 'peerage',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is your name?' },
        first.choices[0]?.message as { role: 'assistant'; content: string },
        { role: 'user', content: [{ type: 'text', text: 'And mine?' }] },
      ],
    })
    expect(answer.choices[0]?.message.content).toBe(WINNER)
    const { prompt } = await roundOf(extraOf(answer).round as string)
    expect(prompt.split('\n').slice(1)).toEqual(['=== system', 'Be brief.', '=== user', 'What is your name?', '=== assistant', WINNER, '=== user', 'And mine?'])
    expect(model.seen.some(({ body }) => body.messages.some(({ content }) => content.includes(prompt)))).toBe(true)
  })

  it('asks many things at once, more than the network opens for one asker, and gets each its own answer', async () => {
    const questions = Array.from({ length: 7 }, (_, index) => `Question ${index}?`)
    const answers = await Promise.all(questions.map((question) => client.chat.completions.create(ask(question))))
    const rounds = await Promise.all(answers.map((answer) => roundOf(extraOf(answer).round as string)))
    expect(rounds.map(({ prompt }) => prompt)).toEqual(questions)
    expect(answers.map(({ choices }) => choices[0]?.message.content)).toEqual(rounds.map(({ winner }) => winner?.text))
  })

  it('puts tasks of other kinds, with times of its own', async () => {
    const answer = await client.chat.completions.create({ ...ask('A or B?'), metadata: { peerage_kind: 'choice' }, peerage: { answer_ms: 9_000, judge_ms: 8_000 } } as ChatCompletionCreateParamsNonStreaming)
    expect(await roundOf(extraOf(answer).round as string)).toMatchObject({ kind: 'choice', task: { answerMs: 9_000, judgeMs: 8_000 } })
  })

  it('streams tokens of the own model end to end', async () => {
    const reached = [0, 1, 2].map(() => Promise.withResolvers<void>())
    reached[0]?.resolve()
    model.behave(sayPieces(['one ', 'two ', 'three'], async (index) => reached[index]?.promise))
    const stream = await client.chat.completions.create({ ...ask('Count.'), model: 'peerage/solo', stream: true, temperature: 0.25, max_tokens: 77, stream_options: { include_usage: true } })
    const texts: string[] = []
    let last: ChatCompletionChunk | null = null
    for await (const chunk of stream) {
      last = chunk
      const text = chunk.choices[0]?.delta.content ?? ''
      if (text !== '') reached[texts.push(text)]?.resolve()
    }
    expect(texts).toEqual(['one ', 'two ', 'three'])
    expect(last).toMatchObject({ model: 'peerage/solo', usage: { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 }, peerage: { mode: 'solo', round: null, rated: null, usage_estimated: false, ignored: [] } })
    expect(model.seen.map(({ body }) => body)).toMatchObject([{ model: 'small-model', stream: true, temperature: 0.25, messages: [{ role: 'user', content: 'Count.' }] }])
  })

  it('has a title made by the own model, which no round is opened for', async () => {
    const rounds = async (): Promise<number> => (await nodeAt(0).client.get<{ rounds: unknown[] }>('rounds?limit=200')).rounds.length
    const before = await rounds()
    model.behave(sayPieces(['A title'], async () => undefined))
    const answer = await client.chat.completions.create(ask('Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.'))
    expect([answer.model, answer.choices[0]?.message.content, extraOf(answer).background]).toEqual(['peerage/solo', 'A title', 'title'])
    expect(await rounds()).toBe(before)
  })

  it('ends the call of the own model by going away', async () => {
    const closed = Promise.withResolvers<void>()
    model.behave((_, response) => {
      response.on('close', () => closed.resolve())
      response.setHeader('content-type', 'text/event-stream')
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: 'one' }, finish_reason: null }] })}\n\n`)
    })
    const stream = await client.chat.completions.create({ ...ask('Go on and on.'), model: 'peerage/solo', stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'one') break
    await closed.promise
    const unread = new AbortController()
    const waiting = Promise.withResolvers<void>()
    const closedToo = Promise.withResolvers<void>()
    model.behave((_, response) => {
      response.on('close', () => closedToo.resolve())
      waiting.resolve()
    })
    const refused = failureOf(client.chat.completions.create({ ...ask('Say nothing.'), model: 'peerage/solo' }, { signal: unread.signal }))
    await waiting.promise
    unread.abort()
    expect((await refused).message).toContain('aborted')
    await closedToo.promise
  })

  it('leaves a round, which goes on without it', async () => {
    const stream = await client.chat.completions.create({ ...ask('Think slowly'), stream: true })
    let id = ''
    for await (const chunk of stream) {
      id = chunk.id.slice('chatcmpl-'.length)
      break
    }
    expect(await untilClosed(nodeAt(1), id)).toMatchObject({ status: 'closed', winner: { text: WINNER } })
  })

  it('gets responses too, whole and as events', async () => {
    const whole = await client.responses.create({ model: 'peerage', input: 'A response?' })
    expect(whole).toMatchObject({ object: 'response', status: 'completed', output_text: WINNER, error: null, model: 'peerage', peerage: { mode: 'round', status: 'closed', rated: true } })
    const stream = client.responses.stream({ model: 'peerage', input: [{ role: 'user', content: 'A response?' }, ...whole.output, { role: 'user', content: 'Another?' }] as ResponseInput })
    const types: string[] = []
    for await (const { type } of stream) types.push(type)
    expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed'])
    const final = await stream.finalResponse()
    expect(final).toMatchObject({ output_text: WINNER, output: [{ type: 'reasoning' }, { type: 'message', status: 'completed' }] })
    expect((await roundOf(final.id.slice('resp_'.length))).prompt).toContain('=== assistant\n' + WINNER)
  })

  it('is refused as it knows from elsewhere', async () => {
    expect(await failureOf(client.chat.completions.create({ ...ask('x'), model: 'gpt-4o' }))).toBeInstanceOf(NotFoundError)
    const tooLong = await failureOf(client.chat.completions.create(ask('x'.repeat(70_000))))
    expect(tooLong).toBeInstanceOf(BadRequestError)
    expect(tooLong).toMatchObject({ code: 'context_length_exceeded', param: 'messages' })
    expect(await failureOf(client.chat.completions.create(ask('x'.repeat(600_000))))).toMatchObject({ status: 413, code: 'too_large' })
    const image = { role: 'user' as const, content: [{ type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AA==' } }] }
    expect(await failureOf(client.chat.completions.create({ model: 'peerage', messages: [image] }))).toMatchObject({ status: 400, code: 'unsupported_content', param: 'messages[0].content[0]' })
    expect(await failureOf(client.post('/nothing'))).toMatchObject({ status: 404, code: 'not_found', type: 'invalid_request_error' })
    expect(await failureOf(client.get('/models', { headers: { origin: 'https://elsewhere.example' } }))).toMatchObject({ status: 403, code: 'forbidden_origin', type: 'permission_error' })
  })
})

/** Reads the stream as common Python clients do: a blank line ends an event wherever an id was ever seen, and data has to be JSON. */
const PYTHON = `
import json, sys, http.client
host, port = sys.argv[1].split(":")
connection = http.client.HTTPConnection(host, int(port), timeout=30)
body = json.dumps({"model": sys.argv[2], "stream": True, "messages": [{"role": "user", "content": "From Python?"}]})
connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json", "Authorization": "Bearer any"})
response = connection.getresponse()
content, reasoning, extra, data, finish, comments, seen_id, done = "", "", None, [], None, 0, False, False
for raw in response:
    line = raw.decode("utf-8").rstrip("\\n")
    if line.startswith(":"): comments += 1
    if line.startswith("id:"): seen_id = True
    if line.startswith("data: "): data.append(line[6:])
    if line != "" or (not data and not seen_id): continue
    text, data = "\\n".join(data), []
    done = text == "[DONE]"
    if done: break
    chunk = json.loads(text)
    extra = chunk.get("peerage", extra)
    for choice in chunk["choices"]:
        content += choice["delta"].get("content") or ""
        reasoning += choice["delta"].get("reasoning_content") or ""
        finish = choice["finish_reason"] or finish
print(json.dumps({"status": response.status, "type": response.getheader("content-type"), "content": content, "reasoning": reasoning, "finish": finish, "mode": extra["mode"], "comments": comments, "done": done}))
`
const noPython = spawnSync('python3', ['--version']).status !== 0

async function readByPython(url: string, asked: string): Promise<{ content: string; comments: number }> {
  const { stdout } = await promisify(execFile)('python3', ['-c', PYTHON, new URL(url).host, asked])
  return JSON.parse(stdout) as { content: string; comments: number }
}

describe('a Python program with nothing but its standard library', () => {
  it.skipIf(noPython)('reads the stream to its end (skipped where there is no python3)', async () => {
    expect(await readByPython(base, 'peerage')).toEqual({
      status: 200,
      type: 'text/event-stream; charset=utf-8',
      content: WINNER,
      reasoning: expect.stringContaining('3 members answered') as string,
      finish: 'stop',
      mode: 'round',
      comments: 0,
      done: true,
    })
  })
})

describe('keep-alives', () => {
  it('reach clients while the model is silent, and none takes them for an event', async () => {
    const agent = { ...createSolverAgent({ strategy: 'hasty' }), chat: sayAfter(120, 'At last.') }
    const { service } = createServiceFixture(createSolo(agent))
    const api = await createApi(service, { host: '127.0.0.1', port: 0, mounts: [facadeMount(service, { keepAliveMs: 10 })] })
    try {
      const near = new OpenAI({ baseURL: `${api.url}/v1`, apiKey: 'any', maxRetries: 0 })
      const raw = await near.chat.completions.create({ ...ask('Well?'), model: 'peerage/solo', stream: true }).asResponse()
      expect(await raw.text()).toMatch(/^(: keep-alive\n)+data: [^\n]+\n\n(data: [^\n]+\n\n)+$/)
      const whole = await near.chat.completions.stream({ ...ask('Well?'), model: 'peerage/solo', stream: true }).finalChatCompletion()
      expect(whole.choices[0]?.message.content).toBe('At last.')
      if (noPython) return
      const read = await readByPython(api.url, 'peerage/solo')
      expect([read.content, read.comments > 0]).toEqual(['At last.', true])
    } finally {
      await api.close()
    }
  })
})

function sayAfter(ms: number, text: string): NonNullable<Agent['chat']> {
  return async function* () {
    await sleep(ms)
    yield { type: 'text', text }
    yield { type: 'end', finish: 'stop', usage: null }
  }
}

describe("OpenAI's client, when models fail,", () => {
  it('is told what the own model failed of, without its key, and when nobody answers', async () => {
    model.behave(({ authorization }, response) => {
      response.writeHead(500, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: `out of memory for ${authorization}` } }))
    })
    for (const stream of [false, true]) {
      const error = await failureOf(client.chat.completions.create({ ...ask('Anything.'), model: 'peerage/solo', stream }, { maxRetries: 0 }))
      expect(error).toBeInstanceOf(InternalServerError)
      expect(error).toMatchObject({ status: 502, code: 'upstream_unreachable', type: 'server_error', param: null })
      expect(error.message).toContain('out of memory for Bearer [key]')
      expect(JSON.stringify(error)).not.toContain(KEY)
    }
    const error = await failureOf(client.chat.completions.create(ask('This is for nobody')))
    expect(error).toMatchObject({ status: 502, code: 'no_answer', type: 'server_error' })
    expect(error.message).toContain('out of memory')
    expect(error.message).not.toContain(KEY)
    const rounds = await nodeAt(0).client.get<{ rounds: RoundDetail[] }>('rounds?limit=200')
    expect(rounds.rounds.filter(({ prompt }) => prompt === 'This is for nobody')).toHaveLength(1)
  })
})
