/** Credit as joint work: who evaluates which blocks, in which phase, and which blocks are agreed. SPEC.md, "Credit". */
import { sha256, shuffle } from '../../consensus/index.ts'
import { assignBlocks, blockUnits, drawSpotChecks, planCredit, type CreditPlan, type SampledPlan, type SpotCheck } from '../../credit/index.ts'
import { CREDIT_PHASES, type Body, type CreditPhase, type Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { FrozenRound, Rules } from '../ledger/state.ts'
import { rememberedOf } from '../memo.ts'
import { COMMIT_OF } from '../sealed.ts'

/** The blocks of a round too large to be enumerated, and for each who evaluates it first and who next. Indices of players. */
export interface JointWork {
  plan: SampledPlan
  players: string[]
  assigned: number[][]
  /** Drawn when asked for: most blocks are never passed on. */
  next: (block: number) => readonly number[]
}

/** A member's share in one of the phases of credit. */
export interface PhaseShare {
  author: string
  phase: CreditPhase
  blocks: Body<'share'>['blocks']
  checks: Body<'share'>['checks']
  salt: Uint8Array
}

/** What is evaluated of a round with so many players. */
export function planOf(players: number, { parameters }: Rules): CreditPlan {
  const { exactPlayersMax, creditPairs: pairs, creditPlan: rule, creditCost: cost } = parameters
  return planCredit({ players, exactPlayersMax, pairs, rule, ...(cost === null ? {} : { cost }) })
}

/** The joint work of a round; null where everybody enumerates the coalitions. A function of agreed integers and hashes. */
export function jointWorkOf(frozen: FrozenRound, seed: string, rules: Rules): JointWork | null {
  return rememberedOf(frozen, `joint/${seed}`, () => drawJointWork(frozen, seed, rules))
}

function drawJointWork(frozen: FrozenRound, seed: string, rules: Rules): JointWork | null {
  const { players } = frozen
  const plan = planOf(players.length, rules)
  if (plan.kind === 'exact') return null
  const redundancy = rules.parameters.creditRedundancy
  const assigned = assignBlocks({ members: players, weights: assignmentWeights(frozen), blocks: plan.blocks, redundancy, seed })
  const drawn = new Map<number, readonly number[]>()
  const next = (block: number): readonly number[] => {
    const known = drawn.get(block)
    if (known !== undefined) return known
    const others = players.flatMap((_, index) => (assigned[block]?.includes(index) === true ? [] : [index]))
    const members = shuffle(others, `${seed}/next/${block}`).slice(0, redundancy)
    drawn.set(block, members)
    return members
  }
  return { plan, players, assigned, next }
}

/** How much work each player is trusted with: its weight as a judge, integers in micro-units. */
export function assignmentWeights({ judgeWeights }: Pick<FrozenRound, 'judgeWeights'>): number[] {
  return judgeWeights.map(({ first, second, share }) => Math.max(0, Math.floor(((first + second) / 2_000_000) * share)))
}

/** Whose copy of a block counts in a phase: its assignees, then the next, finally everybody. */
function evaluatorsOf({ assigned, next, players }: JointWork, phase: CreditPhase, block: number): readonly number[] {
  if (phase === 'credit') return assigned[block] ?? []
  return phase === 'credit-next' ? next(block) : players.map((_, index) => index)
}

/** Copies of a block, of the right shape, by members whose turn it was. */
export function copiesOf(work: JointWork, shares: readonly PhaseShare[], block: number): { member: number; values: number[][] }[] {
  const { count } = blockUnits(work.plan, block)
  const leaves = work.plan.kind === 'pairs' ? 2 : work.players.length
  return shares.flatMap(({ author, phase, blocks }) => {
    const copies = blocks.filter(({ block: number, values }) => number === block && values.length === count && values.every((unit) => unit.length === leaves))
    if (copies.length === 0) return []
    const member = work.players.indexOf(author)
    return evaluatorsOf(work, phase, block).includes(member) ? copies.map(({ values }) => ({ member, values })) : []
  })
}

/** Blocks that fewer than two members have evaluated. Where two differ, closing the round replays what they differ in. */
export function openBlocks(work: JointWork, shares: readonly PhaseShare[]): number[] {
  return work.assigned.flatMap((_, block) => (new Set(copiesOf(work, shares, block).map(({ member }) => member)).size < 2 ? [block] : []))
}

/** The blocks that a member evaluates in a phase, after the shares of the phases before. */
export function blocksOf(work: JointWork, shares: readonly PhaseShare[], phase: CreditPhase, author: string): number[] {
  return turnsOf(work, shares, phase).get(author) ?? []
}

/** Whose turn it is in a phase, after the shares of the phases before: members who have blocks to evaluate, with those. */
export function turnsOf(work: JointWork, shares: readonly PhaseShare[], phase: CreditPhase): Map<string, number[]> {
  const turns = new Map<string, number[]>()
  const open = phase === 'credit' ? work.assigned.keys() : openBlocks(work, shares)
  for (const block of open) {
    for (const member of evaluatorsOf(work, phase, block)) {
      const player = work.players[member] as string
      turns.set(player, [...(turns.get(player) ?? []), block])
    }
  }
  return turns
}

/** The leaves that a member checks of blocks not assigned to it: nobody else can know them before its salt is shown. */
export function leavesToCheck({ plan, players, assigned }: JointWork, salt: Uint8Array, author: string, count: number): SpotCheck[] {
  const leaves = plan.kind === 'pairs' ? 2 : players.length
  return drawSpotChecks({ seed: sha256(encode(['peerage/credit-spots/1', salt])), member: players.indexOf(author), plan, leaves, assigned, count })
}

export function isCreditPhase(phase: Phase | 'closing'): phase is CreditPhase {
  return (CREDIT_PHASES as readonly string[]).includes(phase)
}

/** The phase in which shares are shown that are evaluated, or shown, in this one; null where none are. */
export function shownIn(phase: Phase | 'closing'): CreditPhase | null {
  return CREDIT_PHASES.find((shown) => shown === phase || COMMIT_OF[shown] === phase) ?? null
}
