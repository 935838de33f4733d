import type { Block } from '../bodies.ts'
import { applyOnce } from './apply-once.ts'
import { applyBreach } from './breach.ts'
import { applyCut } from './close-phase.ts'
import { applyResult, type ClosedRound, type MemberChange } from './close-round.ts'
import { refuse, type Applied, type LedgerContext, type Refusal } from './context.ts'
import { endEpoch } from './epoch.ts'
import { applyMembership } from './members.ts'
import { applyLate } from './owed.ts'
import { applyOpen } from './open-round.ts'
import { stateRoot, type LedgerState } from './state.ts'

/** `penalties` are the changes of members that no closed round explains. */
export type BlockApplied = { ok: true; state: LedgerState; closed: ClosedRound[]; penalties: MemberChange[] } | Refusal

/**
 * The ledger: the state after a block, or why the block does not apply. Pure; cost is the signatures of the embedded
 * envelopes plus the cuts. Ranking and credit come in computed, through `context.result`. SPEC.md, "Ledger".
 */
export function applyBlock(state: LedgerState, block: Block, context: LedgerContext): BlockApplied {
  const atEnd = state.height === state.epochHeight
  if (atEnd && block.epoch === state.epoch - 1 && block.height === state.height) return applyRepeat(state, block)
  if (block.epoch !== state.epoch) return refuse('wrong-epoch')
  if (block.height !== state.height + 1) return refuse('wrong-height')
  return applyOnce(state, block, context, (context) => {
    const applied = applyEntries(state, block.entries, context)
    if (!applied.ok) return applied
    return stateRoot(applied.state) === block.stateRoot ? applied : refuse('wrong-state-root')
  })
}

// The last block of an epoch may need a successor to become final. It repeats the state, and nothing builds on it but
// another one: the next epoch begins on the block that it makes final.
function applyRepeat(state: LedgerState, block: Block): BlockApplied {
  if (block.entries.length > 0) return refuse('not-empty')
  return stateRoot(state) === block.stateRoot ? { ok: true, state, closed: [], penalties: [] } : refuse('wrong-state-root')
}

/** Applies the entries of the next block in order; all of them have to apply. Ends the epoch if it is due. */
export function applyEntries(state: LedgerState, entries: Block['entries'], context: LedgerContext): BlockApplied {
  let next: LedgerState = { ...state, height: state.height + 1 }
  const closed: ClosedRound[] = []
  const penalties: MemberChange[] = []
  for (const entry of entries) {
    const applied = applyEntry(next, entry, context, state)
    if (!applied.ok) return applied
    next = applied.state
    if (applied.closed !== undefined) closed.push(applied.closed)
    penalties.push(...(applied.penalties ?? []))
  }
  const ended = endEpoch(next, context.rules)
  return { ok: true, state: ended.state, closed, penalties: [...penalties, ...ended.penalties] }
}

function applyEntry(
  state: LedgerState,
  entry: Block['entries'][number],
  context: LedgerContext,
  before: LedgerState,
): Applied<LedgerState> & { closed?: ClosedRound; penalties?: MemberChange[] } {
  switch (entry.type) {
    case 'open':
      return applyOpen(state, entry.envelope, context)
    case 'join':
    case 'leave':
    case 'rotate':
      return applyMembership(state, entry.type, entry.envelope, context)
    case 'evidence':
      return applyBreach(state, entry.breach, context)
    case 'cut':
      return applyCut(state, entry, context, before)
    case 'late':
      return applyLate(state, entry.envelope, context)
    case 'result':
      return applyResult(state, entry.round, entry.hash, context)
  }
}
