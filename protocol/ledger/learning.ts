/** How what a member showed changes what the ledger knows of it. */
import {
  emptyJudging,
  emptyPosterior,
  observe,
  observeJudging,
  observeKin,
  poolJudging,
  poolTrial,
  type JudgingTrial,
  type Kin,
  type Posterior,
  type TaskKind,
  type Trial,
} from '../../consensus/index.ts'
import type { MemberState } from './state.ts'

/** Evidence in micro-units, and the posterior before and after it; a judge's over all situations. */
export interface RoleChange {
  success: number
  failure: number
  before: Posterior
  after: Posterior
}

/** The member afterwards, and what changed; null where the evidence says nothing. */
export interface Learned {
  member: MemberState
  change: RoleChange | null
}

export function learnAnswering(member: MemberState, kind: TaskKind, trial: Trial): Learned {
  if (isSilent(trial)) return { member, change: null }
  const before = member.answering[kind] ?? emptyPosterior()
  const after = observe(before, trial)
  return { member: { ...member, answering: { ...member.answering, [kind]: after } }, change: { ...trial, before, after } }
}

export function learnJudging(member: MemberState, kind: TaskKind, trial: JudgingTrial): Learned {
  const pooled = poolTrial(trial)
  if (isSilent(pooled)) return { member, change: null }
  const before = member.judging[kind] ?? emptyJudging()
  const after = observeJudging(before, trial)
  return {
    member: { ...member, judging: { ...member.judging, [kind]: after } },
    change: { ...pooled, before: poolJudging(before), after: poolJudging(after) },
  }
}

/** Remembers who erred like the member. */
export function learnKin(member: MemberState, kind: TaskKind, seen: readonly Kin[]): MemberState {
  return seen.length === 0 ? member : { ...member, kin: { ...member.kin, [kind]: observeKin(member.kin[kind] ?? [], seen) } }
}

function isSilent({ success, failure }: Trial): boolean {
  return success + failure === 0
}
