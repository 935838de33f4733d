/** Blocks: building them, checking them, and taking them over once they are final. */
import {
  bestNotarized,
  computeCut,
  isQuorum,
  leaderOf,
  receiveProposal,
  resolveProposal,
  sha256,
  type AgreementEffect,
  type Certificate,
  type Proposal,
} from '../../consensus/index.ts'
import type { Block, Entry, Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { applyBlock, applyEntries } from '../ledger/apply-block.ts'
import type { LedgerContext } from '../ledger/context.ts'
import { checkBreach } from '../ledger/breach.ts'
import { checkMembership } from '../ledger/members.ts'
import { checkOpen } from '../ledger/open-round.ts'
import { findOwed } from '../ledger/owed.ts'
import { openRounds, stateRoot, type LedgerState } from '../ledger/state.ts'
import { LIMITS } from '../limits.ts'
import { rememberedOf } from '../memo.ts'
import type { Effect, Verdict } from './events.ts'
import { KEYS } from './keys.ts'
import { agreementOf, keepEarly, noteRefused, openKnown, persist, want, type BlockNode, type Machine } from './machine-state.ts'
import { commitFinal } from './commit.ts'
import { forgetOwn, signOnce } from './sign-guard.ts'
import { keepSnapshot } from './snapshot.ts'
import { RANGE } from './sync-state.ts'

/** Blocks are kept this far above the last final one, and unasked this far above the current view. */
const HEIGHTS_AHEAD_MAX = 1_000
const VIEWS_AHEAD_MAX = 10

/** A block proposed by the leader of its view, from gossip or, where this node `asked` for it, from the history of a peer. */
export function receiveBlock(
  machine: Machine,
  out: Effect[],
  message: Message<'proposal'>,
  asked = false,
): { verdict: Verdict; effects: AgreementEffect[] } {
  const { author, body: block } = message
  // [ignore] The block's epoch is over, or far away. [keep for later] It is the next one.
  if (block.epoch !== machine.agreement.epoch) return { verdict: ofOtherEpoch(machine, out, message, block.epoch), effects: [] }
  // [reject] The author does not lead the block's view.
  if (leaderOf(machine.ledger.validators, block.view) !== author) {
    return { verdict: { verdict: 'reject', code: 'not-the-leader' }, effects: [] }
  }
  // [ignore] The block is final here already, or too far ahead to be of use.
  if (block.height <= machine.ledger.height || block.height > machine.ledger.height + HEIGHTS_AHEAD_MAX) {
    return { verdict: { verdict: 'ignore', code: 'far-away' }, effects: [] }
  }
  const hash = blockHash(block)
  const expected = asked || machine.wanted.has(hash)
  // [ignore] Its view is over for good, or nowhere near.
  const near = block.view > machine.head.view && (expected || block.view <= machine.agreement.view + VIEWS_AHEAD_MAX)
  if (!near) return { verdict: { verdict: 'ignore', code: 'far-away' }, effects: [] }
  // [ignore] Another block of that view is held already, and nothing certified asks for this one.
  const rival = [...machine.blocks.values()].some((other) => other.block.view === block.view && other.hash !== hash)
  if (rival && !expected) return { verdict: { verdict: 'ignore', code: 'slot-taken' }, effects: [] }
  const known = machine.blocks.has(hash)
  if (!known) machine.blocks.set(hash, { hash, block, message, applied: null })
  machine.wanted.delete(hash)
  const effects = receiveProposal(machine.agreement, { view: block.view, block: hash, parent: block.parent, author })
  retryWaiting(machine, out, effects)
  // [ignore] This block is held already; agreement may not have taken note of it yet.
  return { verdict: known ? { verdict: 'ignore', code: 'slot-taken' } : { verdict: 'accept' }, effects }
}

/**
 * A vote or block of another epoch. Those of the next are kept until this node gets there; whoever is ahead is asked for
 * what this node lacks. Who is behind learns so from the heights in presences.
 */
export function ofOtherEpoch(machine: Machine, out: Effect[], message: Message<'vote' | 'proposal'>, epoch: number): Verdict {
  const { ledger, agreement } = machine
  if (epoch < agreement.epoch || ledger.members[message.author] === undefined) return { verdict: 'ignore', code: 'far-away' }
  requestChain(machine, out, message.author)
  if (epoch > agreement.epoch + 1) return { verdict: 'ignore', code: 'far-away' }
  if (!ledger.nextValidators.some(({ member }) => member === message.author)) return { verdict: 'ignore', code: 'not-a-validator' }
  keepEarly(machine, message)
  return { verdict: 'accept' }
}

export function blockHash(block: Block): string {
  return rememberedOf(block, 'hash', () => sha256(encode(block)))
}

/**
 * The state after a block that is final or certified; null if it can't be known yet. A quorum has checked such a block,
 * so its results are taken as they are.
 */
function stateAfter(machine: Machine, out: Effect[], hash: string): LedgerState | null {
  if (hash === machine.head.hash) return machine.ledger
  const node = machine.blocks.get(hash)
  if (node === undefined) {
    want(machine, out, [hash], null)
    return null
  }
  if (node.applied !== null) return node.applied.state
  const before = stateAfter(machine, out, node.block.parent)
  if (before === null) return null
  const applied = applyBlock(before, node.block, finalContext(machine))
  if (applied.ok) keepApplied(out, node, applied)
  else want(machine, out, applied.missing, node.message.author)
  return applied.ok ? applied.state : null
}

function keepApplied(out: Effect[], node: BlockNode, applied: NonNullable<BlockNode['applied']>): void {
  node.applied = applied
  persist(out, KEYS.proposal(node.hash), node.message.bytes)
  persist(out, KEYS.unfinal(node.hash), new Uint8Array())
}

/** Context for voting: a result counts if this node computed the same. */
function votingContext(machine: Machine): LedgerContext {
  return {
    rules: machine.rules,
    open: (envelope) => openKnown(machine, envelope),
    verify: machine.config.verify,
    item: (id) => machine.items.get(id),
    result: (round, hash) => {
      const own = machine.rounds.get(round)?.resultHash ?? null
      if (own === null) return 'missing'
      return own === hash ? (machine.results.get(hash) ?? 'missing') : 'wrong'
    },
  }
}

/** Context for blocks that a quorum has finalized: their results are certified. */
function finalContext(machine: Machine): LedgerContext {
  return { ...votingContext(machine), result: (_, hash) => machine.results.get(hash) ?? 'missing' }
}

/** Answers agreement's question whether a proposal is valid, now or when what it needs has arrived. */
export function validateProposal(machine: Machine, out: Effect[], proposal: Proposal): AgreementEffect[] {
  const node = machine.blocks.get(proposal.block)
  if (node === undefined) return []
  const parent = stateAfter(machine, out, proposal.parent)
  if (parent === null) {
    machine.waiting.add(proposal.block)
    return []
  }
  const applied = applyBlock(parent, node.block, votingContext(machine))
  if (!applied.ok && (applied.code === 'missing-items' || applied.code === 'missing-result')) {
    machine.waiting.add(proposal.block)
    if (applied.code === 'missing-items') want(machine, out, applied.missing, proposal.author)
    return []
  }
  machine.waiting.delete(proposal.block)
  if (applied.ok) keepApplied(out, node, applied)
  return resolveProposal(machine.agreement, proposal, applied.ok)
}

/** Something arrived or was computed: proposals that waited for it are looked at again. */
export function retryWaiting(machine: Machine, out: Effect[], effects: AgreementEffect[]): void {
  for (const hash of [...machine.waiting]) {
    const node = machine.blocks.get(hash)
    if (node === undefined || node.applied !== null) machine.waiting.delete(hash)
    else {
      const { view, parent } = node.block
      effects.push(...validateProposal(machine, out, { view, block: hash, parent, author: node.message.author }))
    }
  }
}

/** Whether this node could make a non-empty block on top of what is notarized. */
export function hasMaterial(machine: Machine, out: Effect[]): boolean {
  const state = stateAfter(machine, out, bestNotarized(machine.agreement).block)
  return state !== null && state.epoch === machine.agreement.epoch && candidateEntries(machine, out, state).next().done !== true
}

/** Entries that seem to apply to `state`, cheapest checks only: evidence, what was owed, results and cuts, membership, opens. */
function* candidateEntries(machine: Machine, out: Effect[], state: LedgerState): Generator<Entry, void, void> {
  const { opens, membership, late, breaches } = machine.pool
  for (const { breach } of breaches.values()) {
    if (checkBreach(state, breach) === null) yield { type: 'evidence', breach }
  }
  for (const message of late.values()) {
    if (findOwed(state, message, machine.rules) !== undefined) yield { type: 'late', envelope: message.bytes }
  }
  for (const [id, round] of openRounds(state)) {
    const hash = machine.rounds.get(id)?.resultHash ?? null
    const entry: Entry | null = round.phase !== 'closing' ? cutEntry(machine, out, state, id, round.phase) : hash === null ? null : { type: 'result', round: id, hash }
    if (entry !== null) yield entry
  }
  for (const message of membership.values()) {
    if (checkMembership(state, message, { rules: machine.rules, verify: machine.config.verify }) === null) yield { type: message.kind, envelope: message.bytes }
  }
  const bySequence = [...opens.values()].sort((a, b) => a.body.sequence - b.body.sequence || (a.id < b.id ? -1 : 1))
  for (const open of bySequence) {
    if (checkOpen(state, open, machine.rules) === null) yield { type: 'open', envelope: open.bytes }
  }
}

// The cut that the observations at hand allow, once every item in it is at hand too.
function cutEntry(machine: Machine, out: Effect[], state: LedgerState, round: string, phase: Phase): Entry | null {
  const held = machine.rounds.get(round)?.observations.get(phase)
  if (held === undefined || !isQuorum(state.validators, held.keys())) return null
  const { items, observations } = foundCut(held, state)
  const missing = items.filter((item) => !machine.items.has(item))
  if (missing.length === 0) return { type: 'cut', round, phase, observations }
  want(machine, out, missing, null)
  return null
}

interface FoundCut {
  epoch: number
  size: number
  items: string[]
  observations: Uint8Array[]
}

// Asked for at every step while a phase is open. Observations are only ever added, so their number tells whether anything is new.
const FOUND_CUTS = new WeakMap<object, FoundCut>()

function foundCut(held: ReadonlyMap<string, Message<'observation'>>, state: LedgerState): FoundCut {
  const found = FOUND_CUTS.get(held)
  if (found?.epoch === state.epoch && found.size === held.size) return found
  const observations = [...held.values()].sort((a, b) => (a.author < b.author ? -1 : 1))
  const listed = observations.map(({ author, body }) => ({ author, items: body.items }))
  const items = computeCut(listed, state.validators).map(([, item]) => item)
  const cut = { epoch: state.epoch, size: held.size, items, observations: carried(observations, state).map(({ bytes }) => bytes) }
  FOUND_CUTS.set(held, cut)
  return cut
}

// All observations at hand, so that no item is left out needlessly; where they would not fit a block, a bare quorum of them.
function carried(observations: Message<'observation'>[], state: LedgerState): Message<'observation'>[] {
  const sizeBytes = observations.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (sizeBytes <= LIMITS.blockBytesMax / 2) return observations
  const length = observations.findIndex((_, index) => isQuorum(state.validators, observations.slice(0, index + 1).map(({ author }) => author)))
  return observations.slice(0, length + 1)
}

/** The block that this node proposes, or null if nothing applies and the parent needs no successor to become final. */
export function proposeBlock(machine: Machine, out: Effect[], view: number, parent: string): AgreementEffect[] | null {
  const before = stateAfter(machine, out, parent)
  if (before === null) return null
  if (before.epoch !== machine.agreement.epoch) return signBlock(machine, out, repeatOf(before, { view, parent, epoch: machine.agreement.epoch }))
  const entries: Entry[] = []
  let sizeBytes = 0
  let after = applyEntries(before, entries, votingContext(machine))
  for (const entry of candidateEntries(machine, out, before)) {
    if (entries.length >= LIMITS.entriesMax) break
    // What is too large for the room left must not keep out what fits.
    const entryBytes = encode(entry).length
    if (sizeBytes + entryBytes > LIMITS.blockBytesMax) continue
    const applied = applyEntries(before, [...entries, entry], votingContext(machine))
    if (!applied.ok) continue
    entries.push(entry)
    sizeBytes += entryBytes
    after = applied
  }
  if (!after.ok || (entries.length === 0 && parent === machine.head.hash)) return null
  const { epoch, height, state } = { ...after, epoch: before.epoch, height: before.height + 1 }
  return signBlock(machine, out, { epoch, view, height, parent, entries, stateRoot: stateRoot(state) })
}

// The epoch has ended with the block before; it only needs a successor to become final.
function repeatOf(state: LedgerState, place: Pick<Block, 'epoch' | 'view' | 'parent'>): Block {
  return { ...place, height: state.height, entries: [], stateRoot: stateRoot(state) }
}

function signBlock(machine: Machine, out: Effect[], block: Block): AgreementEffect[] | null {
  const message = signOnce(machine, out, 'proposal', block)
  if (message === null) return null
  out.push({ type: 'publish', message })
  return receiveBlock(machine, out, message).effects
}

/**
 * Takes over all blocks up to a finalized one. What is missing of them is asked for, and this is tried again when it
 * arrives. Returns whether the head moved.
 */
export function advanceFinal(machine: Machine, out: Effect[], certificate: Certificate): boolean {
  const path: BlockNode[] = []
  let hash = certificate.block as string
  while (hash !== machine.head.hash) {
    const node = machine.blocks.get(hash)
    if (node === undefined) {
      // Either history that this node lacks, or a certificate for what is final here already.
      if (certificate.view > machine.head.view && path.length === 0) want(machine, out, [hash], null)
      if (certificate.view > machine.head.view) requestChain(machine, out, null)
      return false
    }
    path.unshift(node)
    hash = node.block.parent
  }
  for (const node of path) {
    if (node.applied === null) {
      const applied = applyBlock(machine.ledger, node.block, finalContext(machine))
      if (!applied.ok) {
        want(machine, out, applied.missing, null)
        if (applied.missing.length === 0) noteRefused(machine, out, node.block.height, applied.code)
        return node !== path[0]
      }
      node.applied = applied
    }
    const isLast = node.applied.state.epoch !== node.block.epoch
    const repeats = isLast ? path.slice(path.indexOf(node) + 1) : []
    commitFinal(machine, out, node, isLast || node.hash === certificate.block ? certificate : null, repeats)
    if (isLast) {
      beginEpoch(machine, out)
      break
    }
  }
  return path.length > 0
}

/** Agreement starts anew on the last block of the epoch before, whose votes and blocks are of no more use. */
export function beginEpoch(machine: Machine, out: Effect[]): void {
  const { notarizations, nullifications, final } = machine.agreement
  const old = [...notarizations.values(), ...nullifications.values(), ...(final.certificate === null ? [] : [final.certificate])]
  for (const { view, kind } of old) persist(out, KEYS.certificate(view, kind), null)
  for (const [slot, message] of machine.own) if (message.kind === 'vote' || message.kind === 'proposal') forgetOwn(machine, out, slot)
  for (const hash of machine.blocks.keys()) persist(out, KEYS.unfinal(hash), null)
  machine.blocks.clear()
  machine.waiting.clear()
  machine.agreement = agreementOf(machine.config, machine.ledger, machine.head)
  machine.agreement.silent = machine.guard.mode !== 'active'
  keepSnapshot(machine, out)
}

/** Asks a peer for the blocks after the last final one; at most twice a second, and not while several are asked for them. */
export function requestChain(machine: Machine, out: Effect[], from: string | null): void {
  if (machine.sync.asked.size > 0) return
  const key = `chain/${machine.ledger.height}`
  if ((machine.wanted.get(key) ?? -Infinity) + 500 > machine.nowMs) return
  machine.wanted.set(key, machine.nowMs)
  out.push({ type: 'request', to: from, request: { type: 'chain', fromHeight: machine.ledger.height + 1, toHeight: machine.ledger.height + RANGE } })
}
