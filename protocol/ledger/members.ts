/** Who is a member: joining, leaving, going over to another key, and being removed. SPEC.md, "Members". */
import type { Message } from '../envelope.ts'
import { encode } from '../encoding.ts'
import { refuse, type Applied, type LedgerCode, type LedgerContext } from './context.ts'
import { emptyMember, type FormerMember, type LedgerState, type MemberState, type RoundState, type Rules } from './state.ts'

/** A member by an id it has or once had: itself, or the key that its membership has gone over to. */
export function holderOf(state: LedgerState, member: string): string {
  const movedTo = state.members[member] === undefined ? state.former[member]?.movedTo : undefined
  return movedTo === undefined || movedTo === null ? member : holderOf(state, movedTo)
}

/** What the ledger knows of a member or former member. */
export function findMember(state: LedgerState, member: string): MemberState | undefined {
  const holder = holderOf(state, member)
  return state.members[holder] ?? state.former[holder]?.member
}

/** The state with another entry for a member or former member that exists. */
export function putMember(state: LedgerState, member: string, entry: MemberState): LedgerState {
  const holder = holderOf(state, member)
  if (state.members[holder] !== undefined) return { ...state, members: { ...state.members, [holder]: entry } }
  return { ...state, former: { ...state.former, [holder]: { ...(state.former[holder] as FormerMember), member: entry } } }
}

/** Whether somebody's items count in a round: a member's do, and a former member's in rounds that opened before. */
export function maySpeak(state: Pick<LedgerState, 'members' | 'former'>, round: RoundState, author: string): boolean {
  const former = state.former[author]
  return state.members[author] !== undefined || (former !== undefined && round.openedHeight <= former.sinceHeight)
}

/** Whether a stranger may become a member; null if so. A newcomer has no voting weight. */
export function checkJoin(state: LedgerState, author: string, { parameters }: Rules): LedgerCode | null {
  if (state.members[author] !== undefined) return 'already-a-member'
  if (typeof state.former[author]?.movedTo === 'string') return 'not-a-member'
  const full = Object.keys(state.members).length >= parameters.membersMax || state.epochJoins >= parameters.joinsPerEpochMax
  return full || parameters.admission !== 'open' ? 'admission-closed' : null
}

/** Whether a member may leave; null if so. The last validator stays, and so does who has asked or owes something. */
export function checkLeave(state: LedgerState, author: string): LedgerCode | null {
  if (state.members[author] === undefined) return 'not-a-member'
  if (isBusy(state, author)) return 'rounds-open'
  const remaining = [state.validators, state.nextValidators].every((validators) => validators.some(({ member }) => member !== author))
  return remaining ? null : 'last-validator'
}

/** Whether a member has a round open that it asked, or owes something: it has to stay until that is settled. */
export function isBusy(state: LedgerState, id: string): boolean {
  return Object.values(state.rounds).some(({ asker }) => asker === id) || state.owed.some(({ member }) => member === id)
}

/** What the new key signs to take over a membership. */
export function consentBytes(network: string, from: string, to: string): Uint8Array {
  return encode(['peerage/rotate/1', network, from, to])
}

/** Whether a member may go over to another key; null if so. */
export function checkRotate(state: LedgerState, { author, body }: Message<'rotate'>, context: Pick<LedgerContext, 'rules' | 'verify'>): LedgerCode | null {
  if (state.members[author] === undefined) return 'not-a-member'
  if (state.members[body.to] !== undefined || state.former[body.to] !== undefined) return 'already-a-member'
  if (isBusy(state, author)) return 'rounds-open'
  return context.verify(body.to, consentBytes(context.rules.network, author, body.to), body.consent) ? null : 'bad-consent'
}

type MembershipMessage = Message<'join' | 'leave' | 'rotate'>

/** Whether a message about membership is valid by state alone; null if so. */
export function checkMembership(state: LedgerState, message: MembershipMessage, context: Pick<LedgerContext, 'rules' | 'verify'>): LedgerCode | null {
  switch (message.kind) {
    case 'join':
      return checkJoin(state, message.author, context.rules)
    case 'leave':
      return checkLeave(state, message.author)
    case 'rotate':
      return checkRotate(state, message, context)
  }
}

/** Applies an entry about membership. */
export function applyMembership(state: LedgerState, kind: MembershipMessage['kind'], envelope: Uint8Array, context: LedgerContext): Applied<LedgerState> {
  const opened = context.open(envelope)
  if (!opened.ok || opened.message.kind !== kind) return refuse('bad-envelope')
  const message = opened.message
  const code = checkMembership(state, message, context)
  if (code !== null) return refuse(code)
  switch (message.kind) {
    case 'join':
      return { ok: true, state: join(state, message.author) }
    case 'leave':
      return { ok: true, state: dismiss(state, message.author, 'left') }
    case 'rotate':
      return { ok: true, state: rotate(state, message.author, message.body.to) }
  }
}

// Who comes back finds what it had, except its voting weight.
function join(state: LedgerState, author: string): LedgerState {
  const { [author]: before, ...former } = state.former
  const member = before === undefined ? emptyMember(state.height) : { ...before.member, weight: 0, absentEpochs: 0 }
  return { ...state, epochJoins: state.epochJoins + 1, former, members: { ...state.members, [author]: member } }
}

/** Ends a membership. The voting weight of the current epoch stays until its end. */
export function dismiss(state: LedgerState, id: string, cause: FormerMember['cause'], movedTo: string | null = null): LedgerState {
  const { [id]: member, ...members } = state.members
  if (member === undefined) return state
  const former: FormerMember = { member: { ...member, weight: 0, heard: 0 }, cause, movedTo, sinceHeight: state.height, sinceEpoch: state.epoch }
  const nextValidators = state.nextValidators.filter((validator) => validator.member !== id)
  return { ...state, members, nextValidators, former: { ...state.former, [id]: former } }
}

function rotate(state: LedgerState, from: string, to: string): LedgerState {
  const member = state.members[from] as MemberState
  const nextValidators = state.nextValidators.map((validator) => (validator.member === from ? { ...validator, member: to } : validator))
  const sorted = nextValidators.sort((a, b) => (a.member < b.member ? -1 : 1))
  const left = dismiss(state, from, 'rotated', to)
  return { ...left, nextValidators: sorted, members: { ...left.members, [to]: member } }
}
