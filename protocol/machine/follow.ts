/** Following what is final: votes and certificates, history, and what a new head means for everything that waited. */
import { hasVote, isCertificateSound, receiveCertificate, receiveVote, sha256, type AgreementEffect, type Certificate } from '../../consensus/index.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import type { Opened } from '../frames.ts'
import { isItem } from '../ledger/items.ts'
import { checkOpen } from '../ledger/open-round.ts'
import { slotOf } from '../slot.ts'
import { advanceFinal, blockHash, ofOtherEpoch, receiveBlock, requestChain, retryWaiting } from './chain.ts'
import type { Effect, Verdict } from './events.ts'
import { KEYS } from './keys.ts'
import { isValidator, noteSpoken, persist, type Machine } from './machine-state.ts'
import { enterPhase, observe, receiveItem, receiveObservation, storeItem } from './phases.ts'
import { OWN_VIEWS_KEPT } from './self-watch.ts'
import { referencesOf } from './serve.ts'
import { forgetOwn } from './sign-guard.ts'

/** A vote. One that is counted already says nothing new, except that its author is still in that view. */
export function receiveSignedVote(machine: Machine, out: Effect[], agreed: AgreementEffect[], message: Message<'vote'>): Verdict {
  const { body: vote, author, signature } = message
  if (vote.epoch !== machine.agreement.epoch) return ofOtherEpoch(machine, out, message, vote.epoch)
  if (!isValidator(machine, author)) return { verdict: 'ignore', code: 'not-a-validator' }
  const isCounted = hasVote(machine.agreement, { vote, author })
  agreed.push(...receiveVote(machine.agreement, { vote, author, signature }))
  return isCounted ? { verdict: 'ignore', code: 'slot-taken' } : { verdict: 'accept' }
}

/** A certificate whose signatures hold. The votes in it may contradict what their authors told this node. */
export function receiveProof(machine: Machine, out: Effect[], agreed: AgreementEffect[], certificate: Certificate): void {
  noteVotes(machine, certificate)
  agreed.push(...receiveCertificate(machine.agreement, certificate))
  if (isFinality(machine, certificate)) follow(machine, out, agreed, certificate)
}

function noteVotes(machine: Machine, { signatures, ...vote }: Certificate): void {
  const signed = { kind: 'vote', slot: slotOf('vote', vote), bodyHash: sha256(encode(vote)) } as const
  for (const { author, signature } of signatures) noteSpoken(machine, { ...signed, author, signature })
}

function isFinality(machine: Machine, certificate: Certificate): boolean {
  const { epoch, validators } = machine.ledger
  return certificate.kind === 'finalize' && certificate.epoch === epoch && isCertificateSound(validators, certificate)
}

function follow(machine: Machine, out: Effect[], agreed: AgreementEffect[], certificate: Certificate): void {
  const { agreement } = machine
  if (!advanceFinal(machine, out, certificate)) return
  // What the epoch before still wanted is of no more use.
  if (machine.agreement !== agreement) agreed.length = 0
  agreed.push(...afterFinal(machine, out))
}

/** A finalization that could not be followed for want of blocks or items is tried again. */
export function retryFinal(machine: Machine, out: Effect[], agreed: AgreementEffect[]): void {
  const { certificate, block } = machine.agreement.final
  if (certificate === null || block === machine.head.hash) return
  if (certificate.view > machine.head.view) follow(machine, out, agreed, certificate)
}

/** The head has moved: rounds enter their phases, and what waited for it is looked at again. */
export function afterFinal(machine: Machine, out: Effect[]): AgreementEffect[] {
  for (const [slot, { kind, body }] of machine.own) {
    if ((kind === 'vote' || kind === 'proposal') && (body as { view: number }).view < machine.head.view - OWN_VIEWS_KEPT) forgetOwn(machine, out, slot)
  }
  for (const [id, open] of machine.pool.opens) {
    if (checkOpen(machine.ledger, open, machine.rules) === 'sequence-reused') dropOpen(machine, out, id, open)
  }
  machine.wanted.clear()
  for (const [id, round] of Object.entries(machine.ledger.rounds)) {
    enterPhase(machine, out, id)
    // This node may be a validator only now.
    if (round.phase !== 'closing' && machine.rounds.get(id)?.due.has(round.phase) === true) observe(machine, out, id)
  }
  const early = [...machine.early.values()]
  machine.early.clear()
  const agreed: AgreementEffect[] = []
  for (const message of early) {
    if (isItem(message)) receiveItem(machine, out, message)
    else if (message.kind === 'observation') receiveObservation(machine, out, message)
    else if (message.kind === 'vote') receiveSignedVote(machine, out, agreed, message)
    else if (message.kind === 'proposal') agreed.push(...receiveBlock(machine, out, message).effects)
  }
  return agreed
}

// An open that a later one of its author has overtaken can't be included any more.
function dropOpen(machine: Machine, out: Effect[], id: string, open: Message<'open'>): void {
  machine.pool.opens.delete(id)
  if (open.author !== machine.self) return
  forgetOwn(machine, out, open.slot as string)
  persist(out, KEYS.secret(id, 'evaluate'), null)
  machine.rounds.delete(id)
}

/**
 * History from a peer, in order: blocks count if a certificate of their epoch's validators makes them final, and with them
 * the items and results they refer to. Everything else is ignored.
 */
export function receiveChain(machine: Machine, out: Effect[], agreed: AgreementEffect[], frames: readonly Opened[], from: string): void {
  const { height } = machine.ledger
  const history = indexFrames(frames)
  for (const certificate of history.certificates) {
    if (!isFinality(machine, certificate)) continue
    noteVotes(machine, certificate)
    for (const proposal of pathTo(machine, history.proposals, certificate.block as string)) {
      for (const hash of referencesOf(proposal.body)) takeReference(machine, out, history, hash)
      agreed.push(...receiveBlock(machine, out, proposal, true).effects)
    }
    const { agreement } = machine
    agreed.push(...receiveCertificate(agreement, certificate))
    advanceFinal(machine, out, certificate)
    if (machine.agreement !== agreement) agreed.length = 0
  }
  if (machine.ledger.height > height) agreed.push(...afterFinal(machine, out))
  retryWaiting(machine, out, agreed)
  retryFinal(machine, out, agreed)
  if (machine.ledger.height > height) requestChain(machine, out, from)
}

interface History {
  proposals: Map<string, Message<'proposal'>>
  items: Map<string, Message>
  results: Map<string, Extract<Opened, { type: 'result' }>['result']>
  certificates: Certificate[]
}

function indexFrames(frames: readonly Opened[]): History {
  const history: History = { proposals: new Map(), items: new Map(), results: new Map(), certificates: [] }
  for (const frame of frames) {
    if (frame.type === 'certificate') history.certificates.push(frame.certificate)
    if (frame.type === 'result') history.results.set(frame.hash, frame.result)
    if (frame.type !== 'message') continue
    if (frame.message.kind === 'proposal') history.proposals.set(blockHash(frame.message.body), frame.message)
    else if (isItem(frame.message)) history.items.set(frame.message.id, frame.message)
  }
  return history
}

// The proposals that lead, without a gap, from what is known here to a block; none if they don't.
function pathTo(machine: Machine, proposals: History['proposals'], block: string): Message<'proposal'>[] {
  const path: Message<'proposal'>[] = []
  let hash = block
  while (hash !== machine.head.hash && !machine.blocks.has(hash)) {
    const proposal = proposals.get(hash)
    if (proposal === undefined) return []
    path.unshift(proposal)
    hash = proposal.body.parent
  }
  return path
}

function takeReference(machine: Machine, out: Effect[], { items, results }: History, hash: string): void {
  const item = items.get(hash)
  const result = results.get(hash)
  if (item !== undefined) {
    noteSpoken(machine, item)
    storeItem(machine, out, item)
  }
  if (result !== undefined) machine.results.set(hash, result)
}
