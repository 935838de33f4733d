import { z } from 'zod'
import { restoreAgreement, type Certificate, type Proposal, type SignedVote } from '../../consensus/index.ts'
import { decodeCanonical } from '../encoding.ts'
import { openEnvelope, type Message } from '../envelope.ts'
import { isItem } from '../ledger/items.ts'
import { resultSchema } from '../ledger/result.ts'
import { stateRoot, type LedgerState } from '../ledger/state.ts'
import { resultHash } from '../ledger/close-round.ts'
import { bytes, hashSchema, type Entry } from '../bodies.ts'
import { blockHash } from './chain.ts'
import { noteVotes } from './follow.ts'
import { isSealedPhase } from '../sealed.ts'
import { getOne, KEYS, type Reading } from './keys.ts'
import { agreementOf, createMachine, localRound, noteSpoken, openKnown, type Machine, type MachineConfig, type Means } from './machine-state.ts'
import { guardSchema } from './sign-guard.ts'

/** Why a store can't be continued from. */
export class RestoreError extends Error {
  readonly key: string
  /** `foreign`: it is whole, and another member's. */
  readonly code: 'damaged' | 'foreign'
  constructor(key: string, code: 'damaged' | 'foreign' = 'damaged') {
    super(`the store holds ${code === 'foreign' ? 'a message of another member' : 'something unreadable'} under ${key}`)
    this.name = 'RestoreError'
    this.key = key
    this.code = code
  }
}

const headSchema = z.strictObject({ hash: hashSchema, view: z.number().int().min(0) })
const secretSchema = z.strictObject({ content: z.custom<Uint8Array>((value) => value instanceof Uint8Array), salt: bytes(32) })
const truthSchema = z.strictObject({ accepted: z.array(z.string()), salt: bytes(32) })

/**
 * A machine as it was when the store was last written: ledger, certificates, own signed messages, and the items of open
 * rounds. An empty store gives a fresh one. Yields reads; throws RestoreError if the store is damaged.
 */
export function* restoreMachine(config: MachineConfig): Reading<Machine> {
  const machine = createMachine(config)
  const saved = yield* getOne('state')
  if (saved !== null) {
    const { state, head } = decode('state', saved) as { state: LedgerState; head: unknown }
    machine.head = parse(headSchema, 'state', head)
    // A quorum has signed the root of this state: no other one is continued from.
    const block = yield* getMessage(machine, `proposal/${machine.head.hash}`)
    if (block?.kind !== 'proposal' || state === undefined || block.body.stateRoot !== stateRoot(state)) throw new RestoreError('state')
    machine.ledger = state
    machine.agreement = agreementOf(config, state, machine.head)
  }
  yield* restoreGuard(machine)
  yield* restoreItems(machine)
  yield* restoreOwn(machine)
  yield* restoreSecrets(machine)
  for (const [key] of yield { type: 'range', prefix: 'unfinal/' }) {
    const proposal = yield* getMessage(machine, `proposal/${key.slice('unfinal/'.length)}`)
    if (proposal?.kind !== 'proposal' || proposal.body.height <= machine.ledger.height) continue
    const hash = blockHash(proposal.body)
    machine.blocks.set(hash, { hash, block: proposal.body, message: proposal, applied: null })
  }
  const certificates = yield* restoreVotes(machine)
  // What others have signed is remembered for them: one whose store was set back has only its peers to ask.
  for (const message of machine.items.values()) noteSpoken(machine, message)
  for (const { block, message } of machine.blocks.values()) {
    noteSpoken(machine, message)
    for (const envelope of block.entries.flatMap(embeddedIn)) openKnown(machine, envelope)
  }
  for (const certificate of certificates) noteVotes(machine, certificate)
  return machine
}

function embeddedIn(entry: Entry): Uint8Array[] {
  if (entry.type === 'cut') return entry.observations
  return 'envelope' in entry ? [entry.envelope] : []
}

// Who only observed goes on doing so, unless its owner vouches.
function* restoreGuard(machine: Machine): Reading<void> {
  const saved = yield* getOne(KEYS.guard)
  if (saved === null) return
  if (machine.config.guard?.vouched === true) machine.guard.changed = true
  else Object.assign(machine.guard, parse(guardSchema, KEYS.guard, decode(KEYS.guard, saved)), { mode: 'observing' } satisfies Partial<Machine['guard']>)
}

function* restoreItems(machine: Machine): Reading<void> {
  for (const [key] of yield { type: 'range', prefix: 'open-item/' }) {
    const message = yield* getMessage(machine, `item/${key.split('/')[2]}`)
    if (message === null) continue
    machine.items.set(message.id, message)
    if (!isItem(message)) continue
    const { round, phase } = message.body
    const { held } = localRound(machine, round)
    const inPhase = held.get(phase) ?? new Map<string, string>()
    if (!inPhase.has(message.author)) held.set(phase, inPhase.set(message.author, message.id))
  }
}

function* restoreOwn(machine: Machine): Reading<void> {
  for (const [key, value] of yield { type: 'range', prefix: 'own/' }) {
    const slot = key.slice('own/'.length)
    const message = readEnvelope(machine, key, value)
    if (message.author !== machine.self) throw new RestoreError(key, 'foreign')
    machine.own.set(slot, message)
    if (message.kind === 'open' && message.body.sequence > (machine.ledger.members[machine.self]?.opened ?? 0)) {
      machine.pool.opens.set(message.id, message)
    }
    if (message.kind !== 'observation') continue
    const { round, phase } = message.body
    const local = localRound(machine, round)
    local.observed.add(phase)
    local.observations.set(phase, new Map([[machine.self, message]]))
  }
}

function* restoreSecrets(machine: Machine): Reading<void> {
  for (const [key, value] of yield { type: 'range', prefix: 'secret/' }) {
    const [, round, phase] = key.split('/') as [string, string, string]
    const schema: z.ZodType<Means> = phase === 'evaluate' ? truthSchema : secretSchema
    const means = parse(schema, key, decode(key, value))
    const isOwed = machine.ledger.owed.some((owed) => owed.member === machine.self && owed.round === round && owed.phase === phase)
    // What is owed of a closed round; all others are open, or asked for and not in a block yet.
    if (isOwed && machine.ledger.rounds[round] === undefined) machine.debts.set(`${round}/${phase}`, means)
    else if ('accepted' in means) localRound(machine, round).truth = means
    else if (isSealedPhase(phase)) localRound(machine, round).secrets.set(phase, means)
  }
}

function* restoreVotes(machine: Machine): Reading<Certificate[]> {
  const certificates = (yield { type: 'range', prefix: 'certificate/' }).map(([key, value]) => decode(key, value) as Certificate)
  const ownVotes: SignedVote[] = []
  const ownProposals: Proposal[] = []
  for (const message of machine.own.values()) {
    if (message.kind === 'vote') ownVotes.push({ vote: message.body, author: machine.self, signature: message.signature })
    if (message.kind !== 'proposal') continue
    const { view, parent } = message.body
    const block = blockHash(message.body)
    ownProposals.push({ view, block, parent, author: machine.self })
    if (message.body.height > machine.ledger.height) machine.blocks.set(block, { hash: block, block: message.body, message, applied: null })
  }
  machine.resumed = restoreAgreement(machine.agreement, { certificates, ownVotes, ownProposals })
  return certificates
}

function* getMessage(machine: Machine, key: string): Reading<Message | null> {
  const value = yield* getOne(key)
  return value === null ? null : readEnvelope(machine, key, value)
}

function readEnvelope(machine: Machine, key: string, value: Uint8Array): Message {
  const opened = openEnvelope(value, machine.rules.network, machine.config.verify)
  if (!opened.ok) throw new RestoreError(key)
  return opened.message
}

function decode(key: string, value: Uint8Array): unknown {
  const decoded = decodeCanonical(value)
  if (decoded === null) throw new RestoreError(key)
  return decoded
}

function parse<T>(schema: z.ZodType<T>, key: string, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new RestoreError(key)
  return parsed.data
}

/** Reads a closed round's result, or null. */
export function* readResult(hash: string): Reading<z.infer<typeof resultSchema> | null> {
  const value = yield* getOne(`result/${hash}`)
  if (value === null) return null
  const result = parse(resultSchema, `result/${hash}`, decode(`result/${hash}`, value))
  if (resultHash(result) !== hash) throw new RestoreError(`result/${hash}`)
  return result
}
