import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeClient, findFreePorts, openTestnet, startChild, type ChildNode } from '../../../node/index.ts'
import { untilAcquainted } from '../../replay/replay-network.ts'
import { inspect, type Inspector } from './inspector.ts'

/** Processes with a solver each, that know each other. */
export interface Swarm {
  /** API of the node that the load goes to. */
  url: string
  /** Of the process of that node. */
  inspector: Inspector
  /** Why a process ended, if one did. */
  died: () => string | null
  stop: () => Promise<void>
}

/** Starts founders in a temporary folder; `stop` ends them and removes it. */
export async function startSwarm(nodes: number, signal: AbortSignal): Promise<Swarm> {
  const folder = await mkdtemp(join(tmpdir(), 'peerage-load-'))
  const children: ChildNode[] = []
  let died: string | null = null
  let stopping = false
  const stop = async (): Promise<void> => {
    stopping = true
    await Promise.all(children.map((child) => child.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const selfCommand: [string, string] = [process.execPath, fileURLToPath(new URL('../../../node/bin.js', import.meta.url))]
    const [port] = (await findFreePorts(1)) as [number]
    for (const [index, node] of (await openTestnet(folder, nodes)).entries()) {
      children.push(startChild(node, { env: index === 0 ? { ...process.env, NODE_OPTIONS: `--inspect=127.0.0.1:${port}` } : process.env, selfCommand }))
    }
    for (const child of children) void child.ended.then((how) => (died ??= stopping ? null : [`${child.name}: ${how}`, ...child.lastWords()].join('\n')))
    const ready = await Promise.all(children.map((child) => child.ready))
    await untilAcquainted(ready.map(({ apiUrl }) => ({ client: createNodeClient(apiUrl, null, { signal }) })), signal)
    const inspector = await inspect(port)
    return { url: (ready[0] as { apiUrl: string }).apiUrl, inspector, died: () => died, stop: () => (inspector.close(), stop()) }
  } catch (error) {
    await stop()
    throw error
  }
}
