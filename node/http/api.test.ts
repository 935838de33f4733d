import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ServiceError } from '../service.ts'
import type { ServiceErrorCode } from '../service.ts'
import { createApi } from './api.ts'
import type { Api } from './api.ts'
import { BODY_BYTES_MAX } from './requests.ts'
import { createServiceFixture, HEIGHT, OTHER, SELF } from './service-fixture.ts'
import type { ServiceFixture } from './service-fixture.ts'

let fixture: ServiceFixture
let api: Api

beforeEach(async () => {
  fixture = createServiceFixture()
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0, keepAliveMs: 20 })
})
afterEach(() => api.close())

const get = (path: string): Promise<Response> => fetch(`${api.url}/api/v1/${path}`)
const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Response> =>
  fetch(`${api.url}/api/v1/rounds`, { method: 'POST', body, headers })

async function problemOf(response: Response): Promise<{ status: number; code: string; field?: string; hint: string }> {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem = (await response.json()) as { status: number; code: string; field?: string; hint: string }
  expect(problem.status).toBe(response.status)
  expect(problem.hint).not.toBe('')
  return problem
}

describe('documents', () => {
  it.each([
    ['status', 'peerage.status/v1'],
    ['peers', 'peerage.peers/v1'],
    ['members', 'peerage.members/v1'],
    ['rounds', 'peerage.rounds/v1'],
    [`members/${SELF}/reputation`, 'peerage.reputation/v1'],
    [`members/${SELF}/rewards`, 'peerage.rewards/v1'],
  ])('%s has the schema %s', async (path, schema) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(((await response.json()) as { schema: string }).schema).toBe(schema)
  })
  it('lists every member among the members, and all but this node among the peers', async () => {
    const { peers } = (await (await get('peers')).json()) as { peers: unknown[] }
    const { members } = (await (await get('members')).json()) as { members: unknown[] }
    expect([peers.length, members.length]).toEqual([2, 3])
  })
  it('gives a checkpoint, and takes a wish to leave or to go over to another key', async () => {
    expect(await (await get('checkpoint')).json()).toEqual(await fixture.service.checkpoint())
    const ask = (change: object): Promise<Response> =>
      fetch(`${api.url}/api/v1/membership`, { method: 'POST', body: JSON.stringify(change), headers: { 'content-type': 'application/json' } })
    const rotate = { kind: 'rotate', to: `12D3KooW${'a'.repeat(44)}`, consent: 'f'.repeat(128) }
    for (const change of [{ kind: 'leave' }, rotate]) expect((await ask(change)).status).toBe(202)
    expect(fixture.changes).toEqual([{ kind: 'leave' }, rotate])
    for (const wrong of [{ kind: 'join' }, { ...rotate, consent: 'ff' }, { kind: 'leave', now: true }]) expect((await problemOf(await ask(wrong))).code).toBe('invalid-request')
    fixture.failAskWith(new ServiceError('not-possible', 'A round is open.'))
    expect(await problemOf(await ask({ kind: 'leave' }))).toMatchObject({ status: 409, code: 'not-possible' })
    expect(fixture.changes).toHaveLength(2)
  })
  it('gives the genesis as it is', async () => {
    expect(await (await get('genesis')).json()).toEqual(fixture.service.genesis())
  })
  it('gives member documents in canonical bytes, with history and height as asked', async () => {
    const text = await (await get(`members/${OTHER}/reputation?history=1&at=5`)).text()
    expect(text.startsWith('{"answering":{"number":{"count":4,')).toBe(true)
    expect(JSON.parse(text)).toMatchObject({ member: OTHER, height: 5, history: [{ round: 'round-0' }] })
    expect(JSON.parse(await (await get(`members/${OTHER}/rewards`)).text())).not.toHaveProperty('history')
  })
})

describe('asking', () => {
  it('hands the task to the service and says where the round is', async () => {
    const response = await post(JSON.stringify({ prompt: 'What is 6 x 7?', kind: 'number', truth: { accepted: ['42'] } }))
    expect(response.status).toBe(202)
    expect(response.headers.get('location')).toBe('/api/v1/rounds/round-1')
    expect(await response.json()).toEqual({ schema: 'peerage.ask/v1', round: 'round-1' })
    expect(fixture.asked).toEqual([{ prompt: 'What is 6 x 7?', kind: 'number', truth: { accepted: ['42'] } }])
    expect(await (await get('rounds/round-1')).json()).toMatchObject({ schema: 'peerage.round/v1', prompt: 'What is 6 x 7?', status: 'open' })
  })
  it.each([
    ['{"kind":"text"}', 'prompt'],
    ['{"prompt":""}', 'prompt'],
    ['{"prompt":"x","kind":"essay"}', 'kind'],
    ['{"prompt":"x","answerMs":1.5}', 'answerMs'],
    ['{"prompt":"x","truth":{"accepted":[]}}', 'truth.accepted'],
    ['{"prompt":"x","truht":{}}', 'truht'],
  ])('names the offending field of %s', async (body, field) => {
    expect(await problemOf(await post(body))).toMatchObject({ status: 400, code: 'invalid-request', field })
  })
  it('refuses what is no JSON, by body and by type', async () => {
    expect((await problemOf(await post('{'))).code).toBe('invalid-request')
    expect((await problemOf(await post('{"prompt":"x"}', { 'content-type': 'text/plain' }))).code).toBe('unsupported-media-type')
    expect(fixture.asked).toEqual([])
  })
  it('refuses a body above the limit, announced or streamed', async () => {
    const large = JSON.stringify({ prompt: 'x'.repeat(BODY_BYTES_MAX) })
    expect(await problemOf(await post(large))).toMatchObject({ status: 413, code: 'too-large' })
    const streamed = await fetch(`${api.url}/api/v1/rounds`, {
      method: 'POST',
      body: new Blob([large]).stream(),
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    } as RequestInit)
    expect((await problemOf(streamed)).code).toBe('too-large')
  })
  it('takes a body without an announced length', async () => {
    const body = new Blob([JSON.stringify({ prompt: 'x' })]).stream()
    const response = await fetch(`${api.url}/api/v1/rounds`, { method: 'POST', body, headers: { 'content-type': 'application/json' }, duplex: 'half' } as RequestInit)
    expect([response.status, fixture.asked]).toEqual([202, [{ prompt: 'x', kind: 'text' }]])
  })
  it.each<[ServiceErrorCode, number]>([
    ['too-few-peers', 503],
    ['quota', 429],
    ['not-member', 403],
    ['invalid-task', 422],
    ['stopping', 503],
  ])("tells the service's %s as status %i", async (code, status) => {
    fixture.failAskWith(new ServiceError(code, 'a sentence'))
    expect(await problemOf(await post('{"prompt":"x"}'))).toMatchObject({ status, code, detail: 'a sentence' })
  })
  it('tells nothing of an unexpected failure but that there was one', async () => {
    fixture.failAskWith(new Error('secret path'))
    const response = await post('{"prompt":"x"}')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret path')
  })
})

describe('refusals', () => {
  it.each([
    ['rounds?limit=0', 400, 'invalid-request'],
    ['rounds?limit=many', 400, 'invalid-request'],
    ['rounds?order=up', 400, 'invalid-request'],
    [`members/${SELF}/reputation?at=-1`, 400, 'invalid-request'],
    [`members/${SELF}/reputation?at=${HEIGHT + 1}`, 409, 'height-ahead'],
    ['members/nobody/rewards', 404, 'unknown-member'],
    ['rounds/none', 404, 'unknown-round'],
    ['nothing', 404, 'not-found'],
  ])('GET %s is %i %s', async (path, status, code) => {
    expect(await problemOf(await get(path))).toMatchObject({ status, code })
  })
  it('says which methods a path has', async () => {
    const response = await fetch(`${api.url}/api/v1/status`, { method: 'DELETE' })
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect((await problemOf(response)).code).toBe('method-not-allowed')
  })
  it('refuses a Host that is not this machine', async () => {
    const body = await new Promise<string>((resolve, reject) => {
      request(`${api.url}/api/v1/status`, { headers: { host: 'evil.example' } }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })
    expect(JSON.parse(body)).toMatchObject({ status: 403, code: 'forbidden-host' })
  })
  it("refuses another site's page", async () => {
    const response = await fetch(`${api.url}/api/v1/status`, { headers: { origin: 'https://evil.example' } })
    expect((await problemOf(response)).code).toBe('forbidden-origin')
  })
})

describe('opening', () => {
  it('is refused on an address others can reach, without a token', async () => {
    await expect(createApi(fixture.service, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ name: 'ApiError', code: 'token-required' })
    const publicUrl = 'https://peerage.example'
    await expect(createApi(fixture.service, { host: '127.0.0.1', port: 0, publicUrl })).rejects.toMatchObject({ code: 'token-required', message: expect.stringContaining(publicUrl) })
  })
  it('says when the port is in use', async () => {
    await expect(createApi(fixture.service, { host: '127.0.0.1', port: Number(new URL(api.url).port) })).rejects.toMatchObject({ code: 'port-in-use' })
  })
  it('asks every request for the token where there is one', async () => {
    const guarded = await createApi(fixture.service, { host: '127.0.0.1', port: 0, token: 'secret' })
    try {
      const refused = await fetch(`${guarded.url}/api/v1/status`)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect((await fetch(`${guarded.url}/api/v1/status`, { headers: { authorization: 'Bearer secret' } })).status).toBe(200)
    } finally {
      await guarded.close()
    }
  })
})
