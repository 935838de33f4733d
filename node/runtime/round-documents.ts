/** Rounds as people and programs look at them: open ones from the machine, closed ones from the store. */
import { roundCredit } from '../../credit/index.ts'
import {
  answerOf,
  answersOf,
  ballotOf,
  cutOf,
  decodeCanonical,
  distinctAnswers,
  hashSchema,
  KEYS,
  openEnvelope,
  readResult,
  revealedGrades,
  type ClosedEntry,
  type Machine,
  type MemberChange,
  type Message,
  type RankedRound,
  type RoundResult,
  type RoundState,
} from '../../protocol/index.ts'
import { nameOf } from '../names.ts'
import type { CreditShare, RoundDetail, RoundListOptions, RoundPhase, RoundSummary, RoundWinner } from '../service.ts'
import { ServiceError } from '../service.ts'
import type { Store } from '../store/store.ts'
import { reputationChanges } from './member-documents.ts'
import { drive } from './reading.ts'

/** Where rounds are read from. `ranked` holds rankings that are agreed before their round is closed. */
export interface RoundSource {
  machine: Machine
  store: Store
  ranked: ReadonlyMap<string, RankedRound>
  timings: (round: string) => { phase: RoundPhase; durationMs: number }[]
}

/** The newest rounds first; open ones before closed ones. Rejects with ServiceError `unknown-round`. */
export async function listRounds(source: RoundSource, { limit, before, status }: RoundListOptions): Promise<RoundSummary[]> {
  const ids: string[] = []
  let isPast = before === undefined
  for await (const id of newestFirst(source, status)) {
    if (ids.length === limit) break
    if (isPast) ids.push(id)
    else isPast = id === before
  }
  if (!isPast) throw new ServiceError('unknown-round', `There is no round ${before}.`)
  const details = await Promise.all(ids.map((id) => readRound(source, id)))
  return details.flatMap((detail) => (detail === null ? [] : [summaryOf(detail)]))
}

/** Everything known of a round, or null. */
export async function readRound(source: RoundSource, id: string): Promise<RoundDetail | null> {
  const { machine, store } = source
  if (!hashSchema.safeParse(id).success) return null
  const open = machine.ledger.rounds[id]
  if (open !== undefined) return describeOpen(source, id, open)
  if (machine.pool.opens.has(id)) return describeOpen(source, id, null)
  const value = await store.get(KEYS.round(id))
  if (value === null) return null
  return describeClosed(source, id, decodeCanonical(value) as ClosedEntry)
}

/** The answer that a round was closed with, or null: of all that was said in it, one message is read. */
export async function readWinner({ machine, store }: Pick<RoundSource, 'machine' | 'store'>, id: string, { winner, answers, players }: RoundResult): Promise<RoundWinner | null> {
  const member = winner === null ? undefined : players[answers[winner]?.author ?? -1]
  const entry = await store.get(KEYS.round(id))
  if (member === undefined || entry === null) return null
  const [, itemId] = cutOf((decodeCanonical(entry) as ClosedEntry).round, 'answer-reveal').find(([author]) => author === member) ?? []
  const [reveal] = itemId === undefined ? [] : (await readItems(machine, store, [itemId])).values()
  const answer = reveal?.kind === 'reveal' ? answerOf(reveal) : null
  return answer === null ? null : { member, name: nameOf(member), ...answer }
}

/** Signed credit in micro-units and points, by player. */
export function creditShares(result: RoundResult): CreditShare[] {
  if (result.credit === null) return []
  const credit = roundCredit(result.credit)
  return result.players.map((member, index) => ({
    member,
    name: nameOf(member),
    creditMicro: credit[index] as number,
    points: result.points[index] as number,
  }))
}

function openIds(machine: Machine): string[] {
  const rounds = Object.entries(machine.ledger.rounds)
  const opened = rounds.sort(([, a], [, b]) => b.openedHeight - a.openedHeight).map(([id]) => id)
  return [...machine.pool.opens.keys(), ...opened]
}

async function* newestFirst({ machine, store }: RoundSource, status: RoundListOptions['status']): AsyncGenerator<string> {
  if (status !== 'closed') yield* openIds(machine)
  if (status === 'open') return
  for await (const [key] of store.range(KEYS.allClosed, { reverse: true })) yield key.split('/')[2] as string
}

// `round` is null while the open waits for a block.
function describeOpen(source: RoundSource, id: string, round: RoundState | null): RoundDetail | null {
  const { machine, ranked, timings } = source
  const item = (key: string): Message | undefined => machine.items.get(key) ?? machine.pool.opens.get(key)
  const base = describeItems(id, round?.cuts ?? {}, item)
  if (base === null) return null
  const early = ranked.get(id)
  const winner = early?.decision.winner ?? null
  return {
    ...base,
    status: 'open',
    phase: round?.phase ?? 'answer-commit',
    openedHeight: round?.openedHeight ?? null,
    closedHeight: null,
    winner: winner === null ? null : winnerOf(base.answers[winner]),
    rated: null,
    evaluation: null,
    ranking: early === undefined ? null : rankingOf(base.answers, early.decision.strengths, early.decision.masses, early.decision.agreement),
    credit: null,
    reputation: [],
    record: null,
    pruned: false,
    timings: timings(id),
  }
}

async function describeClosed(source: RoundSource, id: string, entry: ClosedEntry): Promise<RoundDetail | null> {
  const { machine, store, timings } = source
  const items = await readItems(machine, store, [id, ...Object.values(entry.round.cuts).flatMap((cut) => cut.map(([, item]) => item))])
  const base = describeItems(id, entry.round.cuts, (key) => items.get(key))
  const result = await drive(store, readResult(entry.hash))
  if (base === null || result === null) return null
  const pruned = base.answers.length < result.answers.length
  const answers = pruned ? prunedAnswers(result) : base.answers.map((answer, index) => ({ ...answer, cluster: result.answers[index]?.cluster ?? null }))
  const { source: by, micro, success } = result.evaluation
  return {
    ...base,
    answers,
    status: 'closed',
    phase: 'closed',
    openedHeight: entry.round.openedHeight,
    closedHeight: entry.height,
    winner: result.winner === null ? null : winnerOf(answers[result.winner]),
    rated: result.rated,
    evaluation: { source: by, valueMicro: micro, success },
    ranking: rankingOf(answers, result.answers.map(({ strength }) => strength), result.clusters.map(({ mass }) => mass), result.agreement),
    credit: creditOf(result),
    reputation: reputationChanges(await readChanges(store, id, entry.height, [...new Set([...result.players, base.asker])])),
    record: entry.hash,
    pruned,
    timings: timings(id),
  }
}

// What a result alone says of the answers.
function prunedAnswers({ answers, players, clusters }: RoundResult): RoundDetail['answers'] {
  return answers.map(({ author, cluster }) => {
    const member = players[author] as string
    return { member, name: nameOf(member), text: '', value: clusters[cluster]?.value ?? null, cluster }
  })
}

type Described = Pick<
  RoundDetail,
  'round' | 'asker' | 'askerName' | 'kind' | 'prompt' | 'reference' | 'task' | 'answers' | 'comparisons' | 'grades'
>

// What the items of the cuts say, whether the round is closed or not.
function describeItems(id: string, cuts: RoundState['cuts'], item: (id: string) => Message | undefined): Described | null {
  const open = item(id)
  if (open?.kind !== 'open') return null
  const { kind, prompt, reference, answerMs, judgeMs } = open.body.task
  const round = { cuts } as RoundState
  const answers = answersOf(round, item).map(({ author, content }) => ({ member: author, name: nameOf(author), ...content, cluster: null }))
  const truth = cutOf(round, 'evaluate').map(([, truthId]) => item(truthId))[0]
  return {
    round: id,
    asker: open.author,
    askerName: nameOf(open.author),
    kind,
    prompt,
    reference,
    task: { answerMs, judgeMs, truthCommitted: open.body.truth !== null, acceptedValues: truth?.kind === 'truth' ? truth.body.accepted : null },
    answers,
    comparisons: comparisonsOf(round, answers, item),
    grades: gradesOf(round, item),
  }
}

function comparisonsOf(round: RoundState, answers: RoundDetail['answers'], item: (id: string) => Message | undefined): RoundDetail['comparisons'] {
  return cutOf(round, 'ballot-reveal').flatMap(([judge, id]) => {
    const reveal = item(id)
    const ballot = reveal?.kind === 'reveal' ? ballotOf(reveal) : null
    return (ballot?.comparisons ?? []).flatMap(({ left, right, verdict, reason }) => {
      const [a, b] = [answers[left], answers[right]]
      return a === undefined || b === undefined ? [] : [{ judge, left: a.member, right: b.member, verdict, reason: reason ?? null }]
    })
  })
}

function gradesOf(round: RoundState, item: (id: string) => Message | undefined): RoundDetail['grades'] {
  const answers = answersOf(round, item)
  const { indices } = distinctAnswers(answers)
  return revealedGrades(round, item).flatMap(({ author: grader, content }) =>
    answers.flatMap(({ author }, index) => {
      const gradesMicro = content.grades[indices[index] as number]
      return gradesMicro === undefined ? [] : [{ grader, author, gradesMicro }]
    }))
}

function rankingOf(answers: RoundDetail['answers'], strengths: number[], masses: number[], agreementMicro: number): RoundDetail['ranking'] {
  return {
    answers: answers.map(({ member, name }, index) => ({ member, name, strengthMicro: strengths[index] as number })),
    clusters: masses.map((massMicro, cluster) => ({ cluster, massMicro })),
    agreementMicro,
  }
}

function creditOf(result: RoundResult): RoundDetail['credit'] {
  const { credit } = result
  if (credit === null) return null
  const best = credit.bestSingle
  const bestMember = best === null ? null : (result.players[best.player] as string)
  return {
    method: credit.method,
    denominator: credit.denominator,
    grandValueMicro: credit.grandValue,
    bestSingle: best === null || bestMember === null ? null : { member: bestMember, name: nameOf(bestMember), valueMicro: best.value },
    evaluations: credit.evaluations,
    shares: creditShares(result).map((share, index) => ({
      ...share,
      numerator: credit.credit[index] as number,
      standardErrorMicro: credit.standardError?.[index] ?? null,
    })),
  }
}

function winnerOf(answer: RoundDetail['answers'][number] | undefined): RoundWinner | null {
  if (answer === undefined) return null
  const { member, name, text, value } = answer
  return { member, name, text, value }
}

async function readItems(machine: Machine, store: Store, ids: readonly string[]): Promise<Map<string, Message>> {
  const items = new Map<string, Message>()
  for (const id of ids) {
    const bytes = await store.get(KEYS.item(id))
    // What is in the own store was checked when it came.
    const opened = bytes === null ? null : openEnvelope(bytes, machine.rules.network, () => true)
    if (opened?.ok === true) items.set(id, opened.message)
  }
  return items
}

async function readChanges(store: Store, round: string, height: number, members: readonly string[]): Promise<MemberChange[]> {
  const values = await Promise.all(members.map((member) => store.get(KEYS.history(member, height, round))))
  return values.flatMap((value) => (value === null ? [] : [decodeCanonical(value) as MemberChange]))
}

function summaryOf(detail: RoundDetail): RoundSummary {
  const { round, status, phase, asker, askerName, kind, prompt, reference, openedHeight, closedHeight, winner, rated, evaluation } = detail
  return { round, status, phase, asker, askerName, kind, prompt, reference, openedHeight, closedHeight, winner, rated, evaluation }
}
