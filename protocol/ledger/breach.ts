/** Evidence: one member has signed two bodies for one slot. SPEC.md, "Evidence". */
import { observe } from '../../consensus/index.ts'
import type { Breach } from '../bodies.ts'
import { signedBytes, type Verify } from '../envelope.ts'
import { refuse, type Applied, type LedgerCode, type LedgerContext } from './context.ts'
import { findMember, holderOf, putMember } from './members.ts'
import type { LedgerState, MemberState } from './state.ts'

/** What was signed with a key that was given up this many epochs ago is not held against its successor. */
const EPOCHS_AFTER_MOVING_MAX = 2
/** A breach weighs like so many failures in everything that the member is known for. */
const FAILURES = 8

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
export function applyBreach(state: LedgerState, breach: Breach, context: LedgerContext): Applied<LedgerState> {
  const code = checkBreach(state, breach)
  if (code !== null) return refuse(code)
  if (!isProven(breach, context.rules.network, context.verify)) return refuse('unproven')
  const holder = holderOf(state, breach.member)
  const nextValidators = state.nextValidators.filter(({ member }) => member !== holder)
  const convicted = convict(findMember(state, holder) as MemberState, breach.slot)
  return { ok: true, state: { ...putMember(state, holder, convicted), nextValidators: nextValidators.length > 0 ? nextValidators : state.nextValidators } }
}

function convict(member: MemberState, slot: string): MemberState {
  const failing = (known: MemberState['answering']): MemberState['answering'] =>
    Object.fromEntries(
      Object.entries(known).map(([kind, posterior]) => {
        let after = posterior
        for (let failure = 0; failure < FAILURES; failure++) after = observe(after, { success: 0, failure: 1_000_000 })
        return [kind, after]
      }),
    )
  return {
    ...member,
    answering: failing(member.answering),
    judging: failing(member.judging),
    penalties: { ...member.penalties, breach: member.penalties.breach + 1 },
    convicted: slot,
    weight: 0,
  }
}
