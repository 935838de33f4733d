/** Credit as joint work: who evaluates which blocks, in which phase, and which blocks are agreed. SPEC.md, "Credit". */
import { shuffle } from '../../consensus/index.ts'
import { assignBlocks, blockUnits, planCredit, type SampledPlan } from '../../credit/index.ts'
import { CREDIT_PHASES, type Body, type CreditPhase, type Phase } from '../bodies.ts'
import type { FrozenRound, Rules } from '../ledger/state.ts'

/** The blocks of a round too large to be enumerated, and for each who evaluates it first and who next. Indices of players. */
export interface JointWork {
  plan: SampledPlan
  players: string[]
  assigned: number[][]
  next: number[][]
}

/** A member's share in one of the phases of credit. */
export interface PhaseShare {
  author: string
  phase: CreditPhase
  blocks: Body<'share'>['blocks']
}

/** The joint work of a round; null where everybody enumerates the coalitions. A function of agreed integers and hashes. */
export function jointWorkOf(frozen: FrozenRound, seed: string, { parameters }: Rules): JointWork | null {
  const { players } = frozen
  const plan = planCredit({ players: players.length, exactPlayersMax: parameters.exactPlayersMax, pairs: parameters.creditPairs, rule: parameters.creditPlan })
  if (plan.kind === 'exact') return null
  const redundancy = parameters.creditRedundancy
  const assigned = assignBlocks({ members: players, weights: assignmentWeights(frozen), blocks: plan.blocks, redundancy, seed })
  const next = assigned.map((assignees, block) => {
    const others = players.flatMap((_, index) => (assignees.includes(index) ? [] : [index]))
    return shuffle(others, `${seed}/next/${block}`).slice(0, redundancy)
  })
  return { plan, players, assigned, next }
}

/** How much work each player is trusted with: its weight as a judge, integers in micro-units. */
export function assignmentWeights({ judgeWeights }: Pick<FrozenRound, 'judgeWeights'>): number[] {
  return judgeWeights.map(({ first, second, share }) => Math.max(0, Math.floor(((first + second) / 2_000_000) * share)))
}

/** Whose copy of a block counts in a phase: its assignees, then the next, finally everybody. */
export function evaluatorsOf({ assigned, next, players }: JointWork, phase: CreditPhase, block: number): readonly number[] {
  if (phase === 'credit') return assigned[block] ?? []
  return phase === 'credit-next' ? (next[block] ?? []) : players.map((_, index) => index)
}

/** Copies of a block, of the right shape, by members whose turn it was. */
export function copiesOf(work: JointWork, shares: readonly PhaseShare[], block: number): { member: number; values: number[][] }[] {
  const { count } = blockUnits(work.plan, block)
  const leaves = work.plan.kind === 'pairs' ? 2 : work.players.length
  return shares.flatMap(({ author, phase, blocks }) => {
    const member = work.players.indexOf(author)
    if (!evaluatorsOf(work, phase, block).includes(member)) return []
    return blocks.flatMap(({ block: number, values }) =>
      number === block && values.length === count && values.every((unit) => unit.length === leaves) ? [{ member, values }] : [])
  })
}

/** Blocks that fewer than two members have evaluated. Where two differ, closing the round replays what they differ in. */
export function openBlocks(work: JointWork, shares: readonly PhaseShare[]): number[] {
  return work.assigned.flatMap((_, block) => (new Set(copiesOf(work, shares, block).map(({ member }) => member)).size < 2 ? [block] : []))
}

/** The blocks that a member evaluates in a phase, after the shares of the phases before. */
export function blocksOf(work: JointWork, shares: readonly PhaseShare[], phase: CreditPhase, author: string): number[] {
  const member = work.players.indexOf(author)
  const open = phase === 'credit' ? work.assigned.map((_, block) => block) : openBlocks(work, shares)
  return open.filter((block) => evaluatorsOf(work, phase, block).includes(member))
}

export function isCreditPhase(phase: Phase | 'closing'): phase is CreditPhase {
  return (CREDIT_PHASES as readonly string[]).includes(phase)
}
