import { createAgreement, sha256, type Agreement, type AgreementEffect } from '../../consensus/index.ts'
import type { Block, Breach, CreditPhase, Phase } from '../bodies.ts'
import { openEnvelope, type Message, type OpenedEnvelope, type Signer, type Verify } from '../envelope.ts'
import { networkId, type Genesis } from '../genesis.ts'
import type { ClosedRound, MemberChange } from '../ledger/close-round.ts'
import type { RoundResult } from '../ledger/result.ts'
import { resumeState } from '../ledger/checkpoint.ts'
import { genesisState, stateRoot, type LedgerState, type Rules } from '../ledger/state.ts'
import type { SealedPhase, Secret } from '../sealed.ts'
import type { AgentJob, ComputeJob, Effect } from './events.ts'
import { createWatch, isNear, noteSigned, type Signed, type Watch } from './watch.ts'
import { createSync, type Sync } from './sync-state.ts'
import { createSignGuard, hearSelf, type GuardInit, type SignGuard } from './self-watch.ts'

/** What this node is, for as long as it runs. */
export interface MachineConfig {
  genesis: Genesis
  signer: Signer
  verify: Verify
  /** What the node's agent is, and what it can do where nothing hinders it. */
  agent: { canAnswer: boolean; canJudge: boolean; model: string }
  /** The state behind the checkpoint that the genesis names, where it names one. */
  checkpoint?: LedgerState
  /** Whether this node wants all history, or the state of late is enough; absent: all. */
  archive?: boolean
  /** What is known of the time before; absent: the store is all there was. */
  guard?: GuardInit
}

/** A block that is proposed, notarized, or on its way to being final. */
export interface BlockNode {
  hash: string
  block: Block
  message: Message<'proposal'>
  /** State after the block and the rounds it closes, once it has been checked. */
  applied: { state: LedgerState; closed: ClosedRound[]; penalties: MemberChange[] } | null
}

export type WaitingJob = ComputeJob | AgentJob

/** What this node holds of an open round besides the agreed state. */
export interface LocalRound {
  /** The phase that this node has entered; null until its first. */
  entered: Phase | 'closing' | null
  held: Map<Phase, Map<string, string>>
  observations: Map<Phase, Map<string, Message<'observation'>>>
  /** Phases that this node has waited for long enough, and those that it has signed its observation of. */
  due: Set<Phase>
  observed: Set<Phase>
  secrets: Map<SealedPhase, Secret>
  /** The phase of shares that was looked at last, and the blocks whose turn it is in it, by member; null before the first. */
  turns: { phase: CreditPhase; blocks: Map<string, number[]> } | null
  truth: Truth | null
  /** Jobs that wait for items which this node has lost. */
  waiting: Set<WaitingJob>
  resultHash: string | null
  /** Whether the ranking was asked for already. */
  ranked: boolean
}

export interface Presence {
  sequence: number
  seenMs: number
  canAnswer: boolean
  canJudge: boolean
  model: string
  links: number
  height: number
  bytes: Uint8Array
}

/** What a debt is paid with: the secret of a commitment, or accepted values and their salt. */
export type Means = Secret | Truth

export interface Truth {
  accepted: string[]
  salt: Uint8Array
}

/** What waits for a block. */
export interface Pool {
  opens: Map<string, Message<'open'>>
  /** The last message of each author that wants to come, go, or change its key. */
  membership: Map<string, Message<'join' | 'leave' | 'rotate'>>
  /** What somebody owed, by author and slot. */
  late: Map<string, Message<'reveal' | 'truth'>>
  /** A breach of each member that is not convicted yet; `published` here or by whoever told this node. */
  breaches: Map<string, { breach: Breach; published: boolean }>
}

/** The whole memory of a node. Owned by `step`, which changes it in place; never shared between machines. */
export interface Machine {
  readonly config: MachineConfig
  readonly self: string
  readonly rules: Rules
  nowMs: number
  ledger: LedgerState
  head: { hash: string; view: number }
  agreement: Agreement
  blocks: Map<string, BlockNode>
  /** Opens and items by id, of open rounds. */
  items: Map<string, Message>
  rounds: Map<string, LocalRound>
  pool: Pool
  /** What this node owes of closed rounds can be paid with, by slot. */
  debts: Map<string, Means>
  /** What members were seen to sign, for what it contradicts. */
  watch: Watch
  /** The block after the head, if a quorum holds it final and this node comes to another state. */
  refused: { height: number; code: string } | null
  /** Messages that came before the block they build on, oldest first. */
  early: Map<string, Message>
  /** Rounds closed lately, oldest first: what is still said about them is of no use. */
  closed: Set<string>
  results: Map<string, RoundResult>
  /** Messages opened lately by id, oldest first: what a block embeds has usually been seen before. */
  opened: Map<string, Message>
  /** Own signed messages by slot. */
  own: Map<string, Message>
  /** Whether this node may sign. */
  guard: SignGuard
  sync: Sync
  /** What the agent can do now, as peers are told. */
  ability: Pick<Presence, 'canAnswer' | 'canJudge'>
  presence: Map<string, Presence>
  /** Peers this node is connected to. */
  connected: Set<string>
  /** Hashes that something waits for, and when each was last asked for. */
  wanted: Map<string, number>
  /** Blocks whose proposals wait for something that is missing. */
  waiting: Set<string>
  /** What agreement wants done on continuing from a store; performed at the start. */
  resumed: AgreementEffect[]
  /** Progress at the last standstill tick. */
  progress: string
}

const EARLY_MAX = 1_024
const EARLY_PER_AUTHOR_MAX = 64
const EARLY_BYTES_MAX = 16_000_000
const CLOSED_MAX = 1_024
const OPENED_MAX = 4_096

/** A node of a network that has not seen any block. Throws ZodError for an invalid genesis, RangeError without the checkpoint that it names. */
export function createMachine(config: MachineConfig): Machine {
  const network = networkId(config.genesis)
  const { parameters } = config.genesis
  const ledger = firstState(config, network)
  return {
    config,
    self: config.signer.member,
    rules: { network, parameters },
    nowMs: 0,
    ledger,
    head: { hash: network, view: 0 },
    agreement: agreementOf(config, ledger, { hash: network, view: 0 }),
    blocks: new Map(),
    items: new Map(),
    rounds: new Map(),
    pool: { opens: new Map(), membership: new Map(), late: new Map(), breaches: new Map() },
    debts: new Map(),
    watch: createWatch(),
    refused: null,
    early: new Map(),
    closed: new Set(),
    results: new Map(),
    opened: new Map(),
    own: new Map(),
    guard: createSignGuard(config.guard),
    sync: createSync(),
    ability: { canAnswer: config.agent.canAnswer, canJudge: config.agent.canJudge },
    presence: new Map(),
    connected: new Set(),
    wanted: new Map(),
    waiting: new Set(),
    resumed: [],
    progress: '',
  }
}

function firstState({ genesis, checkpoint }: MachineConfig, network: string): LedgerState {
  if (genesis.checkpoint === undefined) return genesisState(genesis, network)
  if (checkpoint === undefined || stateRoot(checkpoint) !== genesis.checkpoint.stateRoot) throw new RangeError('the state that the genesis goes on from is not at hand')
  return resumeState(genesis, checkpoint)
}

/** Agreement at the start of the epoch that `head` is the root of. */
export function agreementOf({ signer, genesis }: MachineConfig, { epoch, validators }: LedgerState, head: Machine['head']): Agreement {
  const { leaderMs, viewMs, backoffMax } = genesis.parameters
  const root = { view: head.view, block: head.hash }
  return createAgreement({ self: signer.member, epoch, validators, timers: { leaderMs, viewMs, backoffMax }, root })
}

/** Remembers a message whose signature was checked. */
export function noteOpened(machine: Machine, message: Message): void {
  noteSpoken(machine, message)
  machine.opened.set(message.id, message)
  if (machine.opened.size <= OPENED_MAX) return
  const [oldest] = machine.opened.keys()
  machine.opened.delete(oldest as string)
}

/**
 * Keeps a message for later. Where there is no room, the oldest message goes of the author who takes most of it: it is
 * sent again during a standstill, and nobody's flood keeps out what others say.
 */
export function keepEarly(machine: Machine, message: Message): void {
  const { early } = machine
  early.set(message.id, message)
  const ofAuthor = [...early.values()].filter(({ author }) => author === message.author)
  if (ofAuthor.length > EARLY_PER_AUTHOR_MAX) early.delete((ofAuthor[0] as Message).id)
  const bytesByAuthor = new Map<string, number>()
  for (const { author, bytes } of early.values()) bytesByAuthor.set(author, (bytesByAuthor.get(author) ?? 0) + bytes.length)
  let sizeBytes = [...bytesByAuthor.values()].reduce((sum, held) => sum + held, 0)
  while (early.size > EARLY_MAX || sizeBytes > EARLY_BYTES_MAX) {
    const [greediest] = [...bytesByAuthor].reduce((most, entry) => (entry[1] > most[1] ? entry : most))
    const oldest = [...early.values()].find(({ author }) => author === greediest)
    if (oldest === undefined) return
    early.delete(oldest.id)
    sizeBytes -= oldest.bytes.length
    bytesByAuthor.set(greediest, (bytesByAuthor.get(greediest) ?? 0) - oldest.bytes.length)
  }
}

/** Looks whether what a member signed contradicts what it signed before; if so, that waits for a block. */
export function noteSpoken(machine: Machine, signed: Signed): void {
  if (signed.author === machine.self) return hearSelf(machine, signed)
  const breach = noteSigned(machine.watch, machine.ledger, signed, isNear(machine, signed))
  if (breach !== null && !machine.pool.breaches.has(breach.member)) machine.pool.breaches.set(breach.member, { breach, published: false })
}

/** Remembers and tells, once, that this node cannot take over a block that a quorum holds final. */
export function noteRefused(machine: Machine, out: Effect[], height: number, code: string): void {
  if (machine.refused?.height === height) return
  machine.refused = { height, code }
  out.push({ type: 'notify', notice: { type: 'block-refused', height, code } })
}

/** Remembers that a round has closed. */
export function noteClosed(machine: Machine, round: string): void {
  machine.closed.add(round)
  if (machine.closed.size > CLOSED_MAX) machine.closed.delete(machine.closed.keys().next().value as string)
}

/** Opens an embedded envelope, without checking the same signature twice. */
export function openKnown(machine: Machine, envelope: Uint8Array): OpenedEnvelope {
  const known = machine.opened.get(sha256(envelope))
  if (known !== undefined) return { ok: true, message: known }
  const opened = openEnvelope(envelope, machine.rules.network, machine.config.verify)
  if (opened.ok) noteOpened(machine, opened.message)
  return opened
}

export function isValidator(machine: Machine, member: string): boolean {
  return machine.ledger.validators.some((validator) => validator.member === member)
}

/** The local side of a round, made on first use. */
export function localRound(machine: Machine, round: string): LocalRound {
  let local = machine.rounds.get(round)
  if (local === undefined) {
    local = {
      entered: null,
      held: new Map(),
      observations: new Map(),
      due: new Set(),
      observed: new Set(),
      waiting: new Set(),
      secrets: new Map(),
      turns: null,
      truth: null,
      resultHash: null,
      ranked: false,
    }
    machine.rounds.set(round, local)
  }
  return local
}

/** The open message of a round that the ledger knows. */
export function openOf(machine: Machine, round: string): Message<'open'> | undefined {
  const message = machine.items.get(round)
  return message?.kind === 'open' ? message : undefined
}

export function persist(out: Effect[], key: string, value: Uint8Array | null): void {
  out.push({ type: 'persist', changes: [{ key, value }] })
}

/** Asks for a hash that something waits for; at most twice a second. */
export function want(machine: Machine, out: Effect[], hashes: readonly string[], from: string | null): void {
  const due = hashes.filter((hash) => (machine.wanted.get(hash) ?? -Infinity) + 500 <= machine.nowMs)
  for (const hash of due) machine.wanted.set(hash, machine.nowMs)
  if (due.length > 0) out.push({ type: 'request', to: from === machine.self ? null : from, request: { type: 'get', hashes: due } })
}

/** Members whose presence was heard of lately, this node included: its own agent is asked always, and passes where it is not able. */
export function presentMembers(machine: Machine): Map<string, Pick<Presence, 'canAnswer' | 'canJudge'>> {
  const oldest = machine.nowMs - 3 * machine.rules.parameters.presenceMs
  const present = new Map<string, Pick<Presence, 'canAnswer' | 'canJudge'>>([[machine.self, machine.config.agent]])
  for (const [member, presence] of machine.presence) {
    if (presence.seenMs >= oldest && machine.ledger.members[member] !== undefined) present.set(member, presence)
  }
  return present
}

/** Whether `author` has said that it is connected to all members present, so that its gossip needs no forwarding. */
export function reachesEverybody(machine: Machine, author: string): boolean {
  const links = machine.presence.get(author)?.links ?? 0
  return links >= presentMembers(machine).size - 1
}
