import { request } from 'node:http'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createApi, type Api } from './api.ts'
import { createMounts } from './mounts.ts'
import { BODY_BYTES_MAX } from './requests.ts'
import { createServiceFixture, SELF } from './service-fixture.ts'

const TOKEN = 'a-token-of-this-test'
const SOON = { timeout: 10_000 }
const fixture = createServiceFixture()
const failures: unknown[] = []
let api: Api
beforeAll(async () => {
  const { service } = fixture
  const signer = { memberId: SELF, sign: () => new Uint8Array(64) }
  const onError = (error: unknown): void => void failures.push(error)
  api = await createApi(service, { host: '127.0.0.1', port: 0, token: TOKEN, mounts: createMounts({ service, signer, needsToken: true, onError }), onError })
})
afterAll(() => api.close())

/** With all headers as they are given, which fetch would not send. */
const statusOf = (method: string, path: string, headers: Record<string, string>, at = api.url): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(`${at}${path}`, { method, headers: { 'content-type': 'application/json', ...headers } }, (response) => resolve(response.resume().statusCode ?? 0))
    asked.on('error', reject).end(method === 'POST' ? '{}' : undefined)
  })

const authorization = `Bearer ${TOKEN}`

const sendToA2a = (method: string, signal: AbortSignal | null = null): Promise<Response> => {
  const message = { messageId: '', role: 'ROLE_USER', parts: [{ text: 'x' }] }
  const headers = { authorization, 'content-type': 'application/json', 'a2a-version': '1.0' }
  return fetch(`${api.url}/a2a`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { message } }), signal })
}

afterEach(() => expect(failures).toEqual([]))

describe('what is mounted beside the API', () => {
  it.each([
    ['POST', '/mcp'],
    ['POST', '/a2a'],
    ['GET', '/.well-known/agent-card.json'],
    ['GET', '/v1/models'],
    ['POST', '/v1/chat/completions'],
  ])('%s %s is behind the same checks of token, host and origin', async (method, path) => {
    const asked = [{}, { authorization: 'Bearer other' }, { authorization, host: 'example.org' }, { authorization, origin: 'https://example.org' }]
    expect(await Promise.all(asked.map((headers) => statusOf(method, path, headers)))).toEqual([401, 401, 403, 403])
    expect([401, 403, 404, 405]).not.toContain(await statusOf(method, path, { authorization }))
  })

  it.each(['/mcp', '/a2a'])('%s takes no more of a body than the API does', async (path) => {
    const headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const { status } = await fetch(`${api.url}${path}`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x'.repeat(BODY_BYTES_MAX), params: {} }) })
    expect(status).toBe(413)
  })

  it('signs a card for the host that was checked, whatever the request line names', async () => {
    const { port, host } = new URL(api.url)
    const text = await new Promise<string>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: 'http://example.org/.well-known/agent-card.json', headers: { host, authorization } }, (response) => {
        let body = ''
        response.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve(body))
      })
      asked.on('error', reject).end()
    })
    expect(JSON.parse(text)).toMatchObject({ url: `http://${host}/a2a`, signatures: [{}] })
    expect(text).not.toContain('example.org')
  })

  it('says in the card what the owner calls its address, and believes no header about it', async () => {
    const { service } = fixture
    const signer = { memberId: SELF, sign: () => new Uint8Array(64) }
    const publicUrl = 'https://peerage.example'
    const told = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', forwarded: 'proto=https;host=evil.example' }
    const cardOf = async (url: string, headers: Record<string, string> = {}): Promise<string> => (await fetch(`${url}/.well-known/agent-card.json`, { headers: { authorization, ...told, ...headers } })).text()
    const behind = await createApi(service, { host: '127.0.0.1', port: 0, token: TOKEN, publicUrl, mounts: createMounts({ service, signer, publicUrl, needsToken: true, onError: () => undefined }) })
    onTestFinished(() => behind.close())
    for (const [text, own] of [[await cardOf(behind.url), publicUrl], [await cardOf(api.url), api.url]] as const) {
      expect(text).not.toContain('evil.example')
      expect(JSON.parse(text)).toMatchObject({ url: `${own}/a2a`, supportedInterfaces: [{ url: `${own}/a2a` }, { url: `${own}/a2a` }] })
      expect(new Set([...text.matchAll(/https?:[^"]*?(?=\/a2a|\/api\/)/g)].map(([origin]) => origin))).toEqual(new Set([own]))
    }
    expect(JSON.parse(await cardOf(behind.url, { 'a2a-version': '0.3' }))).toMatchObject({ url: `${publicUrl}/a2a` })
    for (const [method, path] of [['GET', '/v1/models'], ['POST', '/a2a'], ['POST', '/mcp']] as const) {
      expect([401, 403], path).not.toContain(await statusOf(method, path, { authorization, host: 'peerage.example', origin: publicUrl }, behind.url))
    }
  })

  it('lets clients in that have the token', async () => {
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), { requestInit: { headers: { authorization } } }))
    expect((await client.callTool({ name: 'status', arguments: {} })).structuredContent).toMatchObject({ memberId: SELF })
    await client.close()
  })

  it('tells the node of its own failures, and the client only that there was one', async () => {
    const failure = new Error('a detail of this node')
    fixture.failAskWith(failure)
    onTestFinished(() => fixture.failAskWith(null))
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), { requestInit: { headers: { authorization } } }))
    const { isError, content } = await client.callTool({ name: 'ask', arguments: { prompt: 'x' } })
    const replies = await Promise.all(['SendMessage', 'SendStreamingMessage'].map(async (method) => (await sendToA2a(method)).text()))
    expect([isError, failures]).toEqual([true, [failure, failure, failure]])
    for (const reply of [JSON.stringify(content), ...replies]) expect(reply).toMatch(/Something in this node failed/)
    failures.length = 0
    await client.close()
  })

  it.each(['legacy', 'auto'] as const)('follows a round for MCP (%s) no longer than the client wants to know of it', async (mode) => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), { requestInit: { headers: { authorization } } }))
    const before = fixture.subscribers()
    const cancelled = new AbortController()
    const call = client.callTool({ name: 'ask', arguments: { prompt: 'x' } }, { signal: cancelled.signal, onprogress: () => undefined }).catch((error: Error) => error)
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(before + 1), SOON)
    cancelled.abort()
    expect(await call).toBeInstanceOf(Error)
    await client.close()
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(before), SOON)
  })

  it.each(['SendMessage', 'SendStreamingMessage'])('follows a round for A2A (%s) no longer than the client stays', async (method) => {
    const before = fixture.subscribers()
    const left = new AbortController()
    const read = sendToA2a(method, left.signal).then((response) => response.text()).catch((error: Error) => error)
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(before + 1), SOON)
    left.abort()
    expect(await read).toBeInstanceOf(Error)
    await vi.waitFor(() => expect(fixture.subscribers()).toBe(before), SOON)
  })
})
