import type { Block } from '../bodies.ts'
import { applyCut, applyLate } from './close-phase.ts'
import { applyResult, type ClosedRound } from './close-round.ts'
import { refuse, type Applied, type LedgerContext, type Refusal } from './context.ts'
import { applyJoin, applyOpen } from './open-round.ts'
import { stateRoot, type LedgerState } from './state.ts'

export type BlockApplied = { ok: true; state: LedgerState; closed: ClosedRound[] } | Refusal

/**
 * The ledger: the state after a block, or why the block does not apply. Pure; cost is the signatures of the embedded
 * envelopes plus the cuts. Ranking and credit come in computed, through `context.result`. SPEC.md, "Ledger".
 */
export function applyBlock(state: LedgerState, block: Block, context: LedgerContext): BlockApplied {
  if (block.epoch !== state.epoch) return refuse('wrong-epoch')
  if (block.height !== state.height + 1) return refuse('wrong-height')
  const applied = applyEntries(state, block.entries, context)
  if (!applied.ok) return applied
  return stateRoot(applied.state) === block.stateRoot ? applied : refuse('wrong-state-root')
}

/** Applies the entries of the next block in order; all of them have to apply. */
export function applyEntries(state: LedgerState, entries: Block['entries'], context: LedgerContext): BlockApplied {
  let next: LedgerState = { ...state, height: state.height + 1 }
  const closed: ClosedRound[] = []
  for (const entry of entries) {
    const applied = applyEntry(next, entry, context, state)
    if (!applied.ok) return applied
    next = applied.state
    if (applied.closed !== undefined) closed.push(applied.closed)
  }
  return { ok: true, state: next, closed }
}

function applyEntry(
  state: LedgerState,
  entry: Block['entries'][number],
  context: LedgerContext,
  before: LedgerState,
): Applied<LedgerState> & { closed?: ClosedRound } {
  switch (entry.type) {
    case 'open':
      return applyOpen(state, entry.envelope, context)
    case 'join':
      return applyJoin(state, entry.envelope, context)
    case 'cut':
      return applyCut(state, entry, context, before)
    case 'late':
      return applyLate(state, entry.round, entry.envelope, context)
    case 'result':
      return applyResult(state, entry.round, entry.hash, context)
  }
}
