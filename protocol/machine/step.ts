/** The machine that composes agreement, rounds and ledger: one step function. SPEC.md gives the rules in prose. */
import {
  bestNotarized,
  certificatesSince,
  fireTimer,
  isPending,
  receiveVote,
  setMaterial,
  type AgreementEffect,
  type TimerName,
} from '../../consensus/index.ts'
import type { Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { encodeFrame } from '../frames.ts'
import { isItem } from '../ledger/items.ts'
import { checkOpen } from '../ledger/open-round.ts'
import { openRounds } from '../ledger/state.ts'
import { rememberedOf } from '../memo.ts'
import { shareContent, truthCommitment } from '../sealed.ts'
import { advanceFinal, hasMaterial, proposeBlock, receiveBlock, requestChain, retryWaiting, validateProposal } from './chain.ts'
import { payDebts } from './debts.ts'
import type { Effect, Event, Verdict } from './events.ts'
import { afterFinal, receiveProof, receiveSignedVote, retryFinal } from './follow.ts'
import { KEYS } from './keys.ts'
import { localRound, noteOpened, noteSpoken, persist, presentMembers, type Machine } from './machine-state.ts'
import { publishBreaches, receiveEvidence, receiveMembership, requestMembership } from './membership.ts'
import { checkPhase, enterPhase, observe, receiveComputed, receiveItem, receiveObservation, retryJobs, seal, storeItem } from './phases.ts'
import { hearOwnPresence } from './self-watch.ts'
import { askAgain, askWhatWasSaid, forgetOwn, noteAnswer, noteChain, reviewGuard, signOnce } from './sign-guard.ts'
import { announce, resend } from './standstill.ts'
import { forgetOffer, noteOffer, pursue, receiveChain, receiveSnapshot, takeNext } from './sync.ts'

/** Opens that wait to be included, from one author and in all. */
const POOLED_PER_AUTHOR_MAX = 16
const POOLED_MAX = 1_024

/**
 * One step of a node: what happened, and what has to be done about it, in order. The machine is changed in place and
 * belongs to its caller; the same machine and events give the same effects. `nowMs` is local time and only ever compared
 * with itself. Never throws for anything that peers or agents can cause.
 */
export function step(machine: Machine, event: Event, nowMs: number): { machine: Machine; effects: Effect[] } {
  machine.nowMs = nowMs
  const out: Effect[] = []
  const agreed: AgreementEffect[] = []
  const { hash } = machine.head
  handle(machine, out, agreed, event)
  if (reviewGuard(machine, out)) takeUp(machine, out)
  settle(machine, out, agreed)
  publishBreaches(machine, out)
  if (machine.head.hash !== hash) persist(out, KEYS.state, rememberedOf(machine.ledger, machine.head.hash, () => encode({ state: machine.ledger, head: machine.head })))
  return { machine, effects: out }
}

// From here on this node takes part, also in what has begun without it.
function takeUp(machine: Machine, out: Effect[]): void {
  announce(machine, out, false)
  for (const [id, round] of openRounds(machine.ledger)) {
    const local = localRound(machine, id)
    local.entered = null
    enterPhase(machine, out, id)
    if (round.phase !== 'closing' && local.due.has(round.phase)) observe(machine, out, id)
  }
}

function handle(machine: Machine, out: Effect[], agreed: AgreementEffect[], event: Event): void {
  switch (event.type) {
    case 'start':
      machine.guard.startedMs = machine.nowMs
      agreed.push(...machine.resumed.splice(0))
      retryFinal(machine, out, agreed)
      for (const [round] of openRounds(machine.ledger)) enterPhase(machine, out, round)
      payDebts(machine, out)
      out.push({ type: 'timer', name: 'standstill', ms: machine.rules.parameters.standstillMs })
      announce(machine, out)
      return
    case 'message':
      out.push({ type: 'verdict', verdict: receive(machine, out, agreed, event.message) })
      return
    case 'frames':
      return receiveFrames(machine, out, agreed, event)
    case 'timer':
      return receiveTimer(machine, out, agreed, event.name)
    case 'peer-connected':
      machine.connected.add(event.member)
      out.push({ type: 'request', to: event.member, request: { type: 'offer' } })
      requestChain(machine, out, event.member)
      out.push({ type: 'request', to: event.member, request: { type: 'certificates', fromView: machine.head.view + 1 } })
      askWhatWasSaid(machine, out, event.member)
      return announce(machine, out, false)
    case 'peer-disconnected':
      machine.connected.delete(event.member)
      machine.presence.delete(event.member)
      forgetOffer(machine, out, event.member)
      return recheckPhases(machine, out)
    case 'answered':
      return seal(machine, out, event.round, 'answer-reveal', event.answer, event.salt)
    case 'judged':
      return seal(machine, out, event.round, 'ballot-reveal', event.ballot, event.salt)
    case 'graded':
      return seal(machine, out, event.round, 'grade', event.grades, event.salt)
    case 'ability':
      return changeAbility(machine, out, event)
    case 'ranked':
      if (machine.ledger.rounds[event.round] === undefined) return
      out.push({ type: 'notify', notice: { type: 'ranked', round: event.round, ranked: event.ranked } })
      return
    case 'shared':
      return seal(machine, out, event.share.round, event.share.phase, shareContent(event.share), event.share.salt)
    case 'computed':
      receiveComputed(machine, out, event.round, event.result)
      return retryWaiting(machine, out, agreed)
    case 'ask':
      return ask(machine, out, event)
    case 'membership':
      out.push({ type: 'notify', notice: { type: 'requested', ticket: event.ticket, code: requestMembership(machine, out, event.request) } })
      return
  }
}

/** Performs what agreement asks for until it asks for nothing more, then looks whether there is material. */
function settle(machine: Machine, out: Effect[], agreed: AgreementEffect[]): void {
  const queue = [...agreed]
  let declined = false
  for (;;) {
    const effect = queue.shift()
    if (effect !== undefined) {
      const { agreement } = machine
      const following = perform(machine, out, effect)
      // What the epoch before still wanted is of no more use.
      if (machine.agreement !== agreement) queue.length = 0
      queue.push(...following)
      if (effect.type === 'propose' && machine.agreement.views.get(effect.view)?.proposed === false) declined = true
      continue
    }
    if (declined) return
    queue.push(...setMaterial(machine.agreement, hasMaterial(machine, out)))
    if (queue.length === 0) return
  }
}

function perform(machine: Machine, out: Effect[], effect: AgreementEffect): AgreementEffect[] {
  switch (effect.type) {
    case 'propose': {
      const effects = proposeBlock(machine, out, effect.view, effect.parent)
      if (effects !== null) return effects
      const view = machine.agreement.views.get(effect.view)
      if (view !== undefined) view.proposed = false
      return []
    }
    case 'validate':
      return validateProposal(machine, out, effect.proposal)
    case 'vote': {
      const { vote, justification } = effect
      if (justification !== null) persistCertificate(out, justification)
      const message = signOnce(machine, out, 'vote', vote)
      if (message === null) return []
      out.push({ type: 'publish', message })
      return receiveVote(machine.agreement, { vote, author: machine.self, signature: message.signature })
    }
    case 'certified':
      persistCertificate(out, effect.certificate)
      return []
    case 'finalized':
      for (const { view, kind } of effect.dropped) persist(out, KEYS.certificate(view, kind), null)
      return advanceFinal(machine, out, effect.certificate) ? afterFinal(machine, out) : []
    case 'timer':
      out.push({ type: 'timer', name: `${effect.timer}/${machine.agreement.epoch}/${effect.view}/${effect.arming}`, ms: effect.ms })
      return []
    case 'fetch-certificates':
      out.push({ type: 'request', to: effect.from, request: { type: 'certificates', fromView: effect.fromView } })
      return []
    case 'help': {
      const frames = certificatesSince(machine.agreement, machine.head.view + 1)
      out.push({ type: 'send', to: effect.member, frames: frames.map((certificate) => encodeFrame({ type: 'certificate', certificate })) })
      return []
    }
  }
}

function persistCertificate(out: Effect[], certificate: { view: number; kind: string }): void {
  persist(out, KEYS.certificate(certificate.view, certificate.kind), encode(certificate))
}

/** A message whose envelope is in order: what it means now. */
function receive(machine: Machine, out: Effect[], agreed: AgreementEffect[], message: Message): Verdict {
  noteSpoken(machine, message)
  const verdict = judge(machine, out, agreed, message)
  // What a block may embed is not opened twice; what nobody wants here is not kept.
  if (verdict.verdict === 'accept' && (message.kind === 'observation' || message.kind === 'open')) noteOpened(machine, message)
  return verdict
}

function judge(machine: Machine, out: Effect[], agreed: AgreementEffect[], message: Message): Verdict {
  if (machine.wanted.has(message.id) && (isItem(message) || message.kind === 'open')) {
    machine.wanted.delete(message.id)
    storeItem(machine, out, message)
    if (isItem(message)) receiveItem(machine, out, message)
    retryJobs(machine, out)
    retryWaiting(machine, out, agreed)
    retryFinal(machine, out, agreed)
    return { verdict: 'accept' }
  }
  switch (message.kind) {
    case 'presence':
      return receivePresence(machine, out, message)
    case 'join':
    case 'leave':
    case 'rotate':
      return receiveMembership(machine, message)
    case 'evidence':
      return receiveEvidence(machine, message)
    case 'open':
      return receiveOpen(machine, message)
    case 'observation':
      return receiveObservation(machine, out, message)
    case 'vote':
      return receiveSignedVote(machine, out, agreed, message)
    case 'proposal': {
      const { verdict, effects } = receiveBlock(machine, out, message)
      agreed.push(...effects)
      return verdict
    }
    default:
      return receiveItem(machine, out, message)
  }
}

function receivePresence(machine: Machine, out: Effect[], { author, body, bytes }: Message<'presence'>): Verdict {
  if (author === machine.self) {
    hearOwnPresence(machine, body.sequence)
    return { verdict: 'ignore', code: 'stale' }
  }
  if (machine.ledger.members[author] === undefined) return { verdict: 'ignore', code: 'unknown-member' }
  const known = machine.presence.get(author)
  // A member whose clock was set back is heard again once its last presence is forgotten.
  const forgotten = known !== undefined && known.seenMs < machine.nowMs - 3 * machine.rules.parameters.presenceMs
  if (known !== undefined && !forgotten && known.sequence >= body.sequence) return { verdict: 'ignore', code: 'stale' }
  machine.presence.set(author, { ...body, seenMs: machine.nowMs, bytes })
  if (known?.canAnswer !== body.canAnswer || known.canJudge !== body.canJudge) recheckPhases(machine, out)
  return { verdict: 'accept' }
}

// Peers hear of it at once: they need not wait for a member that cannot speak.
function changeAbility(machine: Machine, out: Effect[], { canAnswer, canJudge }: Extract<Event, { type: 'ability' }>): void {
  const { ability } = machine
  if (ability.canAnswer === canAnswer && ability.canJudge === canJudge) return
  machine.ability = { canAnswer, canJudge }
  announce(machine, out, false)
}

function receiveOpen(machine: Machine, open: Message<'open'>): Verdict {
  if (machine.pool.opens.has(open.id)) return { verdict: 'ignore', code: 'slot-taken' }
  const code = checkOpen(machine.ledger, open, machine.rules)
  // An asker at its limit has to wait, and an open for those before it; everything else will not become valid.
  if (code !== null && code !== 'too-many-open-rounds' && code !== 'sequence-ahead') return { verdict: 'ignore', code: 'not-valid-now' }
  const pooled = [...machine.pool.opens.values()].filter(({ author }) => author === open.author).length
  if (pooled >= POOLED_PER_AUTHOR_MAX || machine.pool.opens.size >= POOLED_MAX) return { verdict: 'ignore', code: 'buffer-full' }
  machine.pool.opens.set(open.id, open)
  return { verdict: 'accept' }
}

// Frames of a stream: history that was asked for; everything else is treated like gossip, or was asked for by its hash.
function receiveFrames(machine: Machine, out: Effect[], agreed: AgreementEffect[], event: Extract<Event, { type: 'frames' }>): void {
  if (event.asked === 'said') noteAnswer(machine, event.from)
  if (event.asked === 'chain') {
    receiveChain(machine, out, agreed, event)
    return noteChain(machine)
  }
  if (event.asked === 'boundaries' || event.asked === 'snapshot') return receiveSnapshot(machine, out, agreed, event)
  for (const frame of event.frames) {
    if (frame.type === 'result' && machine.wanted.delete(frame.hash)) machine.results.set(frame.hash, frame.result)
    if (frame.type === 'signed') noteSpoken(machine, frame)
    if (frame.type === 'offer') noteOffer(machine, event.from, frame)
    if (frame.type === 'message') receive(machine, out, agreed, frame.message)
    if (frame.type === 'certificate') receiveProof(machine, out, agreed, frame.certificate)
  }
  if (event.asked === 'offer') pursue(machine, out)
  retryWaiting(machine, out, agreed)
  retryFinal(machine, out, agreed)
}

function receiveTimer(machine: Machine, out: Effect[], agreed: AgreementEffect[], name: string): void {
  const [kind, ...rest] = name.split('/')
  if (kind === 'fill' || kind === 'leader' || kind === 'view') {
    const [epoch, view, arming] = rest.map(Number) as [number, number, number]
    if (epoch === machine.agreement.epoch) agreed.push(...fireTimer(machine.agreement, kind satisfies TimerName, view, arming))
  }
  if (kind === 'phase') {
    const [round, phase] = rest as [string, Phase]
    if (machine.ledger.rounds[round]?.phase === phase) observe(machine, out, round)
  }
  if (kind === 'presence') {
    announce(machine, out)
    recheckPhases(machine, out)
  }
  if (kind === 'sync') takeNext(machine, out, agreed)
  if (kind === 'standstill') {
    resend(machine, out)
    askAgain(machine, out)
    if (machine.guard.mode !== 'active') requestChain(machine, out, null)
    out.push({ type: 'timer', name: 'standstill', ms: machine.rules.parameters.standstillMs })
  }
}

// Who is expected has changed.
function recheckPhases(machine: Machine, out: Effect[]): void {
  for (const [round] of openRounds(machine.ledger)) checkPhase(machine, out, round)
}

function ask(machine: Machine, out: Effect[], { ticket, task, truth }: Extract<Event, { type: 'ask' }>): void {
  const answer = (round: string | null, code: string | null): void => {
    out.push({ type: 'notify', notice: { type: 'asked', ticket, round, code } })
  }
  const member = machine.ledger.members[machine.self]
  if (member === undefined) return answer(null, 'not-a-member')
  if (machine.guard.mode !== 'active') return answer(null, 'observing')
  const pooled = [...machine.pool.opens.values()].filter(({ author }) => author === machine.self).map(({ body }) => body.sequence)
  const sequence = Math.max(member.opened, ...pooled) + 1
  const commitment = truth === null ? null : truthCommitment(truth.accepted, truth.salt)
  const message = signOnce(machine, out, 'open', { sequence, task, truth: commitment })
  if (message === null) return answer(null, 'refused-to-sign')
  const verdict = receiveOpen(machine, message)
  if (verdict.verdict !== 'accept') {
    forgetOwn(machine, out, message.slot as string)
    return answer(null, checkOpen(machine.ledger, message, machine.rules) ?? verdict.code)
  }
  if (truth !== null) {
    localRound(machine, message.id).truth = truth
    persist(out, KEYS.secret(message.id, 'evaluate'), encode(truth))
  }
  out.push({ type: 'publish', message })
  answer(message.id, null)
}

/**
 * Whether the node waits for its network: a block is due or not final, or nobody gives what it lacks (`stranded`). Members that
 * are not heard of are named.
 */
export function describeProgress(machine: Machine): { pending: boolean; stranded: boolean; view: number; notarized: number; absent: string[] } {
  const present = presentMembers(machine)
  return {
    pending: isPending(machine.agreement),
    // For one tick a node waits by itself, before it takes somebody's snapshot.
    stranded: machine.sync.stranded > 1,
    view: machine.agreement.view,
    notarized: bestNotarized(machine.agreement).view,
    absent: machine.ledger.validators.map(({ member }) => member).filter((member) => !present.has(member)),
  }
}
