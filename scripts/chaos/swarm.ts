/** The nodes of a chaos run: processes that are started again whenever they end, and the links between them. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createIdentity, createNodeClient, findFreePorts, formatConfig, nameOf, resolveHome, startChild, writeFileWhole, type ChildNode, type NodeClient, type NodeStatus, type TestnetNode } from '../../node/index.ts'
import { createGenesis, genesisSchema, networkId, type Genesis } from '../../protocol/index.ts'
import type { Disk } from './damage.ts'
import { openLink, type Link } from './links.ts'

/** What a process is allowed to end with; anything else is a failure. */
export type Expected = 'kill' | 'failpoint' | 'full-disk' | null

export interface Member {
  readonly index: number
  readonly node: TestnetNode
  readonly client: NodeClient
  readonly address: string
  readonly disk: Disk
  state: 'starting' | 'up' | 'paused' | 'down'
  child: ChildNode | null
  signing: NodeStatus['signing']['mode']
  expected: Expected
  /** Of the next start. */
  downMs: number
  failpoint: string | null
  before: (() => Promise<unknown>) | null
}

export interface Swarm {
  readonly folder: string
  readonly genesis: Genesis
  readonly members: Member[]
  readonly links: Link[]
  /** Folder on a small disk of its own, or null where mounting is not allowed. */
  readonly smallDisk: string | null
  readonly deaths: Record<string, number>
  readonly failures: string[]
  /** Highest final block that anybody has told of. */
  height: number
  stopping: boolean
}

const SMALL_DISK_MB = 64
const SELF_COMMAND: [string, string] = [process.execPath, fileURLToPath(new URL('../../node/bin.js', import.meta.url))]
const PARAMETERS = { revealMs: 3_000, leaderMs: 1_500, viewMs: 4_000, backoffMax: 4, epochBlocks: 128 }

/** Makes homes and links and starts everybody. */
export async function startSwarm(nodes: number): Promise<Swarm> {
  const folder = await mkdtemp(join(tmpdir(), 'peerage-chaos-'))
  const homes = Array.from({ length: nodes }, (_, index) => resolveHome(join(folder, `node-${index}`), {}))
  const ids = (await Promise.all(homes.map(({ identityFile }) => createIdentity(identityFile)))).map(({ memberId }) => memberId)
  const ports = await findFreePorts(2 * nodes + nodes * nodes)
  const genesis = genesisSchema.parse(createGenesis({ name: 'chaos', members: ids.map((id) => ({ id, weight: 1_000_000 })), parameters: PARAMETERS }))
  await writeFile(join(folder, 'genesis.json'), JSON.stringify(genesis))
  const links: Link[] = []
  for (let from = 0; from < nodes; from++) {
    for (let to = 0; to < nodes; to++) if (from !== to) links.push(await openLink(from, to, ports[2 * nodes + from * nodes + to] as number, ports[to] as number))
  }
  const members = await Promise.all(
    homes.map(async (home, index): Promise<Member> => {
      const memberId = ids[index] as string
      const bootstrap = links.filter(({ from }) => from === index).map(({ to, port }) => `/ip4/127.0.0.1/tcp/${port}/p2p/${ids[to]}`)
      const network = { genesis: '../genesis.json', host: '127.0.0.1', port: ports[index] as number, announce: [], bootstrap }
      const http = { host: '127.0.0.1', port: ports[nodes + index] as number }
      await writeFileWhole(home.configFile, formatConfig({ logLevel: 'warn', agent: { type: 'solver', strategy: index % 2 === 0 ? 'greedy' : 'hasty' }, network, http }))
      const store = join(home.dataDir, 'store', networkId(genesis).slice(0, 16))
      return {
        index,
        node: { home, memberId, name: nameOf(memberId) },
        client: createNodeClient(`http://127.0.0.1:${http.port}`, null, { signal: new AbortController().signal }),
        address: `/ip4/127.0.0.1/tcp/${network.port}/p2p/${memberId}`,
        disk: { home: home.dataDir, store, backup: join(folder, `backup-${index}`) },
        state: 'down',
        child: null,
        signing: 'asking',
        expected: null,
        downMs: 0,
        failpoint: null,
        before: null,
      }
    }),
  )
  const smallDisk = await mountSmallDisk(members[0] as Member)
  await warmUp(members[0] as Member, folder)
  return { folder, genesis, members, links, smallDisk, deaths: {}, failures: [], height: 0, stopping: false }
}

// Node keeps what it has compiled, for the hundreds of starts to come, but only when it ends in peace.
async function warmUp({ node }: Member, folder: string): Promise<void> {
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled')
  const child = startChild(node, { env: process.env, selfCommand: SELF_COMMAND })
  await child.ready
  await child.stop()
}

async function mountSmallDisk({ disk }: Member): Promise<string | null> {
  const path = join(disk.home, 'store')
  await mkdir(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_MB}m`, 'peerage-chaos', path], { stdio: 'ignore' })
    return path
  } catch {
    return null
  }
}

/** Keeps a member's process running until the swarm stops. */
export async function keepAlive(swarm: Swarm, member: Member): Promise<void> {
  while (!swarm.stopping) {
    await member.before?.()
    member.before = null
    const armed = member.failpoint
    const child = startChild(member.node, { env: { ...process.env, ...(armed === null ? {} : { PEERAGE_FAILPOINT: armed }) }, selfCommand: SELF_COMMAND })
    Object.assign(member, { child, state: 'starting', signing: 'asking', failpoint: null, expected: armed === null ? null : 'failpoint' } satisfies Partial<Member>)
    await child.ready.then(
      () => void (member.state = 'up'),
      () => undefined,
    )
    const how = await child.ended
    const { expected } = member
    member.state = 'down'
    if (swarm.stopping) return
    const cause = how === 'SIGKILL' && armed !== null && expected === 'failpoint' ? `failpoint ${armed.split(':')[0]}` : expected
    const isFine = how === 'SIGKILL' || (expected === 'full-disk' && how === 'exit code 1')
    if (cause !== null && isFine) swarm.deaths[cause] = (swarm.deaths[cause] ?? 0) + 1
    else swarm.failures.push(`node ${member.index} ended by itself (${how}): ${child.lastWords().join(' | ')}`)
    await sleep(member.downMs)
    member.downMs = 0
  }
}

/** Kills a member's process; it starts again after a while. */
export function killMember(member: Member, next: Partial<Pick<Member, 'downMs' | 'failpoint' | 'before'>>): void {
  Object.assign(member, next, { expected: 'kill', state: 'down' } satisfies Partial<Member>)
  if (member.child?.alive() === true) process.kill(member.child.pid, 'SIGKILL')
}

/** Ends all processes and links, and reads nothing more; the stores stay until `removeSwarm`. */
export async function stopSwarm(swarm: Swarm): Promise<void> {
  swarm.stopping = true
  await Promise.all(
    swarm.members.map(async ({ child, state }) => {
      if (child?.alive() !== true) return
      if (state === 'paused') process.kill(child.pid, 'SIGCONT')
      await child.stop()
    }),
  )
  await Promise.all(swarm.links.map((link) => link.close()))
}

export async function removeSwarm({ folder, smallDisk }: Swarm): Promise<void> {
  if (smallDisk !== null) execFileSync('umount', [smallDisk])
  await rm(folder, { recursive: true, force: true })
}

/** Resident memory in MB and open files of a process, or null when it is gone. */
export async function measure({ child }: Member): Promise<{ rssMb: number; files: number } | null> {
  if (child?.alive() !== true) return null
  try {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    const files = await readdir(`/proc/${child.pid}/fd`)
    return { rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024, files: files.length }
  } catch {
    return null
  }
}
