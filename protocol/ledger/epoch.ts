/** The end of an epoch: weights are earned, the next validators take over. SPEC.md, "Epochs". */
import { earnWeights, isAbsent, type Validator } from '../../consensus/index.ts'
import type { MemberChange } from './close-round.ts'
import { dismiss } from './members.ts'
import { collectOwed } from './owed.ts'
import type { LedgerState, MemberState, Rules } from './state.ts'

/** Members without voting weight that were absent for this many epochs in a row are removed. */
const ABSENT_EPOCHS_MAX = 8

/** Whether the block that led to `state` is the last one of its epoch. */
function isDue(state: LedgerState, { parameters }: Rules): boolean {
  return state.height - state.epochHeight >= parameters.epochBlocks
}

/**
 * Ends the epoch if it is due: the next validators become the current ones, and what members did in the epoch decides
 * who is next after them. What was owed for too long is penalised. Members are counted anew.
 */
export function endEpoch(before: LedgerState, rules: Rules): { state: LedgerState; penalties: MemberChange[] } {
  if (!isDue(before, rules)) return { state: before, penalties: [] }
  const { state, changes: penalties } = collectOwed(before)
  const entries = Object.entries(state.members)
  const attendance = entries.map(([, { weight, heard, penalisedNow, convicted }]) => ({ weight, heard, withheld: penalisedNow, barred: convicted !== null }))
  const weights = earnWeights(attendance, state.epochCuts)
  const members = entries.map(([id, member], index): [string, MemberState] => {
    const absent = isAbsent(member.heard, state.epochCuts)
    const absentEpochs = absent ? member.absentEpochs + 1 : member.heard > 0 ? 0 : member.absentEpochs
    return [id, { ...member, weight: weights[index] as number, heard: 0, penalisedNow: false, absentEpochs }]
  })
  const next: LedgerState = {
    ...state,
    epoch: state.epoch + 1,
    epochHeight: state.height,
    epochCuts: 0,
    epochJoins: 0,
    members: Object.fromEntries(members),
    validators: state.nextValidators,
  }
  return { state: removeAbsent({ ...next, nextValidators: validatorsOf(next) }), penalties }
}

/** Members with voting weight, in id order. Where nobody has any, the validators of this epoch stay. */
function validatorsOf({ members, validators }: LedgerState): Validator[] {
  const weighty = Object.entries(members).filter(([, { weight }]) => weight > 0)
  if (weighty.length === 0) return validators
  return weighty.map(([member, { weight }]) => ({ member, weight })).sort((a, b) => (a.member < b.member ? -1 : 1))
}

function removeAbsent(state: LedgerState): LedgerState {
  const isGone = ([id, { absentEpochs, weight }]: [string, MemberState]): boolean =>
    weight === 0 && absentEpochs >= ABSENT_EPOCHS_MAX && checkIdle(state, id)
  // What it owed has cost it its membership.
  const remove = (rest: LedgerState, id: string): LedgerState => ({ ...dismiss(rest, id, 'absent'), owed: rest.owed.filter(({ member }) => member !== id) })
  return Object.entries(state.members).filter(isGone).reduce((rest, [id]) => remove(rest, id), state)
}

// A validator of this epoch, and who has a round open, stays until that has passed.
function checkIdle(state: LedgerState, id: string): boolean {
  return !state.validators.some(({ member }) => member === id) && !Object.values(state.rounds).some(({ asker }) => asker === id)
}
