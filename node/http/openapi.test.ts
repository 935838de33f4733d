import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createScriptedAgent, startMemoryNetwork, type MemoryNode } from '../test/memory-network.ts'
import { createApi, type Api } from './api.ts'
import { createEventLog } from './event-log.ts'
import { createEventStreams } from './event-stream.ts'
import { createMetrics } from './metrics.ts'
import { facadeMount } from './facade/facade.ts'
import { PROBLEMS } from './problem.ts'
import { createRoutes } from './routes.ts'
import { closeRound, createServiceFixture, OTHER, type ServiceFixture } from './service-fixture.ts'

interface Content {
  [type: string]: { schema: Record<string, unknown> }
}
interface Operation {
  operationId: string
  summary: string
  parameters?: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content: Content }>
}
interface Description {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Record<string, unknown>>; securitySchemes: Record<string, unknown> }
  security: object[]
}

let fixture: ServiceFixture
let api: Api
let description: Description

beforeAll(async () => {
  fixture = createServiceFixture()
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0, mounts: [facadeMount(fixture.service)] })
  description = (await (await fetch(`${api.url}/openapi.json`)).json()) as Description
  const { round } = await fixture.service.ask({ prompt: 'What is 6 x 7?', kind: 'number' })
  fixture.setRound(closeRound((await fixture.service.round(round))!, '42'))
  await fixture.service.ask({ prompt: 'Why?', kind: 'text' })
})
afterAll(() => api.close())

const operations = (): { path: string; method: string; operation: Operation }[] =>
  Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

/** Checks by the published JSON Schema alone: nothing of the schemas it was made from. */
function assertMatches(schema: Record<string, unknown>, value: unknown): void {
  const local = JSON.parse(JSON.stringify({ ...schema, $defs: description.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/')) as Record<string, unknown>
  z.fromJSONSchema(local).parse(value)
}

const QUERIES: Readonly<Record<string, string>> = { getRound: '?wait=1', getReputation: '?history=1', getRewards: '?history=1', exportRounds: '?format=json' }
const TASK = '{"numbers":[75,50,2,3,8,7],"target":812}'
const ABOUT = { model: 'peerage/solo', peerage: { kind: 'countdown' } }
const BODIES: Readonly<Record<string, unknown>> = {
  createChatCompletion: { ...ABOUT, messages: [{ role: 'user', content: TASK }] },
  createResponse: { ...ABOUT, input: TASK },
  createMessage: { ...ABOUT, max_tokens: 100, messages: [{ role: 'user', content: TASK }] },
  ask: { prompt: 'What is 2 + 2?', kind: 'number', truth: { accepted: ['4'] } },
  changeMembership: { kind: 'leave' },
}

/** Calls every operation of an API, and compares what comes with what is published of it. Resolves with the statuses. */
async function callAll(url: string, round: string, member: string, without?: string): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {}
  for (const { path, method, operation } of operations()) {
    const { operationId, responses } = operation
    if (operationId === without) continue
    const body = BODIES[operationId]
    const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const target = path.replace('{round}', round).replace('{member}', member).replace('{model}', 'peerage/solo') + (QUERIES[operationId] ?? '')
    const response = await fetch(url + target, { method: method.toUpperCase(), ...init })
    statuses[operationId] = response.status
    const declared = responses[String(response.status)]?.content ?? {}
    const type = (response.headers.get('content-type') ?? '').split(';')[0] as string
    expect(Object.keys(declared), `${operationId}, status ${response.status}`).toContain(type)
    const { schema } = declared[type] as { schema: Record<string, unknown> }
    if (type === 'text/event-stream') {
      await response.body?.cancel()
      continue
    }
    const text = await response.text()
    if (type.endsWith('json') && !type.endsWith('ndjson')) assertMatches(schema, JSON.parse(text))
    if (type === 'application/x-ndjson') for (const line of text.trimEnd().split('\n')) assertMatches(schema, JSON.parse(line))
  }
  return statuses
}

describe('GET /openapi.json', () => {
  it('is a document of OpenAPI 3.1 in which every reference leads somewhere and every operation has a name of its own', () => {
    expect(description.openapi).toBe('3.1.0')
    expect(description.info.title).toBe('Peerage')
    expect(description.security.flatMap(Object.keys).sort()).toEqual(Object.keys(description.components.securitySchemes).sort())
    const references = [...JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] as string)
    expect([...new Set(references)].filter((name) => description.components.schemas[name] === undefined)).toEqual([])
    expect(JSON.stringify(description)).not.toContain('#/$defs')
    const names = operations().map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(names.length)
    for (const { path, operation } of operations()) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
    }
  })
  it('names every route that the app serves, and no other', () => {
    const log = createEventLog(fixture.service)
    const streams = createEventStreams(log, 1_000)
    const metrics = createMetrics(fixture.service, () => 0)
    const limits = { burst: 1, perSecond: 1 }
    const app = createRoutes(fixture.service, streams, metrics, { host: '127.0.0.1', token: null, limits, mounts: [facadeMount(fixture.service)], clientOf: () => '', onError: () => undefined })
    const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{.*\})?/g, '{$1}')}`)
    expect(operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(served.sort())
    log.close()
    metrics.close()
  })
  it('describes what comes, for every operation', async () => {
    const statuses = await callAll(api.url, 'round-1', OTHER)
    expect(Object.values(statuses).filter((status) => status >= 300)).toEqual([])
  })
  it('describes what comes of a node at work', async () => {
    const network = await startMemoryNetwork(['42', '42', '41'].map(createScriptedAgent))
    const [{ service, member }] = network.nodes as [MemoryNode]
    const real = await createApi(service, { host: '127.0.0.1', port: 0, mounts: [facadeMount(service)] })
    try {
      await vi.waitFor(() => expect(service.status().membersPresent).toBe(3), { timeout: 10_000, interval: 20 })
      const { round } = await service.ask({ prompt: '6 x 7', kind: 'number', answerMs: 5_000, judgeMs: 5_000 })
      await vi.waitFor(async () => expect((await service.round(round))?.status).toBe('closed'), { timeout: 20_000, interval: 20 })
      // Who has left can ask no more.
      const statuses = await callAll(real.url, round, member, 'changeMembership')
      expect(Object.entries(statuses).filter(([, status]) => status >= 300)).toEqual([])
    } finally {
      await real.close()
      await network.stop()
    }
  })
  it.each(['createChatCompletion', 'createResponse', 'createMessage'])('describes each event that %s streams, and what it refuses with', async (id) => {
    const { path, operation } = operations().find((known) => known.operation.operationId === id) as ReturnType<typeof operations>[number]
    const post = (body: object): Promise<Response> => fetch(api.url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    const streamed = await (await post({ ...(BODIES[id] as object), stream: true, stream_options: { include_usage: true } })).text()
    const events = [...streamed.matchAll(/^data: (.*)$/gm)].map((match) => match[1] as string).filter((data) => data !== '[DONE]')
    expect(events.length).toBeGreaterThan(2)
    const { schema } = operation.responses['200']?.content['text/event-stream'] as Content[string]
    for (const data of events) assertMatches(schema, JSON.parse(data))
    const refused = await post({ model: 'other' })
    expect(refused.status).toBe(400)
    const { schema: refusal } = operation.responses['default']?.content['application/json'] as Content[string]
    assertMatches(refusal, await refused.json())
  })
  it('leaves no room for what it does not describe', () => {
    const { schema } = description.paths['/api/v1/status']?.['get']?.responses['200']?.content['application/json'] as Content[string]
    const status = { schema: 'peerage.status/v1', ...fixture.service.status() }
    assertMatches(schema, status)
    for (const wrong of [{ ...status, more: 1 }, { ...status, signing: { ...status.signing, more: 1 } }, { ...status, height: '7' }]) expect(() => assertMatches(schema, wrong)).toThrow()
  })
  it('takes from a request what it says it takes', () => {
    const { schema } = description.paths['/api/v1/rounds']?.['post']?.requestBody?.content['application/json'] as Content[string]
    assertMatches(schema, { prompt: 'x' })
    expect(() => assertMatches(schema, { prompt: '' })).toThrow()
    expect(() => assertMatches(schema, { prompt: 'x', kidn: 'text' })).toThrow()
  })
  it('declares the problems that come, in the form they have', async () => {
    const problem = operations()[0]?.operation.responses['403']?.content['application/problem+json']?.schema as Record<string, unknown>
    for (const path of ['/api/v1/rounds/none', '/api/v1/rounds?limit=0', '/api/v1/nothing']) {
      const document = (await (await fetch(api.url + path)).json()) as { code: keyof typeof PROBLEMS; status: number }
      assertMatches(problem, document)
      expect(PROBLEMS[document.code].status).toBe(document.status)
    }
  })
})
