/** Following what is final: votes and certificates, history, and what a new head means for everything that waited. */
import { hasVote, isCertificateSound, receiveCertificate, receiveVote, sha256, type AgreementEffect, type Certificate } from '../../consensus/index.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { isItem } from '../ledger/items.ts'
import { checkOpen } from '../ledger/open-round.ts'
import { openRounds } from '../ledger/state.ts'
import { slotOf } from '../slot.ts'
import { advanceFinal, ofOtherEpoch, receiveBlock } from './chain.ts'
import { payDebts } from './debts.ts'
import type { Effect, Verdict } from './events.ts'
import { KEYS } from './keys.ts'
import { isValidator, noteSpoken, persist, type Machine } from './machine-state.ts'
import { enterPhase, observe, receiveItem, receiveObservation } from './phases.ts'
import { OWN_VIEWS_KEPT } from './self-watch.ts'
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

/** Takes note of the votes in a certificate: they may contradict what their authors said elsewhere. */
export function noteVotes(machine: Machine, { signatures, ...vote }: Certificate): void {
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
  for (const [id, round] of openRounds(machine.ledger)) {
    enterPhase(machine, out, id)
    // This node may be a validator only now.
    if (round.phase !== 'closing' && machine.rounds.get(id)?.due.has(round.phase) === true) observe(machine, out, id)
  }
  payDebts(machine, out)
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
