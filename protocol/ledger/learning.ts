/** How what a member showed changes what the ledger knows of it. */
import {
  emptyJudging,
  emptyPosterior,
  observeKin,
  poolJudging,
  poolTrial,
  readAnswering,
  readJudging,
  testify,
  type JudgingTrial,
  type Kin,
  type PartOf,
  type Posterior,
  type TaskKind,
  type Trial,
} from '../../consensus/index.ts'
import { holderOf } from './members.ts'
import type { RoundResult } from './result.ts'
import type { LedgerState, MemberState, RoundState, Rules } from './state.ts'

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

/** Whose word evidence is: an asker's, or nobody's (null) where the ledger itself has seen it. */
export interface Source {
  asker: string | null
  partOf: PartOf
}

/** The source of what the ledger has seen itself. */
export function ownSource(state: LedgerState): Source {
  return { asker: null, partOf: partsOf(state) }
}

/**
 * Whose word the evidence of a round is. What is right is the asker's word, also where a checker says so: it has chosen the task.
 * Where askers are trusted, it is nobody's.
 */
export function sourceOf(state: LedgerState, { asker }: RoundState, { evaluation }: RoundResult, { parameters }: Rules): Source {
  const isWord = evaluation.source === 'truth' || evaluation.source === 'checker'
  return { asker: isWord && parameters.askers === 'voters' ? holderOf(state, asker) : null, partOf: partsOf(state) }
}

/** The part of all voting weight that members have in this epoch, in micro-units. */
function partsOf(state: LedgerState): PartOf {
  const total = state.validators.reduce((sum, { weight }) => sum + weight, 0)
  const parts = new Map(state.validators.map(({ member, weight }) => [holderOf(state, member), Math.floor((weight / total) * 1_000_000)]))
  return (asker) => parts.get(asker) ?? 0
}

export function learnAnswering(member: MemberState, kind: TaskKind, trial: Trial, { asker, partOf }: Source): Learned {
  if (isSilent(trial)) return { member, change: null }
  const testimonies = testify(member.testimonies[kind] ?? [], asker, { answering: trial }, partOf)
  const before = member.answering[kind] ?? emptyPosterior()
  const after = readAnswering(testimonies, partOf)
  const learned = { ...member, testimonies: { ...member.testimonies, [kind]: testimonies }, answering: { ...member.answering, [kind]: after } }
  return { member: learned, change: { ...trial, before, after } }
}

export function learnJudging(member: MemberState, kind: TaskKind, trial: JudgingTrial, { asker, partOf }: Source): Learned {
  const pooled = poolTrial(trial)
  if (isSilent(pooled)) return { member, change: null }
  const testimonies = testify(member.testimonies[kind] ?? [], asker, { judging: trial }, partOf)
  const before = member.judging[kind] ?? emptyJudging()
  const after = readJudging(testimonies, partOf)
  const learned = { ...member, testimonies: { ...member.testimonies, [kind]: testimonies }, judging: { ...member.judging, [kind]: after } }
  return { member: learned, change: { ...pooled, before: poolJudging(before), after: poolJudging(after) } }
}

/** Remembers who erred like the member. */
export function learnKin(member: MemberState, kind: TaskKind, seen: readonly Kin[]): MemberState {
  return seen.length === 0 ? member : { ...member, kin: { ...member.kin, [kind]: observeKin(member.kin[kind] ?? [], seen) } }
}

function isSilent({ success, failure }: Trial): boolean {
  return success + failure === 0
}
