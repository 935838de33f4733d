/** Evidence: one member has signed two bodies for one slot. SPEC.md, "Evidence". */
import { FAILED_JUDGING, TASK_KINDS, type TaskKind } from '../../consensus/index.ts'
import type { Breach } from '../bodies.ts'
import { signedBytes, type Verify } from '../envelope.ts'
import { refuse, type Applied, type LedgerCode, type LedgerContext } from './context.ts'
import type { MemberChange } from './close-round.ts'
import { learnAnswering, learnJudging, ownSource, type RoleChange, type Source } from './learning.ts'
import { findMember, holderOf, putMember } from './members.ts'
import type { LedgerState, MemberState } from './state.ts'

/** What was signed with a key that was given up this many epochs ago is not held against its successor. */
const EPOCHS_AFTER_MOVING_MAX = 2
/** A breach weighs like so many failures in everything that the member is known for. */
const FAILURES = 8
const FAILED = { success: 0, failure: 1_000_000 }

/** Whether both signatures hold. Two signature checks. */
export function isProven(breach: Breach, network: string, verify: Verify): boolean {
  const { member, kind, slot, hashes, signatures } = breach
  return hashes.every((hash, index) => verify(member, signedBytes(network, kind, slot, hash), signatures[index] as Uint8Array))
}

/** Whether a breach may still be recorded, its proof aside; null if so. One conviction is enough. */
export function checkBreach(state: LedgerState, { member }: Breach): LedgerCode | null {
  const found = findMember(state, member)
  if (found === undefined) return 'not-a-member'
  const former = state.former[member]
  if (former !== undefined && former.movedTo !== null && state.epoch > former.sinceEpoch + EPOCHS_AFTER_MOVING_MAX) return 'too-old'
  return found.convicted === null ? null : 'already-convicted'
}

/** Convicts a member: it loses its voting weight from the next epoch on, its influence at once, and never earns any again. */
export function applyBreach(state: LedgerState, breach: Breach, context: LedgerContext): Applied<LedgerState> & { penalties?: MemberChange[] } {
  const code = checkBreach(state, breach)
  if (code !== null) return refuse(code)
  if (!isProven(breach, context.rules.network, context.verify)) return refuse('unproven')
  const member = holderOf(state, breach.member)
  const before = findMember(state, member) as MemberState
  const { member: failed, changes } = fail(before, ownSource(state))
  const penalties = { ...before.penalties, breach: before.penalties.breach + 1 }
  const after: MemberState = { ...failed, penalties, convicted: breach.slot, weight: 0 }
  const others = state.nextValidators.filter((validator) => validator.member !== member)
  const nextValidators = others.length > 0 ? others : state.nextValidators
  return { ok: true, state: { ...putMember(state, member, after), nextValidators }, penalties: explain(member, state.height, after, changes) }
}

interface KindChange {
  kind: TaskKind | null
  answering: RoleChange | null
  judging: RoleChange | null
}

// Everything that the member is known for fails, several times over.
function fail(before: MemberState, own: Source): { member: MemberState; changes: KindChange[] } {
  let member = before
  const changes = TASK_KINDS.flatMap((kind): KindChange[] => {
    const known = { answering: before.answering[kind] !== undefined, judging: before.judging[kind] !== undefined }
    const each: KindChange[] = []
    for (let failure = 0; failure < FAILURES; failure++) {
      const answered = known.answering ? learnAnswering(member, kind, FAILED, own) : { member, change: null }
      const judged = known.judging ? learnJudging(answered.member, kind, FAILED_JUDGING, own) : { member: answered.member, change: null }
      member = judged.member
      each.push({ kind, answering: answered.change, judging: judged.change })
    }
    return known.answering || known.judging ? [{ kind, answering: join(each.map(({ answering }) => answering)), judging: join(each.map(({ judging }) => judging)) }] : []
  })
  return { member, changes }
}

// Several changes, one after the other, as one.
function join(changes: readonly (RoleChange | null)[]): RoleChange | null {
  const [first, last] = [changes[0] ?? null, changes.at(-1) ?? null]
  if (first === null || last === null) return null
  return { success: 0, failure: changes.reduce((sum, change) => sum + (change?.failure ?? 0), 0), before: first.before, after: last.after }
}

// One change for each kind that the member is known for, at least one; the first names the penalty.
function explain(member: string, height: number, { points }: MemberState, changes: readonly KindChange[]): MemberChange[] {
  const all = changes.length > 0 ? changes : [{ kind: null, answering: null, judging: null }]
  return all.map((change, index) => ({
    ...change,
    member,
    height,
    round: null,
    creditMicro: null,
    points: 0,
    pointsAfter: points,
    penalty: index === 0 ? 'breach' : null,
  }))
}
