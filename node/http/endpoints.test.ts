import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceError, type RoundDetail } from '../service.ts'
import { createApi, type Api } from './api.ts'
import { closedEvent, closeRound, createServiceFixture, OTHER, SELF, type ServiceFixture } from './service-fixture.ts'

let fixture: ServiceFixture
let api: Api

let errors: unknown[]

beforeEach(async () => {
  fixture = createServiceFixture()
  errors = []
  api = await createApi(fixture.service, { host: '127.0.0.1', port: 0, onError: (error) => errors.push(error) })
})
afterEach(() => api.close())

const get = (path: string): Promise<Response> => fetch(`${api.url}/api/v1/${path}`)
const json = async <Document>(path: string): Promise<Document> => (await (await get(path)).json()) as Document
const ask = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${api.url}/api/v1/rounds`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })

async function close(id: string): Promise<RoundDetail> {
  const round = closeRound((await fixture.service.round(id)) as RoundDetail, '42')
  fixture.setRound(round)
  fixture.emit(closedEvent(round))
  return round
}

describe('health and readiness', () => {
  it('is healthy whatever the node can do, and ready when it can ask and answer', async () => {
    expect(await json('health')).toEqual({ schema: 'peerage.health/v1', status: 'ok' })
    expect(await json('ready')).toEqual({ schema: 'peerage.ready/v1', ready: true })
    fixture.setStatus({ canAnswer: false, signing: { mode: 'observing', cause: 'store-missing', reason: 'its store is gone', until: null } })
    const response = await get('ready')
    expect([response.status, Number(response.headers.get('retry-after')) > 0]).toEqual([503, true])
    const { code, reasons } = (await response.json()) as { code: string; reasons: { code: string }[] }
    expect([code, reasons.map((reason) => reason.code)]).toEqual(['not-ready', ['not-signing', 'agent-unable']])
    expect((await get('health')).status).toBe(200)
  })
  it.each([
    ['not-member', { role: 'joining' }],
    ['no-peers', { peersConnected: 0 }],
    ['no-quorum', { quorumPresent: false }],
  ] as const)('says %s', async (code, changes) => {
    fixture.setStatus(changes)
    expect(await json('ready')).toMatchObject({ status: 503, reasons: [{ code }] })
  })
  it('is ready alone in a network of one', async () => {
    fixture.setStatus({ peersConnected: 0, members: 1 })
    expect((await get('ready')).status).toBe(200)
  })
  it('tells version and limits', async () => {
    expect(await json('node')).toMatchObject({ version: '0.1.0', memberId: SELF, limits: { requestsPerSecond: 200, bodyBytesMax: 524_288 } })
  })
})

describe('asking again', () => {
  it('gives the round of the first time for the same key and task', async () => {
    const headers = { 'idempotency-key': 'order-17' }
    const first = await ask({ prompt: 'x' }, headers)
    const second = await ask({ prompt: 'x', kind: 'text' }, headers)
    expect([second.status, second.headers.get('location'), await second.text()]).toEqual([202, first.headers.get('location'), await first.text()])
    expect(fixture.asked).toHaveLength(1)
    const other = await ask({ prompt: 'y' }, headers)
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'key-reused'])
    expect((await ask({ prompt: 'x' }, { 'idempotency-key': 'two words' })).status).toBe(400)
  })
  it('says how long to wait where there is no room for another round', async () => {
    fixture.failAskWith(new ServiceError('quota', 'Sixteen are open.', { retryAfterS: 7 }))
    const response = await ask({ prompt: 'x' })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await response.json()).toMatchObject({ code: 'quota', retryAfterS: 7 })
  })
})

describe('rounds', () => {
  it('lists page after page, each round once', async () => {
    for (let count = 0; count < 5; count++) await ask({ prompt: String(count) })
    const seen: string[] = []
    let next: string | null = ''
    for (let pages = 0; next !== null; pages++) {
      expect(pages).toBeLessThan(3)
      const page: { rounds: { prompt: string }[]; next: string | null } = await json(`rounds?limit=2${next === '' ? '' : `&before=${next}`}`)
      seen.push(...page.rounds.map(({ prompt }) => prompt))
      next = page.next
    }
    expect(seen).toEqual(['4', '3', '2', '1', '0'])
  })
  it('gives a round as it stands, or once it is closed, or when the wait is over', async () => {
    await ask({ prompt: 'x' })
    expect(await json('rounds/round-1')).toMatchObject({ status: 'open' })
    const waiting = json('rounds/round-1?wait=20')
    await close('round-1')
    expect(await waiting).toMatchObject({ status: 'closed', winner: { text: '42' } })
    await ask({ prompt: 'y' })
    expect(await json('rounds/round-2?wait=1')).toMatchObject({ status: 'open' })
    expect((await get('rounds/none?wait=20')).status).toBe(404)
    expect((await get('rounds/round-1?wait=9999')).status).toBe(400)
  })
  it('stops waiting with its client, and takes that for no failure', async () => {
    await ask({ prompt: 'x' })
    const idle = fixture.subscribers()
    const client = new AbortController()
    const waiting = fetch(`${api.url}/api/v1/rounds/round-1?wait=20`, { signal: client.signal }).catch((error: Error) => error.name)
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(idle + 1))
    client.abort()
    expect(await waiting).toBe('AbortError')
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(idle))
    expect(errors).toEqual([])
  })
  it('gives the credits of a round alone', async () => {
    await ask({ prompt: 'x' })
    expect(await json('rounds/round-1/credits')).toMatchObject({ schema: 'peerage.credits/v1', credit: null, rated: null })
    const { credit } = await close('round-1')
    expect(await json('rounds/round-1/credits')).toMatchObject({ credit, rated: true })
  })
})

describe('histories', () => {
  it('come in pages, of what the whole document holds', async () => {
    for (const kind of ['reputation', 'rewards']) {
      const whole = await json<{ history: unknown[] }>(`members/${OTHER}/${kind}?history=1`)
      expect(await json(`members/${OTHER}/${kind}/history`)).toMatchObject({ schema: `peerage.${kind}-history/v1`, total: 1, offset: 0, next: null, entries: whole.history })
      expect(await json(`members/${OTHER}/${kind}/history?offset=1`)).toMatchObject({ total: 1, entries: [], next: null })
    }
  })
})

describe('exports', () => {
  it('are one document per line, or one array of the same', async () => {
    await ask({ prompt: 'x' })
    await ask({ prompt: 'y' })
    const round = await close('round-1')
    for (const [name, count] of [['rounds', 1], ['preferences', 1], ['reputation', 3], ['rewards', 3]] as const) {
      const response = await get(`exports/${name}`)
      expect(response.headers.get('content-type')).toBe('application/x-ndjson')
      const lines = (await response.text()).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)
      expect(lines).toHaveLength(count)
      expect(await json(`exports/${name}?format=json`)).toEqual(lines)
    }
    expect(await json('exports/rounds?format=json')).toEqual([{ schema: 'peerage.round/v1', ...round }])
    expect(await json(`exports/rounds?format=json&after=${round.closedHeight}`)).toEqual([])
    expect(await (await get('exports/rounds?after=1000')).text()).toBe('')
  })
  it('hold only the history above the height that was named', async () => {
    const histories = async (after: number) => (await json<{ history: unknown[] }[]>(`exports/rewards?format=json&after=${after}`)).map(({ history }) => history.length)
    expect([await histories(0), await histories(3)]).toEqual([[1, 1, 1], [0, 0, 0]])
  })
})

describe('metrics', () => {
  it('are in the text format of Prometheus, every name once, and count', async () => {
    await get('nothing')
    await ask({ prompt: 'x' })
    await close('round-1')
    const response = await fetch(`${api.url}/metrics`)
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    const text = await response.text()
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? -?\d+(\.\d+)?(e[+-]?\d+)?)$/)
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    expect(new Set(names).size).toBe(names.length)
    for (const line of ['peerage_height 7', 'peerage_rounds_closed_total{rated="true"} 1', 'peerage_http_requests_total{status="404"} 1', 'peerage_http_requests_total{status="202"} 1']) {
      expect(text).toContain(`${line}\n`)
    }
  })
})

describe('the rate limit', () => {
  it('refuses with 429, a code and Retry-After, wrong tokens and unknown paths included', async () => {
    const limited = await createApi(fixture.service, { host: '127.0.0.1', port: 0, token: 'secret', requestsPerSecond: 1 })
    try {
      const statuses: number[] = []
      for (const path of ['status', 'nothing', 'rounds']) statuses.push((await fetch(`${limited.url}/api/v1/${path}`, { headers: { authorization: 'Bearer guess' } })).status)
      const refused = await fetch(`${limited.url}/api/v1/status`, { headers: { authorization: 'Bearer secret' } })
      expect(statuses).toEqual([401, 401, 401])
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 1])
      expect(await refused.json()).toMatchObject({ code: 'rate-limited', retryAfterS: 1 })
    } finally {
      await limited.close()
    }
  })
})

describe('mounts', () => {
  it('are behind the guard, and tell failures in their own way', async () => {
    const { Hono } = await import('hono')
    const routes = new Hono().get('/fails', () => Promise.reject(new ServiceError('stopping', 'The node is stopping.')))
    const mount = { path: '/v1', routes, refuse: () => new Response('own way', { status: 418 }) }
    const mounted = await createApi(fixture.service, { host: '127.0.0.1', port: 0, token: 'secret', mounts: [mount] })
    try {
      const headers = { 'x-api-key': 'secret' }
      for (const [path, init] of [['/v1/fails', { headers }], ['/v1/nothing', { headers }], ['/v1/fails', {}]] as const) {
        expect((await fetch(mounted.url + path, init)).status).toBe(418)
      }
      expect((await fetch(`${mounted.url}/v10`, { headers })).status).toBe(404)
    } finally {
      await mounted.close()
    }
  })
})
