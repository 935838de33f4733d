/** A network that begins with the state of another one. SPEC.md, "Checkpoints". */
import { emptyMember, type LedgerState, type MemberState } from './state.ts'
import type { Genesis } from '../genesis.ts'

/**
 * The state before the first block of a network that goes on from `state`: members, reputations, points and the record are
 * as they were, the founders have the voting weight that the genesis gives them, nobody else has any, and open rounds are dropped
 * with all that was owed.
 */
export function resumeState(genesis: Genesis, state: LedgerState): LedgerState {
  const weightOf = new Map(genesis.members.map(({ id, weight }) => [id, weight]))
  const anew = (member: MemberState, weight: number): MemberState => ({ ...member, weight, heard: 0, penalisedNow: false, absentEpochs: 0 })
  const former = Object.fromEntries(Object.entries(state.former).filter(([id]) => !weightOf.has(id)))
  const known = { ...Object.fromEntries(Object.entries(state.former).map(([id, { member }]) => [id, member])), ...state.members }
  const ids = [...Object.keys(state.members), ...[...weightOf.keys()].filter((id) => state.members[id] === undefined)]
  const members = ids.map((id) => [id, anew(known[id] ?? emptyMember(state.height), weightOf.get(id) ?? 0)] as const)
  const validators = genesis.members.filter(({ weight }) => weight > 0).map(({ id, weight }) => ({ member: id, weight }))
  return {
    ...state,
    epoch: state.epoch + 1,
    epochHeight: state.height,
    epochCuts: 0,
    epochJoins: 0,
    validators,
    nextValidators: validators,
    members: Object.fromEntries(members),
    former,
    rounds: {},
    owed: [],
  }
}
