/** Networks of whole nodes in one process, but for libp2p and LevelDB: machine, runner, wire, timers and service are the real ones. */
import { randomBytes } from 'node:crypto'
import { closeRound, computeShare, createGenesis, explainCredit, rankRound, restoreMachine, type Effect, type Event, type Genesis, type Machine, type Parameters, type Signer } from '../../protocol/index.ts'
import type { Agent } from '../agents/agent.ts'
import { verify } from '../crypto.ts'
import type { ConnectedPeer, Network, NetworkHandlers } from '../network/network.ts'
import { createAbilityWatch } from '../runtime/ability-watch.ts'
import { createAgentCalls } from '../runtime/agent-calls.ts'
import { createNodeService } from '../runtime/node-service.ts'
import { preferredPairs } from '../runtime/preferences.ts'
import { drive } from '../runtime/reading.ts'
import { createRunner, type Runner } from '../runtime/runner.ts'
import { createTimers } from '../runtime/timers.ts'
import { createWire, type Wire } from '../runtime/wire.ts'
import type { NodeEvent, NodeService } from '../service.ts'
import { createMemoryStore } from '../store/memory-store-fixture.ts'
import type { Store } from '../store/store.ts'
import { createStranger } from './stranger.ts'

/** Links between the hosts of one process: what one says the others hear in a later turn. */
interface Hub {
  connect(id: string): { network: Network; listen: (handlers: NetworkHandlers) => void }
}

function createHub(): Hub {
  const hosts = new Map<string, NetworkHandlers>()
  const describe = (id: string): ConnectedPeer => ({ id, address: `/memory/${id}`, direction: 'outbound', latencyMs: 0, program: null })
  return {
    connect(id) {
      const others = (): [string, NetworkHandlers][] => [...hosts].filter(([other]) => other !== id)
      const network: Network = {
        peerId: id,
        addresses: () => [`/memory/${id}`],
        async publish(message) {
          for (const [, handlers] of others()) setImmediate(() => void handlers.onGossip(message, id))
        },
        async request(peer, request) {
          return (await hosts.get(peer)?.onRequest(request, id)) ?? []
        },
        keepConnected: () => undefined,
        dial: async (address) => address,
        peers: () => others().map(([other]) => describe(other)),
        announcedBy: async () => [],
        joinTopic: async () => undefined,
        stop: async () => void hosts.delete(id),
      }
      const listen = (handlers: NetworkHandlers): void => {
        hosts.set(id, handlers)
        for (const [other, { onPeerConnected }] of others()) {
          onPeerConnected(id)
          handlers.onPeerConnected(other)
        }
      }
      return { network, listen }
    },
  }
}

const ABILITY_LOOK_MS = 20

export interface MemoryNode {
  member: string
  machine: Machine
  store: Store
  runner: Runner
  wire: Wire
  service: NodeService
  events: NodeEvent[]
  stop(): Promise<void>
}

/** Answers each task with the same value, and prefers the answer 42 to any other. */
export function createScriptedAgent(value: string): Agent {
  return {
    model: `says ${value}`,
    canAnswer: true,
    canJudge: true,
    answer: async () => ({ text: `It is ${value}.`, value }),
    judge: async ({ answers, pairs }) =>
      pairs.map((pair) => {
        const [left, right] = [answers[pair.left]?.value === '42', answers[pair.right]?.value === '42']
        return { ...pair, verdict: left === right ? 'tie' : left ? 'left' : 'right', reason: 'it is 42, or not' }
      }),
    close: async () => undefined,
  }
}

export interface MemoryNetwork {
  genesis: Genesis
  nodes: MemoryNode[]
  /** Starts a node that is no founder. */
  join(agent: Agent): Promise<MemoryNode>
  stop(): Promise<void>
}

/** Starts founders that answer with the given agents. */
export async function startMemoryNetwork(agents: readonly Agent[], parameters: Partial<Parameters> = {}): Promise<MemoryNetwork> {
  const signers = agents.map(() => createStranger())
  const genesis = createGenesis({ name: 'memory', members: signers.map(({ member }) => ({ id: member, weight: 1_000_000 })), parameters })
  const hub = createHub()
  const nodes: MemoryNode[] = []
  const start = async (signer: Signer, agent: Agent): Promise<MemoryNode> => {
    const store = createMemoryStore()
    const { canAnswer, canJudge, model } = agent
    const machine = await drive(store, restoreMachine({ genesis, signer, verify, agent: { canAnswer, canJudge, model } }))
    const node = startMemoryNode({ machine, store, agent, hub })
    nodes.push(node)
    return node
  }
  for (const [index, agent] of agents.entries()) await start(signers[index] as Signer, agent)
  return { genesis, nodes, join: (agent) => start(createStranger(), agent), stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) }
}

function startMemoryNode({ machine, store, agent, hub }: { machine: Machine; store: Store; agent: Agent; hub: Hub }): MemoryNode {
  const { network, listen } = hub.connect(machine.self)
  const events: NodeEvent[] = []
  const core = createNodeService({ agent, machine, store, network, dispatch: (event) => runner.dispatch(event), refusals: () => wire.refusals(), explain: async (transcript, member) => explainCredit(transcript, machine.rules, member), prefer: async (transcript) => preferredPairs(rankRound(transcript, machine.rules)) })
  core.service.subscribe((event) => events.push(event))
  const onFatal = (error: unknown): void => {
    throw error
  }
  const runner = createRunner({ machine, store, perform: (effect) => perform(effect), onNotice: core.onNotice, onFatal })
  const { dispatch } = runner
  const timers = createTimers((name) => dispatch({ type: 'timer', name }))
  const ability = createAbilityWatch({ agent, dispatch, lookMs: ABILITY_LOOK_MS })
  const onError = (error: Error & { code: string }, round: string): void => core.emit({ type: 'agent-error', code: error.code, message: error.message, round })
  const calls = createAgentCalls({ agent, askers: 'anyone', askerOf: (round) => machine.ledger.rounds[round]?.asker ?? null, self: machine.self, dispatch, onError })
  const wire = createWire({ machine, store, network, verify, dispatch, judge: runner.judge, onTrouble: () => undefined })
  const perform = (effect: Exclude<Effect, { type: 'persist' | 'verdict' | 'notify' }>): void => {
    if (effect.type === 'timer') timers.set(effect.name, effect.ms)
    else if (effect.type === 'ask-agent') calls.ask(effect)
    else if (effect.type === 'stop-agent') calls.stopOne(effect.round, effect.job)
    else if (effect.type === 'compute') setImmediate(() => dispatch(compute(effect, machine)))
    else wire.perform(effect)
  }
  dispatch({ type: 'start' })
  listen({
    onGossip: wire.onGossip,
    onRequest: wire.onRequest,
    onPeerConnected: (member) => dispatch({ type: 'peer-connected', member }),
    onPeerDisconnected: (member) => dispatch({ type: 'peer-disconnected', member }),
  })
  ability.start()
  const stop = async (): Promise<void> => {
    core.close()
    await runner.stop()
    timers.stop()
    ability.stop()
    calls.stop()
    await network.stop()
  }
  return { member: machine.self, machine, store, runner, wire, service: core.service, events, stop }
}

function compute({ job, round, transcript }: Extract<Effect, { type: 'compute' }>, { rules, self }: Machine): Event {
  if (job === 'rank') return { type: 'ranked', round, ranked: rankRound(transcript, rules) }
  if (job === 'share') return { type: 'shared', share: computeShare(transcript, rules, self, new Uint8Array(randomBytes(32))) }
  return { type: 'computed', round, result: closeRound(transcript, rules) }
}

