/**
 * What was committed to and not shown. It is owed: whoever still shows it, even after the round has closed, has kept its
 * word. Who is heard again and does not has withheld it. SPEC.md, "What is owed".
 */
import { FAILED_JUDGING, type CutItem } from '../../consensus/index.ts'
import type { Message } from '../envelope.ts'
import { rememberedOf } from '../memo.ts'
import { COMMIT_OF, opens, truthCommitment } from '../sealed.ts'
import type { MemberChange } from './close-round.ts'
import { refuse, type Applied, type LedgerContext } from './context.ts'
import { contentOf, cutOf } from './items.ts'
import { learnAnswering, learnJudging, ownSource, type Source } from './learning.ts'
import { findMember, holderOf, putMember } from './members.ts'
import type { LedgerState, MemberState, Owed, RoundState, Rules } from './state.ts'

/** Who was heard in so many cuts, of epochs after the debt's own, has had its time to pay: some three rounds. */
const HEARD_MAX = 16

const FAILED = { success: 0, failure: 1_000_000 }

/** The state with what is owed after a phase whose cut is `items`. */
export function noteOwed(state: LedgerState, roundId: string, round: RoundState, phase: Owed['phase'], items: CutItem[], context: LedgerContext): LedgerState {
  const shown = new Set(items.map(([author]) => author))
  const promised = phase === 'evaluate' ? [[round.asker, round.truth] as const] : cutOf(round, COMMIT_OF[phase]).map(([author, id]) => [author, commitmentIn(id, context)] as const)
  const owed = promised.flatMap(([member, hash]): Owed[] =>
    shown.has(member) || hash === null ? [] : [{ member, round: roundId, kind: round.kind, phase, hash, epoch: state.epoch, heard: 0 }],
  )
  return owed.length === 0 ? state : { ...state, owed: [...state.owed, ...owed] }
}

function commitmentIn(id: string, context: LedgerContext): string | null {
  const commit = context.item(id)
  return commit?.kind === 'commit' ? commit.body.hash : null
}

/** The entry of what is owed that a message pays, or undefined. */
export function findOwed(state: LedgerState, message: Message, { network }: Rules): Owed | undefined {
  if (message.kind !== 'reveal' && message.kind !== 'truth') return undefined
  const { author, body } = message
  const owed = state.owed.find(({ member, round, phase }) => member === author && round === body.round && phase === body.phase)
  if (owed === undefined) return undefined
  const pays = message.kind === 'truth'
    ? truthCommitment(message.body.accepted, message.body.salt) === owed.hash
    : rememberedOf(message, owed.hash, () => opens(network, author, message.body, owed.hash)) && contentOf(message) !== null
  return pays ? owed : undefined
}

/** Somebody shows what it owed: too late to count, in time to have kept its word. */
export function applyLate(state: LedgerState, envelope: Uint8Array, context: LedgerContext): Applied<LedgerState> {
  const opened = context.open(envelope)
  if (!opened.ok) return refuse('bad-envelope')
  const paid = findOwed(state, opened.message, context.rules)
  if (paid === undefined) return refuse('nothing-owed')
  return { ok: true, state: { ...state, owed: state.owed.filter((owed) => owed !== paid) } }
}

/**
 * At the end of an epoch: what was owed since before it, by members who have been heard since, is withheld: a full failure in
 * its role and a penalty. Who is away cannot pay and is not blamed.
 */
export function collectOwed(state: LedgerState): { state: LedgerState; changes: MemberChange[] } {
  const counted = state.owed.map((owed) => (owed.epoch < state.epoch ? { ...owed, heard: owed.heard + (findMember(state, owed.member)?.heard ?? 0) } : owed))
  const changes: MemberChange[] = []
  let next: LedgerState = { ...state, owed: counted.filter(({ heard }) => heard < HEARD_MAX) }
  for (const owed of counted.filter(({ heard }) => heard >= HEARD_MAX)) {
    const before = findMember(next, owed.member)
    if (before === undefined) continue
    const { after, change } = penalise(before, owed, ownSource(state))
    next = putMember(next, owed.member, after)
    changes.push({ ...change, member: holderOf(state, owed.member), height: state.height })
  }
  return { state: next, changes }
}

function penalise(before: MemberState, { round, kind, phase }: Owed, own: Source): { after: MemberState; change: Omit<MemberChange, 'member' | 'height'> } {
  const penalty = phase === 'evaluate' ? 'withheld-truth' : 'withheld-reveal'
  const answered = phase === 'answer-reveal' ? learnAnswering(before, kind, FAILED, own) : { member: before, change: null }
  const judged = phase === 'ballot-reveal' ? learnJudging(answered.member, kind, FAILED_JUDGING, own) : { member: answered.member, change: null }
  const penalties = { ...before.penalties, [penalty]: before.penalties[penalty] + 1 }
  const change = { round, kind, answering: answered.change, judging: judged.change, creditMicro: null, points: 0, pointsAfter: before.points, penalty } as const
  return { after: { ...judged.member, penalties, penalisedNow: true }, change }
}
