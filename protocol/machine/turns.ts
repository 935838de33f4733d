import type { CreditPhase } from '../bodies.ts'
import { sharesOf } from '../ledger/items.ts'
import type { RoundState } from '../ledger/state.ts'
import { jointWorkOf, turnsOf } from '../round/joint.ts'
import { localRound, type Machine } from './machine-state.ts'

/** Whose turn it is to evaluate in the phase that a round is in, and which blocks. Drawn once per phase: it follows from the cuts before. */
export function turnsIn(machine: Machine, roundId: string, round: RoundState, phase: CreditPhase): Map<string, number[]> {
  const local = localRound(machine, roundId)
  if (local.turns?.phase === phase) return local.turns.blocks
  const { frozen, creditSeed } = round
  const work = frozen === null || creditSeed === null ? null : jointWorkOf(frozen, creditSeed, machine.rules)
  const blocks = work === null ? new Map<string, number[]>() : turnsOf(work, sharesOf(round, (id) => machine.items.get(id)), phase)
  local.turns = { phase, blocks }
  return blocks
}
