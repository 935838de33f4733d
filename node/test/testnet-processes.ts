/** Networks of node processes for end-to-end tests: started, asked, killed, and ended with their folders whatever happens. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'smol-toml'
import { createGenesis, genesisSchema, type Genesis, type Parameters } from '../../protocol/index.ts'
import type { AgentConfig } from '../agents/create-agent.ts'
import { createNodeClient, type NodeClient } from '../cli/client.ts'
import { startChild, type ChildNode } from '../cli/demo/child-node.ts'
import { openTestnet, type TestnetNode } from '../cli/demo/testnet.ts'
import { formatConfig } from '../config/config-file.ts'
import type { NodeEvent, NodeStatus, RoundDetail } from '../service.ts'

export const BIN = fileURLToPath(new URL('../bin.js', import.meta.url))
const SELF_COMMAND: [string, string] = [process.execPath, BIN]
const POLL_MS = 100

/** A node process and the client that speaks to it. */
export interface TestNode {
  node: TestnetNode
  child: ChildNode
  client: NodeClient
  addresses: string[]
}

export interface Testnet {
  folder: string
  genesis: Genesis
  nodes: TestNode[]
  /** Starts a node of the network again, after it has ended. */
  restart(index: number): Promise<TestNode>
  /** Kills a process outright; resolves when it is gone. */
  kill(index: number): Promise<void>
  stop(): Promise<void>
}

export interface TestnetInit {
  nodes: number
  parameters?: Partial<Parameters>
  agentOf?: (index: number) => AgentConfig | undefined
  env?: Record<string, string>
}

/** Starts a network of founders, and waits until each has heard of all. */
export async function startTestnet({ nodes: count, parameters = {}, agentOf = () => undefined, env = {} }: TestnetInit): Promise<Testnet> {
  const folder = await mkdtemp(join(tmpdir(), 'peerage-test-'))
  const started: TestNode[] = []
  const running = new Set<ChildNode>()
  const begin = async (node: TestnetNode): Promise<TestNode> => {
    const child = startChild(node, { env: { ...process.env, ...env }, selfCommand: SELF_COMMAND })
    running.add(child)
    void child.ended.then(() => running.delete(child))
    const { apiUrl, addresses } = await child.ready
    return { node, child, client: clientOf(apiUrl), addresses }
  }
  const kill = async (child: ChildNode): Promise<void> => {
    process.kill(child.pid, 'SIGKILL')
    await child.ended
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...running].map((child) => child.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const homes = await openTestnet(folder, count)
    const genesis = createGenesis({ name: 'test', members: homes.map(({ memberId }) => ({ id: memberId, weight: 1_000_000 })), parameters })
    await writeFile(join(folder, 'genesis.json'), JSON.stringify(genesis))
    for (const [index, { home }] of homes.entries()) {
      const agent = agentOf(index)
      if (agent !== undefined) await configure(home.configFile, { agent })
    }
    started.push(...(await Promise.all(homes.map(begin))))
    await untilAcquainted(started, count)
    return {
      folder,
      genesis: genesisSchema.parse(genesis),
      nodes: started,
      async restart(index) {
        const again = await begin((started[index] as TestNode).node)
        started[index] = again
        return again
      },
      kill: (index) => kill((started[index] as TestNode).child),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Overwrites tables of a node's config.toml. */
export async function configure(file: string, tables: Record<string, unknown>): Promise<void> {
  await writeFile(file, formatConfig({ ...parse(await readFile(file, 'utf8')), ...tables }))
}

export function clientOf(apiUrl: string): NodeClient {
  return createNodeClient(apiUrl, null, { signal: new AbortController().signal })
}

/** Asks again until `done` holds of what comes, or throws what it came to. A refused question counts as not done. */
export async function poll<T>(what: string, limitMs: number, ask: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + limitMs
  let last: unknown
  for (;;) {
    try {
      const value = await ask()
      if (done(value)) return value
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
    await sleep(POLL_MS)
  }
}

export async function untilAcquainted(nodes: readonly TestNode[], count: number): Promise<void> {
  await Promise.all(
    nodes.map(({ node, client }) => poll(`${node.name} hears of all`, 40_000, () => client.get<NodeStatus>('status'), ({ membersPresent }) => membersPresent >= count)),
  )
}

export interface TestTask {
  prompt: string
  kind?: string
  reference?: string
  answerMs?: number
  judgeMs?: number
  truth?: { accepted: string[] }
}

/** Opens a round; resolves to its id. */
export async function ask({ client }: Pick<TestNode, 'client'>, task: TestTask): Promise<string> {
  return (await client.post<{ round: string }>('rounds', { answerMs: 10_000, judgeMs: 10_000, ...task })).round
}

export function untilClosed({ client }: Pick<TestNode, 'client'>, round: string, limitMs = 60_000): Promise<RoundDetail> {
  return poll(`round ${round} closes`, limitMs, () => client.get<RoundDetail>(`rounds/${round}`), ({ status }) => status === 'closed')
}

/** Waits until all nodes are at one height with no round open; resolves to the status they share. */
export async function untilAgreed(nodes: readonly Pick<TestNode, 'client'>[], limitMs = 40_000): Promise<NodeStatus> {
  const statuses = await poll(
    'all nodes agree',
    limitMs,
    () => Promise.all(nodes.map(({ client }) => client.get<NodeStatus>('status'))),
    (all) => new Set(all.map(({ height, stateRoot }) => `${height} ${stateRoot}`)).size === 1 && all.every(({ openRounds }) => openRounds.length === 0),
  )
  return statuses[0] as NodeStatus
}

/** Resolves at the first event that fits; `close` ends the subscription. */
export async function watchFor({ client }: TestNode, fits: (event: NodeEvent) => boolean): Promise<{ seen: Promise<NodeEvent>; close: () => void }> {
  const subscription = new AbortController()
  const { promise: seen, resolve } = Promise.withResolvers<NodeEvent>()
  await client.subscribe((event) => {
    if (fits(event)) resolve(event)
  }, subscription.signal)
  return { seen, close: () => subscription.abort() }
}

export interface CommandRun {
  code: number | string
  out: string
  err: string
}

/** Runs the command line in a process of its own; one that does not end is killed. */
export function runCommand(args: readonly string[], options: { env?: Record<string, string>; limitMs?: number } = {}): Promise<CommandRun> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } })
  const printed = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (printed.out += chunk))
  child.stderr.on('data', (chunk) => (printed.err += chunk))
  const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs ?? 60_000)
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code: signal ?? code ?? 0, ...printed })
    })
  })
}
