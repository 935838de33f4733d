import { FAILED_JUDGING, sha256, type JudgingTrial, type Kin, type TaskKind, type Trial } from '../../consensus/index.ts'
import { roundCredit } from '../../credit/index.ts'
import { encode } from '../encoding.ts'
import { refuse, type Applied, type LedgerContext } from './context.ts'
import { learnAnswering, learnJudging, learnKin, ownSource, sourceOf, type RoleChange, type Source } from './learning.ts'
import { findMember, holderOf, putMember } from './members.ts'
import type { RoundResult } from './result.ts'
import type { LedgerState, MemberState, Penalty } from './state.ts'

/** What a block changed for one member: the history that reputation and rewards are answered from. */
export interface MemberChange {
  member: string
  height: number
  /** The round that it is about, and its kind; null for a breach outside of any. */
  round: string | null
  kind: TaskKind | null
  /** What the round said about the member in each role; null where it said nothing. */
  answering: RoleChange | null
  judging: RoleChange | null
  /** Shapley credit rounded to micro-units, null for a member that was no player or where the round is unrated. */
  creditMicro: number | null
  points: number
  pointsAfter: number
  penalty: Penalty | null
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
  const sources = { own: ownSource(state), asker: sourceOf(state, round, result, context.rules) }
  for (const [index, member] of result.players.entries()) {
    const before = findMember(next, member)
    if (before === undefined) continue
    const { after, change } = changeMember(before, index, result, kinOf(state, result, index), sources)
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

function changeMember(
  before: MemberState,
  index: number,
  result: RoundResult,
  seen: readonly Kin[],
  { own, asker }: { own: Source; asker: Source },
): { after: MemberState; change: Omit<MemberChange, 'member' | 'height' | 'round'> } {
  const { kind } = result
  const answered = learnAnswering(before, kind, result.answering[index] as Trial, asker)
  // Who lied about its share of the work has failed as a judge, whatever its ballots were worth.
  const lied = result.lies.some(({ player }) => player === index)
  const judged = lied ? learnJudging(answered.member, kind, FAILED_JUDGING, own) : learnJudging(answered.member, kind, result.judging[index] as JudgingTrial, asker)
  const points = result.points[index] as number
  const creditMicro = result.credit === null ? null : (roundCredit(result.credit)[index] ?? null)
  const learned = learnKin(judged.member, kind, seen)
  const penalties = lied ? { ...before.penalties, 'wrong-share': before.penalties['wrong-share'] + 1 } : before.penalties
  const after: MemberState = { ...learned, points: before.points + points, penalties, penalisedNow: before.penalisedNow || lied }
  return { after, change: { kind, answering: answered.change, judging: judged.change, creditMicro, points, pointsAfter: after.points, penalty: lied ? 'wrong-share' : null } }
}

// What the round says about who errs like a player. Kin are named by the keys that members hold now.
function kinOf(state: LedgerState, { players, likeness }: RoundResult, index: number): Kin[] {
  return likeness.flatMap(({ players: pair, apart, chance }) => {
    if (!pair.includes(index)) return []
    const other = players[pair[0] === index ? pair[1] : pair[0]] as string
    return [{ member: holderOf(state, other), apart, chance }]
  })
}
