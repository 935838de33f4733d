import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServerResponse } from 'node:http'
import { sayModels, startChatServer } from '../openai-fixture.ts'
import type { ChatServer } from '../openai-fixture.ts'
import { DISCOVER_VARIABLE, discoverServers, inspectServer, urlsToLookAt } from './discover.ts'

let server: ChatServer
let gone: string
beforeAll(async () => {
  const other = await startChatServer()
  await other.close()
  gone = other.baseUrl
  server = await startChatServer()
})
afterAll(() => server.close())

/** Answers some paths with JSON, and the list of models at any rate. */
function serve(models: readonly string[], ownedBy: string, also: Readonly<Record<string, unknown>> = {}): void {
  const list = sayModels(models, ownedBy)
  server.behaveAsked((url, response) => {
    if (url in also) response.end(JSON.stringify(also[url]))
    else list(url, response)
  })
}
const say = (status: number, body: string) => (_: string, response: ServerResponse): void => void response.writeHead(status).end(body)

describe('discovery', () => {
  it.each([
    ['ollama', 'library', { '/api/tags': { models: [{ name: 'a' }] } }],
    ['llama.cpp', 'llamacpp', {}],
    ['llama.cpp', 'somebody', { '/props': { default_generation_settings: {} } }],
    ['vllm', 'vllm', { '/version': { version: '1' } }],
    ['lm-studio', 'organization_owner', { '/api/v0/models': { data: [{ id: 'a', state: 'loaded' }] } }],
    ['openai', 'somebody', { '/api/tags': { tags: [] } }],
  ] as const)('knows %s by what it says', async (kind, ownedBy, also) => {
    serve(['a', 'b'], ownedBy, also)
    expect(await discoverServers([server.baseUrl])).toEqual([{ kind, baseUrl: server.baseUrl, models: ['a', 'b'] }])
  })

  it('leaves out models that cannot hold a conversation', async () => {
    serve(['nomic-embed-text', 'bge-m3', 'llama3.2', 'whisper-1', 'qwen3:4b'], 'library')
    expect((await discoverServers([server.baseUrl]))[0]?.models).toEqual(['llama3.2', 'qwen3:4b'])
  })

  it('finds the version at the end of a URL by itself', async () => {
    serve(['a'], 'library')
    const root = server.baseUrl.replace('/v1', '')
    for (const url of [root, `${root}/`, server.baseUrl, `${server.baseUrl}/`]) expect((await inspectServer(url, null, 1_000))?.baseUrl).toBe(server.baseUrl)
  })

  it('finds nothing where nobody listens, or somebody else, and does not wait for who says nothing', async () => {
    expect(await discoverServers([gone])).toEqual([])
    for (const respond of [say(200, '<html>'), say(200, '{"data":7}'), say(404, ''), say(500, ''), say(302, ''), say(200, `{"data":[],"x":"${'y'.repeat(2_100_000)}"}`)]) {
      server.behaveAsked(respond)
      expect(await discoverServers([server.baseUrl])).toEqual([])
    }
    server.behaveAsked(() => undefined)
    const start = performance.now()
    expect(await discoverServers([server.baseUrl], 100)).toEqual([])
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('looks where the variable says', () => {
    expect(urlsToLookAt({}).map((url) => new URL(url).port)).toEqual(['11434', '8080', '8000', '1234'])
    expect(urlsToLookAt({ [DISCOVER_VARIABLE]: 'none' })).toEqual([])
    expect(urlsToLookAt({ [DISCOVER_VARIABLE]: 'http://a:1/v1, http://b:2' })).toEqual(['http://a:1/v1', 'http://b:2'])
    expect(() => urlsToLookAt({ [DISCOVER_VARIABLE]: 'http://a:1/v1, nonsense' })).toThrow('PEERAGE_DISCOVER: holds "nonsense"')
  })
})
