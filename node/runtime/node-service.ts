/** The running node as the API and the command line see it. */
import { isQuorum } from '../../consensus/index.ts'
import {
  describeProgress,
  presentMembers,
  stateRoot,
  type Event,
  type Machine,
  type Notice,
  type RankedRound,
} from '../../protocol/index.ts'
import type { Agent } from '../agents/agent.ts'
import { nameOf } from '../names.ts'
import type { Network } from '../network/network.ts'
import type { NodeEvent, NodeService, NodeStatus, PeerInfo, RoundPhase } from '../service.ts'
import type { Store } from '../store/store.ts'
import { createAsking } from './asking.ts'
import { createChanges } from './changes.ts'
import { explanationOf, type ExplainInit } from './explanation.ts'
import { exportPreferences, exportRounds, type PreferenceSource } from './exports.ts'
import { reputationChanges, reputationOf, rewardsOf } from './member-documents.ts'
import { creditShares, listRounds, readRound, readWinner } from './round-documents.ts'
import { rulesSentence } from './rules.ts'
import { describeSigning, signingSentence } from './signing.ts'
import { createSolo } from './solo.ts'

/** Rounds whose phases this node remembers the times of. */
const TIMED_ROUNDS_MAX = 1_000

export interface NodeServiceInit {
  agent: Agent
  machine: Machine
  store: Store
  network: Network
  dispatch: (event: Event) => void
  /** Frames refused so far, by code. */
  refusals: () => Record<string, number>
  explain: ExplainInit['explain']
  prefer: PreferenceSource['prefer']
}

/** The service, and the way in for what the machine and the network report. */
export interface ServiceCore {
  service: NodeService
  onNotice: (notice: Notice) => void
  emit: (event: NodeEvent) => void
  close: () => void
}

export function createNodeService({ agent, machine, store, network, dispatch, refusals, explain, prefer }: NodeServiceInit): ServiceCore {
  const listeners = new Set<(event: NodeEvent) => void>()
  const asking = createAsking(machine, store, dispatch)
  const ranked = new Map<string, RankedRound>()
  const timings = new Map<string, { phase: RoundPhase; startedMs: number }[]>()
  const startedAt = new Date().toISOString()
  const emit = (event: NodeEvent): void => listeners.forEach((listener) => listener(event))
  const changes = createChanges(machine, store, dispatch)
  const source = { machine, store, ranked, timings: (round: string) => durationsOf(timings.get(round) ?? []) }

  const service: NodeService = {
    status: () => ({ ...describeStatus(machine, network, agent), startedAt, refusedFrames: refusals(), addresses: network.addresses() }),
    peers: () => describePeers(machine, network),
    genesis: () => machine.config.genesis,
    ask: asking.ask,
    rounds: (options) => listRounds(source, options),
    round: (id) => readRound(source, id),
    reputation: (member, options) => reputationOf(store, machine.ledger, member, options),
    rewards: (member, options) => rewardsOf(store, machine.ledger, member, options),
    explain: (round, member) => explanationOf({ machine, store, explain }, round, member),
    exportRounds: (options) => exportRounds(source, options),
    exportPreferences: (options) => exportPreferences({ machine, store, prefer }, options),
    membership: changes.membership,
    checkpoint: changes.checkpoint,
    solo: createSolo(agent),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }

  const onNotice = (notice: Notice): void => {
    switch (notice.type) {
      case 'asked':
        return asking.onAsked(notice)
      case 'requested':
        return changes.onRequested(notice)
      case 'round-opened':
        return emitOpened(machine, notice, emit)
      case 'phase-entered':
        noteTiming(timings, notice.round, notice.phase)
        return emit(notice)
      case 'ranked':
        return void ranked.set(notice.round, notice.ranked)
      case 'round-closed':
        asking.onClosed(notice.closed.round)
        noteTiming(timings, notice.closed.round, 'closed')
        if (listeners.size > 0) void emitClosed(source, notice, emit)
        else ranked.delete(notice.closed.round)
        return
      case 'block-final':
        return emit({ type: 'block-final', height: notice.height, hash: notice.hash, entries: notice.entries })
      case 'signing':
        return emit({ type: 'signing', mode: notice.mode, reason: describeSigning(machine).reason })
      case 'result-differs':
      case 'refused-to-sign':
      case 'block-refused':
      case 'peer-dropped':
      case 'jumped':
        return
    }
  }

  return {
    service,
    onNotice,
    emit,
    close: asking.close,
  }
}

type Source = Parameters<typeof readRound>[0] & { ranked: Map<string, RankedRound> }

async function emitClosed(source: Source, { height, closed }: Extract<Notice, { type: 'round-closed' }>, emit: (event: NodeEvent) => void): Promise<void> {
  const { result, changes, round } = closed
  source.ranked.delete(round)
  const winner = await readWinner(source, round, result).catch(() => null)
  const { source: by, micro, success } = result.evaluation
  emit({
    type: 'round-closed',
    round,
    height,
    kind: result.kind,
    winner,
    rated: result.rated,
    evaluation: { source: by, valueMicro: micro, success },
    credit: creditShares(result),
    reputation: reputationChanges(changes),
  })
}

function emitOpened(machine: Machine, { round, asker, height }: Extract<Notice, { type: 'round-opened' }>, emit: (event: NodeEvent) => void): void {
  const open = machine.items.get(round)
  if (open?.kind !== 'open') return
  const { kind, prompt } = open.body.task
  emit({ type: 'round-opened', round, height, asker, askerName: nameOf(asker), kind, prompt })
}

function noteTiming(timings: Map<string, { phase: RoundPhase; startedMs: number }[]>, round: string, phase: RoundPhase): void {
  const entries = timings.get(round) ?? []
  entries.push({ phase, startedMs: performance.now() })
  timings.set(round, entries)
  const [oldest] = timings.keys()
  if (timings.size > TIMED_ROUNDS_MAX) timings.delete(oldest as string)
}

function durationsOf(entries: readonly { phase: RoundPhase; startedMs: number }[]): { phase: RoundPhase; durationMs: number }[] {
  return entries.flatMap(({ phase, startedMs }, index) => {
    const next = entries[index + 1]
    return next === undefined ? [] : [{ phase, durationMs: Math.round(10 * (next.startedMs - startedMs)) / 10 }]
  })
}

function describeStatus(machine: Machine, network: Network, agent: Agent): Omit<NodeStatus, 'startedAt' | 'refusedFrames' | 'addresses'> {
  const { ledger, self, config, head } = machine
  const founder = config.genesis.members.some(({ id }) => id === self)
  const isMember = ledger.members[self] !== undefined
  const statistics = agent.statistics?.() ?? null
  const providers = agent.health?.providers() ?? []
  return {
    memberId: self,
    name: nameOf(self),
    model: config.agent.model,
    networkId: machine.rules.network,
    networkName: config.genesis.name,
    role: founder ? 'founder' : isMember ? 'member' : 'joining',
    height: ledger.height,
    epoch: ledger.epoch,
    view: machine.agreement.view,
    lastBlock: head.hash,
    stateRoot: stateRoot(ledger),
    openRounds: Object.entries(ledger.rounds).map(([round, { phase, asker, kind }]) => ({ round, phase, asker, kind })),
    ...machine.ability,
    providers,
    peersConnected: network.peers().length,
    members: Object.keys(ledger.members).length,
    membersPresent: presentMembers(machine).size,
    quorumPresent: isQuorumPresent(machine),
    health: [...describeAbility(machine, providers), ...describeHealth(machine, network, isMember, statistics)],
    signing: describeSigning(machine),
    agent: statistics,
  }
}

function isQuorumPresent(machine: Machine): boolean {
  const { absent } = describeProgress(machine)
  const { validators } = machine.ledger
  return isQuorum(validators, validators.map(({ member }) => member).filter((member) => !absent.includes(member)))
}

function describeAbility({ ability, config }: Machine, providers: NodeStatus['providers']): string[] {
  const lost = [config.agent.canAnswer && !ability.canAnswer ? ['answers'] : [], config.agent.canJudge && !ability.canJudge ? ['judges'] : []].flat()
  const hindered = providers.flatMap(({ id, state, reason }) => (reason === null ? [] : [`Provider ${id} is ${state === 'over-limit' ? 'at a limit' : 'not called'}: ${reason}.`]))
  return [...(lost.length === 0 ? [] : [`This node ${lost.join(' and ')} no rounds for now.`]), ...hindered]
}

function describeHealth(machine: Machine, network: Network, isMember: boolean, statistics: NodeStatus['agent']): string[] {
  const { absent, pending, stranded } = describeProgress(machine)
  const members = Object.keys(machine.ledger.members).length
  const sentences: string[] = []
  if (machine.refused !== null) sentences.push(`Block ${machine.refused.height} is final for the network and wrong by the rules of this version (${machine.refused.code}): the others run another one, or this node's store is damaged.`)
  const signing = signingSentence(describeSigning(machine))
  if (signing !== null) sentences.push(signing)
  if (!isMember) sentences.push('This node has asked to join and is not a member yet.')
  if (network.peers().length === 0 && members > 1) sentences.push('No peer is connected.')
  if (stranded) sentences.push(`Peers are ahead, but none of them gives the record from block ${machine.ledger.height + 1} on, nor a snapshot above it.`)
  const otherRules = rulesSentence(network.peers())
  if (otherRules !== null) sentences.push(otherRules)
  if (absent.length > 0) sentences.push(`Not heard of: ${absent.map(nameOf).join(', ')}.`)
  if (!isQuorumPresent(machine)) sentences.push('More than a third of the voting weight is missing: no block becomes final until enough of it is back.')
  else if (pending && absent.length > 0) sentences.push('A block is due and not final yet.')
  if (typeof statistics?.restsBecause === 'string') sentences.push(statistics.restsBecause)
  if (members < 3) sentences.push('Rounds are unrated below three members.')
  if (sentences.length > 0) return sentences
  const present = presentMembers(machine).size
  return [present === members ? `All ${members} members are present.` : `${present} of ${members} members are present.`]
}

function describePeers(machine: Machine, network: Network): PeerInfo[] {
  const connected = new Map(network.peers().map((peer) => [peer.id, peer]))
  const present = presentMembers(machine)
  const members = Object.keys(machine.ledger.members).sort()
  const others = [...new Set([...members, ...[...connected.keys()].sort()])].filter((id) => id !== machine.self)
  return [machine.self, ...others].map((memberId) => {
    const peer = connected.get(memberId)
    const abilities = present.get(memberId)
    const self = memberId === machine.self
    const able = self ? machine.ability : abilities
    return {
      memberId,
      name: nameOf(memberId),
      model: self ? machine.config.agent.model : (machine.presence.get(memberId)?.model ?? null),
      self,
      isMember: machine.ledger.members[memberId] !== undefined,
      connected: peer !== undefined,
      address: peer?.address ?? null,
      latencyMs: peer?.latencyMs ?? null,
      present: abilities !== undefined,
      canAnswer: able?.canAnswer ?? false,
      canJudge: able?.canJudge ?? false,
      votingWeight: machine.ledger.validators.find(({ member }) => member === memberId)?.weight ?? 0,
    }
  })
}
