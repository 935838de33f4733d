/**
 * Weighted Simplex: which block is final (Chan and Pass 2023; the rules are numbered in protocol/SPEC.md, "Agreement").
 *
 * A step machine over block hashes. It signs nothing, stores nothing and has no clock: the caller performs the effects
 * in order, and feeds what comes of them back through the `receive...` functions. Every function takes the state,
 * changes it in place and returns the effects.
 */
import { isCertificateSound, leaderOf, quorumWeight, totalWeight } from './quorum.ts'
import type { AgreementTimers, Certificate, Proposal, SignedVote, Validator, Vote, VoteKind } from './types.ts'

export type AgreementEffect =
  /** Build a block for this view on `parent`, sign it, and hand it back as a proposal. */
  | { type: 'propose'; view: number; parent: string }
  /** Decide whether this proposal is valid and answer with `resolveProposal`. */
  | { type: 'validate'; proposal: Proposal }
  /** Sign and send this vote; persist it together with the certificate that justifies it. */
  | { type: 'vote'; vote: Vote; justification: Certificate | null }
  /** A certificate is new here: persist it. */
  | { type: 'certified'; certificate: Certificate }
  /** The certificate's block and all its ancestors are final; the certificates in `dropped` are of no more use. */
  | { type: 'finalized'; certificate: Certificate; dropped: Certificate[] }
  /** Call `fireTimer` after this long. */
  | { type: 'timer'; timer: TimerName; view: number; arming: number; ms: number }
  /** Certificates from this view on are lacking; `from` is a member who seems to hold them. */
  | { type: 'fetch-certificates'; fromView: number; from: string }
  /** This member is still in an older view: send it what moves it on. */
  | { type: 'help'; member: string }

/** `fill`: the leader has waited long enough for the block before to become final, and may follow it with an empty one. */
export type TimerName = 'fill' | 'leader' | 'view'

/** Votes this far below the last final view are of no use to anybody (rule 10). */
const VIEWS_KEPT = 10

interface ViewState {
  proposal: Proposal | null
  verdict: 'unasked' | 'asked' | 'valid' | 'invalid'
  proposed: boolean
  mayFill: boolean
  /** Whether timers run, and how often they were set: those of an earlier arming mean nothing. */
  armed: boolean
  arming: number
  /** By author; of each kind the first counts. */
  votes: Record<VoteKind, Map<string, { block: string | null; signature: Uint8Array }>>
  ownNotarized: string | null
  ownNullified: boolean
  ownFinalized: string | null
  helped: Set<string>
}

export interface Agreement {
  readonly self: string
  readonly epoch: number
  readonly validators: readonly Validator[]
  readonly timers: AgreementTimers
  view: number
  failedViews: number
  /** Whether this node follows without voting or proposing: its caller says so, and may change its mind. */
  silent: boolean
  final: { view: number; block: string; certificate: Certificate | null }
  notarizations: Map<number, Certificate>
  nullifications: Map<number, Certificate>
  views: Map<number, ViewState>
  /** Whether the caller holds the material for a valid non-empty block. */
  hasMaterial: boolean
  fetchedFrom: Map<string, number>
}

export interface AgreementInit {
  self: string
  epoch: number
  validators: readonly Validator[]
  timers: AgreementTimers
  /** The block that the epoch starts from, and its view: final for everybody. */
  root: { view: number; block: string }
}

/** A node at the start of an epoch. */
export function createAgreement(init: AgreementInit): Agreement {
  const { root, ...rest } = init
  return {
    ...rest,
    view: root.view + 1,
    failedViews: 0,
    silent: false,
    final: { ...root, certificate: null },
    notarizations: new Map(),
    nullifications: new Map(),
    views: new Map(),
    hasMaterial: false,
    fetchedFrom: new Map(),
  }
}

/**
 * Brings back what was persisted before a crash: certificates, own votes and the views this node has proposed in.
 * Returns the effects of continuing from there. Certificates are taken as verified.
 */
export function restoreAgreement(
  agreement: Agreement,
  persisted: { certificates: readonly Certificate[]; ownVotes: readonly SignedVote[]; ownProposals: readonly Proposal[] },
): AgreementEffect[] {
  for (const { vote } of persisted.ownVotes) {
    if (vote.epoch === agreement.epoch) markOwnVote(viewState(agreement, vote.view), vote)
  }
  for (const proposal of persisted.ownProposals) {
    const state = viewState(agreement, proposal.view)
    state.proposed = true
    state.proposal = proposal
  }
  const effects: AgreementEffect[] = []
  for (const certificate of persisted.certificates) {
    // The last finalization is known by the ledger already; it is kept to help others with.
    if (certificate.kind === 'finalize' && certificate.block === agreement.final.block) agreement.final.certificate = certificate
    else effects.push(...receiveCertificate(agreement, certificate))
  }
  // A vote counts for its author too: with others down, a quorum may need it.
  for (const vote of persisted.ownVotes) effects.push(...receiveVote(agreement, vote))
  return effects
}

/** A proposal whose signature, author and form are checked. Later ones of the same view are ignored. */
export function receiveProposal(agreement: Agreement, proposal: Proposal): AgreementEffect[] {
  const effects: AgreementEffect[] = []
  const { view, author } = proposal
  if (view > agreement.view + 1) noteAhead(agreement, author, view, effects)
  if (view < agreement.view) noteBehind(agreement, author, view, effects)
  if (view < agreement.view || view > agreement.view + VIEWS_KEPT) return effects
  if (author !== leaderOf(agreement.validators, view)) return effects
  const state = viewState(agreement, view)
  state.proposal ??= proposal
  return advance(agreement, effects)
}

/** The answer to a `validate` effect; it may come at any later time. */
export function resolveProposal(agreement: Agreement, proposal: Proposal, valid: boolean): AgreementEffect[] {
  const state = agreement.views.get(proposal.view)
  if (state === undefined || state.proposal?.block !== proposal.block) return []
  state.verdict = valid ? 'valid' : 'invalid'
  return advance(agreement, [])
}

/**
 * A vote whose signature is checked, this node's own ones included. Strangers and far-off views are dropped (rule 10), and
 * so is a second vote of one kind in one view, so that nobody can fill the memory by contradicting itself.
 */
export function receiveVote(agreement: Agreement, { vote, author, signature }: SignedVote): AgreementEffect[] {
  const effects: AgreementEffect[] = []
  if (vote.epoch !== agreement.epoch || !agreement.validators.some(({ member }) => member === author)) return effects
  if (vote.view > agreement.view + 1) noteAhead(agreement, author, vote.view, effects)
  if (vote.view < agreement.view && vote.kind === 'nullify') noteBehind(agreement, author, vote.view, effects)
  if (vote.view < agreement.final.view - VIEWS_KEPT || vote.view > agreement.view + 1) return effects
  const votes = viewState(agreement, vote.view).votes[vote.kind]
  if (votes.has(author)) return effects
  votes.set(author, { block: vote.block, signature })
  if (isCertified(agreement, vote)) return effects
  const agreeing = agreement.validators.filter(({ member }) => votes.get(member)?.block === vote.block)
  if (totalWeight(agreeing) < quorumWeight(agreement.validators)) return effects
  const signatures = agreeing.map(({ member }) => ({ author: member, signature: votes.get(member)?.signature as Uint8Array }))
  const certificate = { ...vote, signatures: signatures.sort((a, b) => (a.author < b.author ? -1 : 1)) }
  return [...effects, ...receiveCertificate(agreement, certificate)]
}

/** Whether this vote has been counted already, whatever its signature. */
export function hasVote(agreement: Agreement, { vote, author }: Pick<SignedVote, 'vote' | 'author'>): boolean {
  return agreement.views.get(vote.view)?.votes[vote.kind].get(author)?.block === vote.block
}

// Whether a certificate of this kind and view would be of no more use.
function isCertified({ final, notarizations, nullifications }: Agreement, { kind, view }: Pick<Vote, 'kind' | 'view'>): boolean {
  return view <= final.view || (kind !== 'finalize' && (kind === 'notarize' ? notarizations : nullifications).has(view))
}

/** A certificate whose signatures are checked; formed here or received, from any view. */
export function receiveCertificate(agreement: Agreement, certificate: Certificate): AgreementEffect[] {
  const effects: AgreementEffect[] = []
  const { kind, view, epoch } = certificate
  if (epoch !== agreement.epoch || isCertified(agreement, certificate)) return effects
  if (!isCertificateSound(agreement.validators, certificate)) return effects
  effects.push({ type: 'certified', certificate })
  if (kind === 'finalize') finalize(agreement, certificate, effects)
  else (kind === 'notarize' ? agreement.notarizations : agreement.nullifications).set(view, certificate)
  if (view >= agreement.view) {
    agreement.view = view + 1
    // What the caller holds was meant for the block before; it says anew what it holds now.
    agreement.hasMaterial = false
    agreement.failedViews = kind === 'nullify' ? agreement.failedViews + 1 : 0
  }
  return advance(agreement, effects)
}

/** A timer set by an effect has run out. It does nothing in a later view, or once it was disarmed (rule 8). */
export function fireTimer(agreement: Agreement, timer: TimerName, view: number, arming: number): AgreementEffect[] {
  const state = viewState(agreement, view)
  if (view !== agreement.view || !state.armed || state.arming !== arming) return []
  const effects: AgreementEffect[] = []
  if (timer === 'fill') state.mayFill = true
  else if (timer === 'view' || state.ownNotarized === null) nullify(agreement, view, effects)
  return advance(agreement, effects)
}

/** Tells whether the caller now holds the material for a valid non-empty block. */
export function setMaterial(agreement: Agreement, hasMaterial: boolean): AgreementEffect[] {
  agreement.hasMaterial = hasMaterial
  return advance(agreement, [])
}

/** Pending: a block could be made, or a notarized block is not final yet (rule 8). */
export function isPending(agreement: Agreement): boolean {
  return agreement.hasMaterial || bestNotarized(agreement).view > agreement.final.view
}

/** The block that the next one belongs on: the highest notarized one known, else the last final one (rule 2). */
export function bestNotarized(agreement: Agreement): { view: number; block: string } {
  let best: { view: number; block: string } = agreement.final
  for (const [view, certificate] of agreement.notarizations) {
    if (view > best.view) best = { view, block: certificate.block as string }
  }
  return best
}

/** What moves a member on that is stuck in an older view: the last finalization and all later certificates. */
export function certificatesSince(agreement: Agreement, view: number): Certificate[] {
  const later = [...agreement.notarizations.values(), ...agreement.nullifications.values()]
  const result = later.filter((certificate) => certificate.view >= view).sort((a, b) => a.view - b.view)
  return agreement.final.certificate === null ? result : [agreement.final.certificate, ...result]
}

function advance(agreement: Agreement, effects: AgreementEffect[]): AgreementEffect[] {
  if (!agreement.validators.some(({ member }) => member === agreement.self)) return effects
  for (const certificate of agreement.notarizations.values()) tryFinalize(agreement, certificate, effects)
  const state = viewState(agreement, agreement.view)
  tryPropose(agreement, state, effects)
  tryNotarize(agreement, state, effects)
  // Who may not speak yet sets its timers when it may: one that ran out before would be gone for good.
  if (agreement.silent || !isPending(agreement)) state.armed = false
  else if (!state.armed && !state.ownNullified) arm(agreement, state, effects)
  return effects
}

// Rule 2: the leader builds on the highest notarized block, once, and only with everything between certified. Without
// material it first gives the block before time to become final: a successor is needed only if that fails.
function tryPropose(agreement: Agreement, state: ViewState, effects: AgreementEffect[]): void {
  const { view, self, validators } = agreement
  if (agreement.silent || leaderOf(validators, view) !== self || state.proposed || state.ownNullified || !isPending(agreement)) return
  if (!agreement.hasMaterial && !state.mayFill) return
  const parent = bestNotarized(agreement)
  if (!isBridged(agreement, parent.view, view)) {
    for (const { member } of validators) noteAhead(agreement, member, view, effects)
    return
  }
  state.proposed = true
  effects.push({ type: 'propose', view, parent: parent.block })
}

// Rule 3: the first valid proposal of the view whose parent and skipped views are certified; never two, never after nullify.
function tryNotarize(agreement: Agreement, state: ViewState, effects: AgreementEffect[]): void {
  const { proposal } = state
  if (proposal === null || state.ownNotarized !== null || state.ownNullified) return
  if (state.verdict === 'unasked') {
    const parentView = certifiedView(agreement, proposal.parent)
    if (parentView === null || !isBridged(agreement, parentView, proposal.view)) {
      noteAhead(agreement, proposal.author, proposal.view, effects)
      return
    }
    state.verdict = 'asked'
    effects.push({ type: 'validate', proposal })
  } else if (state.verdict === 'valid') {
    castVote(agreement, { kind: 'notarize', epoch: agreement.epoch, view: proposal.view, block: proposal.block }, null, effects)
  } else if (state.verdict === 'invalid') {
    nullify(agreement, proposal.view, effects)
  }
}

// Rule 4. FINALIZE in a view forbids NULLIFY in it for good.
function nullify(agreement: Agreement, view: number, effects: AgreementEffect[]): void {
  const state = viewState(agreement, view)
  if (state.ownNullified || state.ownFinalized !== null) return
  castVote(agreement, { kind: 'nullify', epoch: agreement.epoch, view, block: null }, null, effects)
}

// Rule 5. NULLIFY in a view forbids FINALIZE in it for good.
function tryFinalize(agreement: Agreement, certificate: Certificate, effects: AgreementEffect[]): void {
  const state = viewState(agreement, certificate.view)
  if (state.ownNullified || state.ownFinalized !== null) return
  castVote(agreement, { ...voteOf(certificate), kind: 'finalize' }, certificate, effects)
}

function castVote(agreement: Agreement, vote: Vote, justification: Certificate | null, effects: AgreementEffect[]): void {
  if (agreement.silent) return
  markOwnVote(viewState(agreement, vote.view), vote)
  effects.push({ type: 'vote', vote, justification })
}

function markOwnVote(state: ViewState, vote: Vote): void {
  if (vote.kind === 'notarize') state.ownNotarized = vote.block
  if (vote.kind === 'nullify') state.ownNullified = true
  if (vote.kind === 'finalize') state.ownFinalized = vote.block
}

function finalize(agreement: Agreement, certificate: Certificate, effects: AgreementEffect[]): void {
  const dropped = agreement.final.certificate === null ? [] : [agreement.final.certificate]
  agreement.final = { view: certificate.view, block: certificate.block as string, certificate }
  for (const known of [agreement.notarizations, agreement.nullifications]) {
    for (const [view, old] of known) if (view <= certificate.view && known.delete(view)) dropped.push(old)
  }
  for (const view of agreement.views.keys()) if (view < certificate.view - VIEWS_KEPT) agreement.views.delete(view)
  effects.push({ type: 'finalized', certificate, dropped })
}

// Rule 1's timers, backed off by consecutive failed views.
function arm(agreement: Agreement, state: ViewState, effects: AgreementEffect[]): void {
  state.armed = true
  state.arming += 1
  const { view } = agreement
  const { arming } = state
  const { leaderMs, viewMs, backoffMax } = agreement.timers
  let factor = 1
  for (let failed = 0; failed < Math.min(agreement.failedViews, backoffMax); failed++) factor *= 2
  if (leaderOf(agreement.validators, agreement.view) === agreement.self) {
    effects.push({ type: 'timer', timer: 'fill', view, arming, ms: Math.floor((leaderMs * factor) / 2) })
  }
  effects.push({ type: 'timer', timer: 'leader', view, arming, ms: leaderMs * factor })
  effects.push({ type: 'timer', timer: 'view', view, arming, ms: viewMs * factor })
}

function certifiedView(agreement: Agreement, block: string): number | null {
  if (block === agreement.final.block) return agreement.final.view
  for (const [view, certificate] of agreement.notarizations) if (certificate.block === block) return view
  return null
}

function isBridged(agreement: Agreement, parentView: number, view: number): boolean {
  for (let skipped = parentView + 1; skipped < view; skipped++) {
    if (!agreement.nullifications.has(skipped)) return false
  }
  return true
}

// Asks a member that seems further on for certificates, once per member and view.
function noteAhead(agreement: Agreement, member: string, view: number, effects: AgreementEffect[]): void {
  if (member === agreement.self || (agreement.fetchedFrom.get(member) ?? 0) >= view) return
  agreement.fetchedFrom.set(member, view)
  effects.push({ type: 'fetch-certificates', fromView: agreement.final.view + 1, from: member })
}

// Offers a member that is still in an older view what moves it on, once per member and view.
function noteBehind(agreement: Agreement, member: string, view: number, effects: AgreementEffect[]): void {
  const { helped } = viewState(agreement, Math.max(view, agreement.final.view - VIEWS_KEPT))
  if (member === agreement.self || helped.has(member)) return
  helped.add(member)
  effects.push({ type: 'help', member })
}

function viewState(agreement: Agreement, view: number): ViewState {
  let state = agreement.views.get(view)
  if (state === undefined) {
    state = {
      proposal: null,
      verdict: 'unasked',
      proposed: false,
      mayFill: false,
      armed: false,
      arming: 0,
      votes: { notarize: new Map(), nullify: new Map(), finalize: new Map() },
      ownNotarized: null,
      ownNullified: false,
      ownFinalized: null,
      helped: new Set(),
    }
    agreement.views.set(view, state)
  }
  return state
}

function voteOf({ kind, epoch, view, block }: Certificate): Vote {
  return { kind, epoch, view, block }
}
