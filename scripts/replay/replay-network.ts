import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createIdentity,
  createNodeClient,
  findFreePorts,
  formatConfig,
  nameOf,
  resolveHome,
  startChild,
  writeFileWhole,
  type AgentConfig,
  type ChildNode,
  type NodeClient,
  type NodeStatus,
  type TestnetNode,
} from '../../node/index.ts'
import { createGenesis, type Parameters } from '../../protocol/index.ts'

/** A node process of a replay, with the client that speaks to it. */
export interface ReplayNode {
  child: ChildNode
  client: NodeClient
}

/** One process per recorded agent, and one more that asks: who knows the truth is no player. */
export interface ReplayNetwork {
  asker: ReplayNode
  agents: ReplayNode[]
  stop: () => Promise<void>
}

const VOTING_WEIGHT = 1_000_000
/** Everybody answers, judges, computes and checks every block; votes of more than so many would only cost time on one machine. */
const VALIDATORS_MAX = 7
const READY_MS_MAX = 180_000

/** What a replayed network is made of. */
export interface ReplayInit {
  file: string
  agents: readonly string[]
  /** Only ballots of this way of asking. */
  mode: string | undefined
  parameters: Partial<Parameters>
}

/** Starts the network of a recording in a temporary folder; `stop` ends its processes and removes it. */
export async function startReplayNetwork(init: ReplayInit, signal: AbortSignal): Promise<ReplayNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'peerage-replay-'))
  const children: ChildNode[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const nodes = await writeHomes(folder, init)
    const selfCommand: [string, string] = [process.execPath, fileURLToPath(new URL('../../node/bin.js', import.meta.url))]
    for (const node of nodes) children.push(startChild(node, { env: process.env, selfCommand }))
    const started: ReplayNode[] = []
    for (const child of children) {
      const ready = await within(child.ready, signal)
      started.push({ child, client: createNodeClient(ready.apiUrl, null, { signal }) })
    }
    await untilAcquainted(started, signal)
    const [asker, ...agents] = started as [ReplayNode, ...ReplayNode[]]
    return { asker, agents, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Writes a genesis and the homes of all into a folder. The first home is the asker's: a member without voting weight. */
export async function writeHomes(folder: string, init: ReplayInit): Promise<TestnetNode[]> {
  const { file, agents, mode, parameters } = init
  const homes = Array.from({ length: agents.length + 1 }, (_, index) => resolveHome(join(folder, `node-${index}`), {}))
  const identities = await Promise.all(homes.map((home) => createIdentity(home.identityFile)))
  const ids = identities.map(({ memberId }) => memberId)
  const members = Object.fromEntries(agents.map((agent, index) => [ids[index + 1] as string, agent]))
  const ports = await findFreePorts(2 * homes.length)
  const addresses = ids.map((id, index) => `/ip4/127.0.0.1/tcp/${ports[index]}/p2p/${id}`)
  const agentOf = (index: number): AgentConfig =>
    index === 0
      ? { type: 'solver', strategy: 'hasty' }
      : { type: 'recorded', file, agent: agents[index - 1] as string, members, ...(mode === undefined ? {} : { mode }) }
  await Promise.all(
    homes.map((home, index) => {
      const network = { genesis: '../genesis.json', host: '127.0.0.1', port: ports[index] as number, bootstrap: addresses.slice(0, index) }
      const http = { host: '127.0.0.1', port: ports[homes.length + index] as number }
      return writeFileWhole(home.configFile, formatConfig({ logLevel: 'warn', agent: agentOf(index), network, http }))
    }),
  )
  const founders = ids.map((id, index) => ({ id, weight: index === 0 || index > VALIDATORS_MAX ? 0 : VOTING_WEIGHT }))
  const genesis = createGenesis({ name: 'replay', members: founders, parameters })
  await writeFileWhole(join(folder, 'genesis.json'), `${JSON.stringify(genesis)}\n`)
  return homes.map((home, index) => ({ home, memberId: ids[index] as string, name: nameOf(ids[index] as string) }))
}

async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_MS_MAX)])
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true })),
  ])
}

/** Resolves when every node knows all of them to be present. */
export async function untilAcquainted(nodes: readonly Pick<ReplayNode, 'client'>[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  for (;;) {
    const statuses = await Promise.all(nodes.map(({ client }) => client.get<NodeStatus>('status')))
    signal.throwIfAborted()
    if (statuses.every(({ membersPresent }) => membersPresent >= nodes.length)) return
    if (performance.now() > deadline) throw new Error('the nodes have not all found each other')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
