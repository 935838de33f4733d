import { emptyPosterior, observe, sha256, type Posterior, type TaskKind } from '../../consensus/index.ts'
import { roundCredit } from '../../credit/index.ts'
import { encode } from '../encoding.ts'
import type { RevealPhase } from '../sealed.ts'
import { refuse, type Applied, type LedgerContext } from './context.ts'
import { cutOf } from './items.ts'
import { findMember, holderOf, putMember } from './members.ts'
import type { RoundResult } from './result.ts'
import type { LedgerState, MemberState, Penalty, RoundState } from './state.ts'

const FAILED = { success: 0, failure: 1_000_000 }

/** What a closing round changed for one member: the history that reputation and rewards are answered from. */
export interface MemberChange {
  member: string
  height: number
  round: string
  kind: TaskKind
  /** What the round said about the member in each role; null where it said nothing. */
  answering: RoleChange | null
  judging: RoleChange | null
  /** Shapley credit rounded to micro-units, null for a member that was no player or where the round is unrated. */
  creditMicro: number | null
  points: number
  pointsAfter: number
  penalty: Penalty | null
}

/** Evidence in micro-units, and the posterior before and after it. */
export interface RoleChange {
  success: number
  failure: number
  before: Posterior
  after: Posterior
}

/** A round that a block closed. */
export interface ClosedRound {
  round: string
  hash: string
  result: RoundResult
  changes: MemberChange[]
}

/** Hash of a result: what the closing block carries. */
export function resultHash(result: RoundResult): string {
  return sha256(encode(result))
}

/** Closes a round with its certified result: reputation, points and penalties change the state of this moment. */
export function applyResult(
  state: LedgerState,
  roundId: string,
  hash: string,
  context: LedgerContext,
): Applied<LedgerState> & { closed?: ClosedRound } {
  const round = state.rounds[roundId]
  if (round === undefined) return refuse('unknown-round')
  if (round.phase !== 'closing') return refuse('wrong-phase')
  const result = context.result(roundId, hash)
  if (result === 'missing') return refuse('missing-result', [hash])
  if (result === 'wrong') return refuse('wrong-result')
  let next = state
  const changes: MemberChange[] = []
  for (const member of affected(round, result)) {
    const before = findMember(next, member)
    if (before === undefined) continue
    const { after, change } = changeMember(before, member, round, result)
    next = putMember(next, member, after)
    changes.push({ ...change, member: holderOf(state, member), height: state.height, round: roundId })
  }
  const { [roundId]: _, ...rounds } = state.rounds
  const minted = result.points.reduce((sum, points) => sum + points, 0)
  const lastRecord = sha256(encode(['peerage/record/1', state.lastRecord, hash, state.height]))
  return {
    ok: true,
    state: { ...next, rounds, records: state.records + 1, lastRecord, minted: state.minted + minted },
    closed: { round: roundId, hash, result, changes },
  }
}

function affected(round: RoundState, result: RoundResult): string[] {
  const truthWithheld = isTruthWithheld(round) ? [round.asker] : []
  return [...new Set([...result.players, ...Object.values(round.withheld).flat(), ...truthWithheld])].sort()
}

function isTruthWithheld(round: RoundState): boolean {
  return round.cuts.evaluate !== undefined && cutOf(round, 'evaluate').length === 0
}

function changeMember(
  before: MemberState,
  member: string,
  round: RoundState,
  result: RoundResult,
): { after: MemberState; change: Omit<MemberChange, 'height' | 'round'> } {
  const index = result.players.indexOf(member)
  const withheld = (phase: RevealPhase): boolean => round.withheld[phase].includes(member)
  const revealed = !withheld('answer-reveal') && !withheld('ballot-reveal')
  const penalty = !revealed ? 'withheld-reveal' : isTruthWithheld(round) && member === round.asker ? 'withheld-truth' : null
  // A withheld reveal is a full failure in its role.
  const answered = learn(before.answering[result.kind], withheld('answer-reveal') ? FAILED : result.answering[index])
  const judged = learn(before.judging[result.kind], withheld('ballot-reveal') ? FAILED : result.judging[index])
  const points = result.points[index] ?? 0
  const creditMicro = result.credit === null ? null : (roundCredit(result.credit)[index] ?? null)
  const after: MemberState = {
    ...before,
    answering: answered === null ? before.answering : { ...before.answering, [result.kind]: answered.after },
    judging: judged === null ? before.judging : { ...before.judging, [result.kind]: judged.after },
    points: before.points + points,
    penalties: penalty === null ? before.penalties : { ...before.penalties, [penalty]: before.penalties[penalty] + 1 },
    withheldNow: before.withheldNow || penalty !== null,
  }
  const { kind } = result
  return { after, change: { member, kind, answering: answered, judging: judged, creditMicro, points, pointsAfter: after.points, penalty } }
}

function learn(posterior: Posterior | undefined, evidence: { success: number; failure: number } | undefined): RoleChange | null {
  if (evidence === undefined || evidence.success + evidence.failure === 0) return null
  const before = posterior ?? emptyPosterior()
  return { ...evidence, before, after: observe(before, evidence) }
}
