import { closesPhase, computeCut, emptyJudging, emptyPosterior, freezeWeights, sha256, type CutItem, type Observation } from '../../consensus/index.ts'
import type { Entry, Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { refuse, type Applied, type LedgerContext, type Refusal } from './context.ts'
import { checkItem, cutOf, isItem, sharesOf } from './items.ts'
import { isToBeGraded } from '../round/grades.ts'
import { isCreditPhase, jointWorkOf, openBlocks, planOf, shownIn, type JointWork } from '../round/joint.ts'
import { findMember, holderOf } from './members.ts'
import { isCommitPhase } from '../sealed.ts'
import { noteOwed } from './owed.ts'
import type { FrozenRound, LedgerState, MemberState, RoundState } from './state.ts'

/** A member that missed this many answer or ballot phases in a row is waited for no longer, for so many rounds. */
const MISSED_MAX = 2
const BENCHED_ROUNDS = 20
/** A round below this many players ranks nothing that could be rated. */
export const RATED_PLAYERS_MIN = 3

type CutEntry = Extract<Entry, { type: 'cut' }>

/**
 * Closes a phase: the observations decide the cut, the cut decides what the round does next. `before` is the state before
 * the block. SPEC.md, "The cut".
 */
export function applyCut(state: LedgerState, entry: CutEntry, context: LedgerContext, before: LedgerState): Applied<LedgerState> {
  const round = state.rounds[entry.round]
  if (round === undefined) return refuse('unknown-round')
  if (round.phase !== entry.phase) return refuse('wrong-phase')
  const observations = readObservations(entry, context)
  if (observations === null) return refuse('bad-observation')
  if (!closesPhase(observations, state.validators)) return refuse('no-quorum')
  const selected = selectItems(state, entry.round, round, entry.phase, computeCut(observations, state.validators), context)
  if (!Array.isArray(selected)) return selected
  const observers = observations.flatMap(({ author }) => (state.validators.some(({ member }) => member === author) ? [author] : []))
  const heard = [...observers, ...selected.map(([author]) => author)]
  return { ok: true, state: enterNextPhase(countHeard(state, heard), entry.round, withAuditSeed(entry, round), entry.phase, selected, context, before) }
}

// Nobody who sends a share knows what others will sign when they have seen it.
function withAuditSeed({ round: id, phase, observations }: CutEntry, round: RoundState): RoundState {
  if (!isCreditPhase(phase)) return round
  return { ...round, auditSeed: sha256(encode(['peerage/credit-checks/1', id, round.auditSeed, observations.map(sha256)])) }
}

// Attendance, which voting weight is earned by.
function countHeard(state: LedgerState, authors: string[]): LedgerState {
  const members = { ...state.members }
  for (const holder of new Set(authors.map((author) => holderOf(state, author)))) {
    const member = members[holder]
    if (member !== undefined) members[holder] = { ...member, heard: member.heard + 1 }
  }
  return { ...state, members, epochCuts: state.epochCuts + 1 }
}

function readObservations(entry: CutEntry, context: LedgerContext): Observation[] | null {
  const observations: Observation[] = []
  for (const bytes of entry.observations) {
    const opened = context.open(bytes)
    if (!opened.ok || opened.message.kind !== 'observation') return null
    const { author, body } = opened.message
    if (body.round !== entry.round || body.phase !== entry.phase) return null
    observations.push({ author, items: body.items })
  }
  return observations
}

// Items of the cut that fit; a refusal naming those that this node does not hold.
function selectItems(
  state: LedgerState,
  roundId: string,
  round: RoundState,
  phase: Phase,
  cut: CutItem[],
  context: LedgerContext,
): CutItem[] | Refusal {
  const missing: string[] = []
  const fitting: CutItem[] = []
  for (const [author, id] of cut) {
    const item = context.item(id)
    if (item === undefined) {
      missing.push(id)
      continue
    }
    if (!isItem(item) || item.author !== author || item.body.phase !== phase) continue
    const verdict = checkItem(state, roundId, round, item, context)
    if (typeof verdict === 'object') missing.push(verdict.missing)
    else if (verdict === 'fits') fitting.push([author, id])
  }
  return missing.length > 0 ? refuse('missing-items', missing) : fitting
}

function enterNextPhase(
  state: LedgerState,
  roundId: string,
  round: RoundState,
  phase: Phase,
  items: CutItem[],
  context: LedgerContext,
  before: LedgerState,
): LedgerState {
  const heard = items.map(([author]) => author)
  // A pass is heard, but there is nothing in it to reveal.
  const kept = isCommitPhase(phase) ? items.filter(([, id]) => !isPass(id, context)) : items
  let next: RoundState = { ...round, cuts: { ...round.cuts, [phase]: kept } }
  if (phase === 'answer-reveal') next = { ...next, pairSeed: pairSeed(state, roundId, kept, context) }
  const members = phase === 'answer-commit' || phase === 'ballot-commit' ? countMissed(state, round, phase, heard) : state.members
  const following = phaseAfter(next, phase)
  const judged = following !== 'answer-reveal' && following !== 'ballot-commit' && following !== 'ballot-reveal'
  if (judged && next.frozen === null) next = { ...next, frozen: freeze(before, next), creditSeed: creditSeed(roundId, next, context) }
  next = { ...next, phase: skipNeedless(next, following, context) }
  const after: LedgerState = { ...state, members, rounds: { ...state.rounds, [roundId]: next } }
  const shows = phase === 'answer-reveal' || phase === 'ballot-reveal' || phase === 'evaluate'
  return shows ? noteOwed(after, roundId, round, phase, kept, context) : after
}

/** The phase after `phase`, given the cuts so far; phases without anything to do are skipped. */
function phaseAfter(round: RoundState, phase: Phase): Phase | 'closing' {
  const judged: Phase = round.truth === null ? 'grade-commit' : 'evaluate'
  switch (phase) {
    case 'answer-commit':
      return cutOf(round, phase).length > 0 ? 'answer-reveal' : 'closing'
    case 'answer-reveal':
      return cutOf(round, phase).length > 1 ? 'ballot-commit' : 'closing'
    case 'ballot-commit':
      return cutOf(round, phase).length > 0 ? 'ballot-reveal' : judged
    case 'ballot-reveal':
      return judged
    case 'grade-commit':
      return cutOf(round, phase).length > 0 ? 'grade' : 'credit-commit'
    case 'evaluate':
    case 'grade':
      return 'credit-commit'
    case 'credit-commit':
      return cutOf(round, phase).length > 0 ? 'credit' : 'credit-next-commit'
    case 'credit':
      return 'credit-next-commit'
    case 'credit-next-commit':
      return cutOf(round, phase).length > 0 ? 'credit-next' : 'credit-all-commit'
    case 'credit-next':
      return 'credit-all-commit'
    case 'credit-all-commit':
      return cutOf(round, phase).length > 0 ? 'credit-all' : 'closing'
    case 'credit-all':
      return 'closing'
  }
}

// What nobody needs to say: grades that are not asked for, and shares that are not needed (any more).
function skipNeedless(round: RoundState, phase: Phase | 'closing', context: LedgerContext): Phase | 'closing' {
  if (phase === 'grade-commit' && !isGradable(round, context)) return skipNeedless(round, 'credit-commit', context)
  return asksForShares(phase) && isCredited(round, context) ? 'closing' : phase
}

function isGradable({ truth, kind, frozen }: RoundState, { rules }: LedgerContext): boolean {
  return frozen !== null && frozen.players.length >= RATED_PLAYERS_MIN && isToBeGraded({ kind, hasTruth: truth !== null }, rules)
}

function asksForShares(phase: Phase | 'closing'): boolean {
  return isCommitPhase(phase) && shownIn(phase) !== null
}

// Whether no more shares are needed: nothing is rated, everybody enumerates the coalitions, or all blocks are agreed.
function isCredited(round: RoundState, { rules, item }: LedgerContext): boolean {
  const { frozen, creditSeed } = round
  if (frozen === null || creditSeed === null || frozen.players.length < RATED_PLAYERS_MIN) return true
  if (planOf(frozen.players.length, rules).kind === 'exact') return true
  const shares = sharesOf(round, item)
  return shares.length > 0 && openBlocks(jointWorkOf(frozen, creditSeed, rules) as JointWork, shares).length === 0
}

// From what was revealed, which its authors had committed to; not from message ids, which a new signature would change.
function creditSeed(roundId: string, round: RoundState, context: LedgerContext): string {
  const reveals = [...cutOf(round, 'answer-reveal'), ...cutOf(round, 'ballot-reveal')].map(([author, id]) => [author, context.item(id)?.body ?? null])
  return sha256(encode(['peerage/credit/1', roundId, reveals]))
}

function isPass(id: string, context: LedgerContext): boolean {
  const item = context.item(id)
  return item?.kind === 'commit' && item.body.hash === null
}

// Nobody can choose the pairs: the salts were committed before they were known, the record chain before the round.
function pairSeed(state: LedgerState, roundId: string, reveals: CutItem[], context: LedgerContext): string {
  const salts = reveals.map(([, id]) => {
    const reveal = context.item(id)
    return reveal?.kind === 'reveal' ? reveal.body.salt : null
  })
  return sha256(encode(['peerage/pairs/1', state.lastRecord, roundId, salts]))
}

// Consecutive misses take a member out of those who are waited for; being heard brings it back.
function countMissed(state: LedgerState, round: RoundState, phase: 'answer-commit' | 'ballot-commit', heard: string[]): LedgerState['members'] {
  const present = new Set(heard)
  const [missedKey, benchedKey] = phase === 'answer-commit' ? (['missed', 'benchedUntil'] as const) : (['missedBallots', 'judgeBenchedUntil'] as const)
  const members = Object.entries(state.members).map(([id, member]): [string, MemberState] => {
    if (present.has(id)) return [id, { ...member, [missedKey]: 0, [benchedKey]: 0 }]
    if (round.truth !== null && id === round.asker) return [id, member]
    const missed = member[missedKey] + 1
    const benched = missed >= MISSED_MAX
    return [id, benched ? { ...member, [missedKey]: 0, [benchedKey]: state.records + BENCHED_ROUNDS } : { ...member, [missedKey]: missed }]
  })
  return Object.fromEntries(members)
}

// The weights are those of the state before the block, so that the round's own outcome cannot change them.
function freeze(before: LedgerState, round: RoundState): FrozenRound {
  const authors = [...cutOf(round, 'answer-reveal'), ...cutOf(round, 'ballot-reveal')].map(([author]) => author)
  const players = [...new Set(authors)].sort()
  const known = players.map((player) => findMember(before, player))
  const weights = freezeWeights(
    known.map((member, index) => ({
      id: holderOf(before, players[index] as string),
      answering: member?.answering[round.kind] ?? emptyPosterior(),
      judging: member?.judging[round.kind] ?? emptyJudging(),
      // By the keys that members hold now, or a new key would hide whose copy it is.
      kin: (member?.kin[round.kind] ?? []).map((entry) => ({ ...entry, member: holderOf(before, entry.member) })),
    })),
  )
  // Who is proven to have broken the protocol has no influence.
  const isConvicted = (index: number): boolean => typeof known[index]?.convicted === 'string'
  return {
    players,
    judgeWeights: weights.judgeWeights.map((weight, index) => (isConvicted(index) ? { ...weight, share: 0 } : weight)),
    answerWeights: weights.answerWeights.map((weight, index) => (isConvicted(index) ? 0 : weight)),
    anchorMicro: weights.anchorMicro,
  }
}
