import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeClient, openTestnet, startChild, type ChildNode } from '../../../node/index.ts'
import { untilAcquainted } from '../../replay/replay-network.ts'

/** Processes with a solver each, that know each other. */
export interface Swarm {
  /** API of the node that the load goes to. */
  url: string
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
    for (const node of await openTestnet(folder, nodes)) children.push(startChild(node, { env: process.env, selfCommand }))
    for (const child of children) void child.ended.then((how) => (died ??= stopping ? null : [`${child.name}: ${how}`, ...child.lastWords()].join('\n')))
    const ready = await Promise.all(children.map((child) => child.ready))
    await untilAcquainted(ready.map(({ apiUrl }) => ({ client: createNodeClient(apiUrl, null, { signal }) })), signal)
    return { url: (ready[0] as { apiUrl: string }).apiUrl, died: () => died, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
