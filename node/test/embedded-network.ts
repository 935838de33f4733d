import { setTimeout as sleep } from 'node:timers/promises'
import type { Agent } from '../agents/agent.ts'
import { createNode } from '../create-node.ts'
import type { RunningNode } from '../service.ts'
import { createScriptedAgent } from './memory-network.ts'

export interface EmbeddedNetwork {
  nodes: RunningNode[]
  stop(): Promise<void>
}

/** A network of whole nodes in this process, with sockets, stores and APIs; the first founds it, the others join. All are members. */
export async function startEmbeddedNetwork(agents: readonly Agent[] = ['42', '42', '41'].map(createScriptedAgent)): Promise<EmbeddedNetwork> {
  const [first, ...others] = agents as [Agent, ...Agent[]]
  const founder = await createNode({ agent: first, networkName: 'embedded' })
  const bootstrap = founder.service.status().addresses
  const joined = await Promise.all(others.map((agent) => createNode({ agent, config: { network: { bootstrap } } })))
  const nodes = [founder, ...joined]
  while (nodes.some(({ service }) => service.status().membersPresent < agents.length)) await sleep(20)
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) }
}
