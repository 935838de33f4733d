import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateTask } from '../../protocol/index.ts'
import { sayEvents, sayJson, sayModels, sayStatus, startChatServer } from '../agents/openai-fixture.ts'
import type { ChatServer, Respond, SeenRequest } from '../agents/openai-fixture.ts'
import { readQuestion, sayVerdict } from '../agents/prompting/judge-fixture.ts'
import { runToEnd } from '../cli/context-fixture.ts'
import { startChild, type ChildNode } from '../cli/demo/child-node.ts'
import { openTestnet } from '../cli/demo/testnet.ts'
import type { NodeEvent, NodeStatus, PeerInfo } from '../service.ts'
import { openLevelStore } from '../store/level-store.ts'
import { ask, BIN, clientOf, configure, poll, untilAcquainted, untilClosed, type TestNode } from './testnet-processes.ts'

/** Keys that stand in a file and in the environment. The servers of models that they are for tell them to everybody who asks. */
const FILE_KEY = 'sk-CANARYFILE/7+x=4f1b'
const ENV_KEY = 'sk-CANARYENV%2B"9"c3e8'
const VARIABLE = 'PEERAGE_CANARY_KEY'
/** Parts of the keys, as they are and as they look in base64 (by their place among threes of bytes) and in hex. */
const needles = ['CANARYFILE', 'CANARYENV'].flatMap((canary) => [
  canary,
  ...[0, 1, 2].map((shift) => Buffer.from(`${'x'.repeat(shift)}${canary}`).toString('base64').slice(shift === 0 ? 0 : shift + 1, -4)),
  Buffer.from(canary).toString('hex'),
])

let folder: string
let server: ChatServer
let nodes: TestNode[] = []
const children: ChildNode[] = []
/** All that was said by whatever was asked, with what it was. */
const heard: [what: string, text: string][] = []
const events: NodeEvent[] = []

const home = (): string => join(folder, 'node-1')
const logFile = (): string => join(folder, 'log.txt')
const own = (): TestNode => nodes[0] as TestNode
const asker = (): TestNode => nodes[1] as TestNode
const keyOf = ({ authorization }: SeenRequest): string => (authorization ?? '').replace('Bearer ', '')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peerage-canary-'))
  server = await startChatServer()
  const homes = await openTestnet(folder, 3)
  const keyFile = join(home(), 'key')
  process.env[VARIABLE] = ENV_KEY
  await writeFile(keyFile, FILE_KEY, { mode: 0o600 })
  const provider = { baseUrl: server.baseUrl, model: 'small', attemptsMax: 1 }
  await configure(join(home(), 'config.toml'), {
    logLevel: 'debug',
    agent: { type: 'providers', canaryEvery: 0, providers: [{ id: 'by-file', ...provider, keyFile }, { id: 'by-variable', ...provider, keyEnv: VARIABLE }] },
    limits: { perDay: { tokens: 10_000_000 } },
  })
  nodes = await Promise.all(
    homes.map(async (node, index) => {
      const selfCommand: [string, ...string[]] = index === 0 ? ['sh', '-c', `exec "$0" "$@" 2>>'${logFile()}'`, process.execPath, BIN] : [process.execPath, BIN]
      const child = startChild(node, { env: process.env, selfCommand })
      children.push(child)
      const { apiUrl, addresses } = await child.ready
      return { node, child, client: clientOf(apiUrl), addresses }
    }),
  )
  await untilAcquainted(nodes, 3)
  await own().client.subscribe((event) => events.push(event), new AbortController().signal)
}, 60_000)
afterAll(async () => {
  await Promise.all(children.map((child) => child.stop()))
  delete process.env[VARIABLE]
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

/** An answer or a verdict that tells the key; by which of the two models that is what `failing` makes it do. */
function behave(failing: { file?: (seen: SeenRequest) => Respond; env?: (seen: SeenRequest) => Respond } = {}): void {
  server.behave((seen, response, count) => {
    const special = keyOf(seen) === FILE_KEY ? failing.file : failing.env
    const question = readQuestion(seen.body.messages)
    const text = `I was given ${keyOf(seen)}, ${encodeURIComponent(keyOf(seen))}.\n${question !== null ? sayVerdict(question, 'left', keyOf(seen)) : 'FINAL ANSWER: 1'}`
    const say = special?.(seen) ?? (seen.body.stream ? sayEvents(text, { usage: [50, 10] }) : sayJson(text, [50, 10]))
    say(seen, response, count)
  })
  server.behaveAsked((url, response) => sayModels([`small-${FILE_KEY}`, ENV_KEY])(url, response))
}
const echo = (status: number, headers: (key: string) => Record<string, string> = () => ({})) => (seen: SeenRequest): Respond =>
  sayStatus(status, `no: ${JSON.stringify(seen.authorization)} ${Buffer.from(seen.authorization ?? '').toString('base64')}`, headers(keyOf(seen)))

async function openRound(name: string): Promise<string> {
  const round = await ask(asker(), { kind: 'countdown', prompt: generateTask('countdown', name) })
  await untilClosed(asker(), round)
  await poll('the round closes here, too', 20_000, () => own().client.getText(`rounds/${round}`), (text) => text.includes('"closed"'))
  return round
}

async function hear(what: string, path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(`${own().client.url}${path}`, init)
  heard.push([`${what} ${path}`, `${JSON.stringify([...response.headers])}${await response.text()}`])
}
const chat = (stream: boolean): Promise<void> =>
  hear('solo', '/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'peerage/solo', stream, messages: [{ role: 'user', content: 'hello' }] }) })

/** Every document of the API, as it describes itself, and every verb that says something of models. */
async function hearAll(what: string, round: string): Promise<void> {
  const { paths } = (await (await fetch(`${own().client.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
  const readable = Object.keys(paths).filter((path) => 'get' in (paths[path] ?? {}) && !path.endsWith('/events'))
  const filled = readable.map((path) => path.replace(/\/rounds\/\{[^}]+\}/, `/rounds/${round}`).replace(/\{[^}]+\}/g, own().node.memberId))
  expect(filled.length).toBeGreaterThan(10)
  expect(filled.join()).not.toMatch(/[{}]/)
  for (const path of [...filled, '/v1/models', '/metrics']) await hear(what, path)
  for (const args of [['providers', 'list'], ['providers', 'list', '--json'], ['providers', 'test'], ['providers', 'test', '--json'], ['status'], ['rounds', round]]) {
    const run = await runToEnd([...args, '--home', home()])
    heard.push([`${what} ${args.join(' ')}`, run.out + run.err])
  }
}

const statusOf = (node: TestNode): Promise<NodeStatus> => node.client.get<NodeStatus>('status')
const seenByPeers = async (): Promise<boolean | undefined> => (await asker().client.get<{ peers: PeerInfo[] }>('peers')).peers.find(({ memberId }) => memberId === own().node.memberId)?.canAnswer

describe('a node whose models tell its keys to everybody', () => {
  it('answers and judges with them', async () => {
    behave()
    const round = await openRound('well')
    expect(server.seen.length).toBeGreaterThan(1)
    await hearAll('well', round)
    for (const said of ['I was given [key]', '"reason":"[key]"']) expect(heard.some(([, text]) => text.includes(said)), said).toBe(true)
    for (const stream of [false, true]) await chat(stream)
  }, 60_000)

  it('passes when they fail, tells peers that it is not able, and is again when they are back', async () => {
    behave({ file: echo(401), env: echo(500) })
    server.behaveAsked((_, response) => void response.writeHead(500).end(FILE_KEY))
    const round = await openRound('failing')
    expect((await own().client.get<{ answers: { member: string }[] }>(`rounds/${round}`)).answers.map(({ member }) => member)).not.toContain(own().node.memberId)
    expect(events.some((event) => event.type === 'agent-error' && event.round === round && event.message.includes('by-variable: the endpoint answers 500'))).toBe(true)
    await poll('peers see it', 10_000, seenByPeers, (able) => able === false)
    expect((await statusOf(own())).health.slice(0, 2)).toEqual(['This node answers and judges no rounds for now.', expect.stringContaining('Provider by-file is not called: the endpoint answers 401')])
    await hearAll('failing', round)
    await chat(true)
    behave()
    await poll('peers see that it is back', 20_000, seenByPeers, (able) => able === true)
  }, 60_000)

  it('shows the failures of a conversation', async () => {
    const broken = (seen: SeenRequest): Respond => sayStatus(200, `data: ${JSON.stringify({ error: { message: `bad ${keyOf(seen)}` } })}\n\n`)
    const garbage = (seen: SeenRequest): Respond => sayStatus(200, `<html>${keyOf(seen)}`)
    const refusal = (seen: SeenRequest): Respond => sayStatus(400, `<html>${keyOf(seen)}`)
    for (const [file, env] of [[broken, garbage], [refusal, broken], [echo(302, (key) => ({ location: `/${encodeURIComponent(key)}` })), echo(400)]] as const) {
      behave({ file, env })
      for (const stream of [false, true]) await chat(stream)
    }
    expect(heard.filter(([what]) => what.startsWith('solo')).some(([, text]) => text.includes('bad [key]'))).toBe(true)
  }, 60_000)

  it('has them in no output, no event, no log and no file but the one that holds the key', async () => {
    await Promise.all(children.map((child) => child.stop()))
    heard.push(['events', JSON.stringify(events)], ['verbs', JSON.stringify(nodes.map(({ child }) => child.lastWords()))])
    const log = await readFile(logFile(), 'utf8')
    expect(log).toMatch(/the agent failed.*\[key\]/)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (entry.isFile() && file !== join(home(), 'key')) heard.push([file, await readFile(file, 'latin1')])
    }
    for (const { node } of nodes) {
      const [name] = await readdir(join(node.home.dataDir, 'store'))
      const store = await openLevelStore(join(node.home.dataDir, 'store', name as string))
      for await (const [key, value] of store.range('')) heard.push([`${node.name} ${key}`, Buffer.from(value).toString('latin1')])
      await store.close()
    }
    expect(heard.some(([what]) => what.endsWith('spending.json'))).toBe(true)
    expect(heard.length).toBeGreaterThan(100)
    const told = heard.flatMap(([what, text]) => needles.filter((needle) => text.includes(needle)).map((needle) => `${what}: ${needle}`))
    expect(told).toEqual([])
  }, 60_000)
})
