/** The official client against a real network: every tool, over standard input and output, and over streamable HTTP. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedNetwork, type EmbeddedNetwork } from '../test/embedded-network.ts'
import { BIN } from '../test/testnet-processes.ts'

let network: EmbeddedNetwork
let url: string
let self: string
let closedRound: string
beforeAll(async () => {
  network = await startEmbeddedNetwork()
  const [first] = network.nodes
  url = first?.apiUrl ?? ''
  self = first?.service.status().memberId ?? ''
})
afterAll(() => network.stop())

const TOOLS = ['ask', 'explain', 'peers', 'reputation', 'rewards', 'round', 'rounds', 'status']
const information = { name: 'test', version: '1.0.0' }

const overStdio = (node = url): StdioClientTransport => new StdioClientTransport({ command: process.execPath, args: [BIN, 'mcp', '--node', node] })
const overHttp = (): StreamableHTTPClientTransport => new StreamableHTTPClientTransport(new URL(`${url}/mcp`))

/** The kind of protocol that a client opens with: with a handshake, or without. */
const TRANSPORTS = [
  ['stdio, with a handshake', () => overStdio(), 'legacy'],
  ['stdio', () => overStdio(), 'auto'],
  ['streamable HTTP, with a handshake', overHttp, 'legacy'],
  ['streamable HTTP', overHttp, 'auto'],
] as const

describe.each(TRANSPORTS)('MCP over %s', (_, connect, mode) => {
  let client: Client
  beforeAll(async () => {
    client = new Client(information, { versionNegotiation: { mode } })
    await client.connect(connect())
  })
  afterAll(() => client.close())

  it('lists every tool with a title, a description, annotations and both schemas', async () => {
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual(TOOLS)
    for (const { name, title, description, annotations, inputSchema, outputSchema } of tools) {
      expect([name, title, description, annotations?.readOnlyHint, inputSchema.type, outputSchema?.['type']]).toEqual([name, expect.stringMatching(/./), expect.stringMatching(/\.$/), name !== 'ask', 'object', 'object'])
    }
    expect(client.getInstructions()).toContain('ask')
    expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy')
  })

  it('asks, tells its progress, and gives the winner and what each earned', async () => {
    const progress: { progress: number; message?: string | undefined }[] = []
    const { structuredContent, content, isError } = await client.callTool({ name: 'ask', arguments: { prompt: 'six times seven', kind: 'number', waitSeconds: 30 } }, { onprogress: (told) => progress.push(told) })
    expect(isError).toBeFalsy()
    expect(structuredContent).toMatchObject({ status: 'closed', rated: true, answers: 3, winner: { value: '42', text: 'It is 42.' }, next: null })
    expect(content[0]).toMatchObject({ type: 'text', text: expect.stringMatching(/^It is 42\./) })
    const { round, credit } = structuredContent as { round: string; credit: { points: number }[] }
    closedRound = round
    expect(credit.map(({ points }) => points).sort()).toEqual([0, 500, 500])
    expect(progress.map((told) => told.progress)).toEqual(progress.map((__, index) => index + 1))
    expect(progress.map(({ message }) => message).join(' ')).toMatch(/asked the network.*answers are in.*won/)
  })

  it('gives the id of a round that it does not wait for, and the round later', async () => {
    const asked = await client.callTool({ name: 'ask', arguments: { prompt: 'six times seven', kind: 'number', waitSeconds: 0 } })
    expect(asked.structuredContent).toMatchObject({ status: 'open', winner: null, next: expect.stringContaining('round') })
    const { round } = asked.structuredContent as { round: string }
    const later = await client.callTool({ name: 'round', arguments: { round, waitSeconds: 30 } })
    expect(later.structuredContent).toMatchObject({ round, status: 'closed', winner: { value: '42' } })
  })

  it('calls every other tool', async () => {
    const call = async (name: string, given: Record<string, unknown> = {}): Promise<unknown> => (await client.callTool({ name, arguments: given })).structuredContent
    expect(await call('status')).toMatchObject({ memberId: self, networkName: 'embedded' })
    const { peers } = (await call('peers')) as { peers: { memberId: string; name: string; self: boolean }[] }
    expect(peers.map((peer) => peer.self)).toEqual([true, false, false])
    expect(await call('rounds', { limit: 1, status: 'closed' })).toMatchObject({ rounds: [{ status: 'closed' }] })
    expect(await call('round', { round: closedRound })).toMatchObject({ round: closedRound, answers: [{}, {}, {}] })
    expect(await call('reputation', { member: peers[1]?.name })).toMatchObject({ schema: 'peerage.reputation/v1', member: peers[1]?.memberId })
    expect(await call('rewards', { history: true })).toMatchObject({ member: self, history: expect.arrayContaining([expect.objectContaining({ round: closedRound })]) })
    expect(await call('explain', { round: closedRound })).toMatchObject({ round: closedRound, member: self, method: 'exact' })
  })

  it.each([
    ['round', { round: 'f'.repeat(64) }, 'unknown-round', /tool rounds/],
    ['reputation', { member: 'nobody' }, 'unknown-member', /tool peers/],
    ['rewards', { at: 1_000_000 }, 'height-ahead', /lower height/],
    ['ask', { prompt: 'x', kind: 'text', truth: { accepted: ['y'] } }, 'invalid-task', /task/],
  ])('tells a failure of %s as a result with code and hint', async (name, given, code, hint) => {
    const { isError, content, _meta } = await client.callTool({ name, arguments: given })
    expect([isError, _meta?.['peerage/problem']]).toEqual([true, { code, detail: expect.any(String), hint: expect.stringMatching(hint) }])
    expect(content).toMatchObject([{ type: 'text', text: expect.stringContaining(`code: ${code}`) }])
  })

  it('refuses arguments that do not fit the schema', async () => {
    const refused = await client.callTool({ name: 'rounds', arguments: { limit: 0 } }).catch((error: Error) => ({ isError: true, content: [{ type: 'text', text: error.message }] }))
    expect([refused.isError, JSON.stringify(refused.content)]).toEqual([true, expect.stringContaining('limit')])
  })
})

describe('peerage mcp', () => {
  it('serves while no node runs, and says so when it is called', async () => {
    const client = new Client(information)
    await client.connect(overStdio('http://127.0.0.1:9'))
    expect((await client.listTools()).tools).toHaveLength(TOOLS.length)
    const { isError, _meta } = await client.callTool({ name: 'status', arguments: {} })
    expect([isError, _meta?.['peerage/problem']]).toEqual([true, { code: 'not-running', detail: expect.stringContaining('127.0.0.1:9'), hint: expect.stringContaining('peerage start') }])
    await client.close()
  })

  it('answers all that is piped into it before it ends', async () => {
    const child = spawn(process.execPath, [BIN, 'mcp', '--node', url], { stdio: ['pipe', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const clientInfo = information
    const requests = [
      { id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/call', params: { name: 'ask', arguments: { prompt: 'six times seven', kind: 'number' } } },
      { id: 3, method: 'tools/call', params: { name: 'status', arguments: {} } },
    ]
    child.stdin.end(requests.map((request) => `${JSON.stringify({ jsonrpc: '2.0', ...request })}\n`).join(''))
    const replies = (await text(child.stdout)).trimEnd().split('\n').map((line) => JSON.parse(line) as { id: number })
    expect(replies.map(({ id }) => id).sort()).toEqual([1, 2, 3])
    expect(replies.find(({ id }) => id === 2)).toMatchObject({ result: { structuredContent: { status: 'closed', winner: { value: '42' } } } })
    expect(await exited).toEqual([0, null])
  })

  it('ends with its input, and with the signal that asks it to', async () => {
    const start = (): { child: ChildProcess; exited: Promise<unknown[]> } => {
      const child = spawn(process.execPath, [BIN, 'mcp', '--node', url], { stdio: ['pipe', 'pipe', 'inherit'] })
      return { child, exited: once(child, 'exit') }
    }
    const [ending, told] = [start(), start()]
    ending.child.stdin?.end()
    told.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: {} })}\n`)
    await once(told.child.stdout as NodeJS.ReadableStream, 'data')
    told.child.kill('SIGTERM')
    expect(await Promise.all([ending.exited, told.exited])).toEqual([[0, null], [0, null]])
  })
})
