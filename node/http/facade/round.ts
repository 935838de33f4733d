import { watchRound } from '../../runtime/follow-round.ts'
import type { NodeEvent, NodeService, RoundDetail } from '../../service.ts'
import { ignoredFields, type Call } from './call.ts'
import { writeConversation } from './conversation.ts'
import { FacadeError } from './errors.ts'
import { estimateTokens, type Generation, type GenerationEvent, type PeerageExtra } from './generation.ts'
import { createProgress } from './progress.ts'

/** A round opens when a block takes it, which under load means waiting for others. */
const OPENING_MS_MAX = 600_000
/** What a round takes beside answering and judging: reveals, blocks, credit of large rounds. */
const SETTLING_MS_MAX = 120_000
/** The answer is final before the credit is; a client is not kept longer for the latter. */
const CREDIT_MS_MAX = 30_000
const PIECE_LENGTH = 512

/** Opens a round with the conversation as its task. Rejects with FacadeError or ServiceError. */
export async function answerByRound(service: NodeService, call: Call, signal: AbortSignal, idempotencyKey: string | undefined): Promise<Generation> {
  const prompt = writeConversation(call.messages)
  const { kind, reference, answerMs, judgeMs } = call
  const { round } = await service.ask({ prompt, kind, reference, answerMs, judgeMs }, { idempotencyKey })
  return { id: round, model: 'peerage', events: roundEvents(service, round, { prompt, ignored: ignoredFields(call, []), signal }) }
}

/**
 * What a round tells, as it goes on. Whoever stops listening, and whatever the signal says, the round goes on: others are at work on it.
 * Fails with FacadeError `no_answer` or `deadline_exceeded`.
 */
async function* roundEvents(service: NodeService, id: string, init: { prompt: string; ignored: string[]; signal: AbortSignal }): AsyncGenerator<GenerationEvent, void, void> {
  const progress = createProgress(service)
  let failure: string | null = null
  let answered = false
  let round: RoundDetail | null = null
  for await (const look of watchRound(service, id, { signal: init.signal, timeoutMs: Infinity, until: createPatience() })) {
    round = look.round
    failure = failureOf(look.events) ?? failure
    if (answered) continue
    for (const text of progress(look)) yield { type: 'progress', text: `${text}\n` }
    if (round.winner === null) continue
    answered = true
    for (const text of round.winner.text.match(PIECES) ?? []) yield { type: 'text', text }
  }
  if (round === null || round.winner === null) throw failed(id, round, failure)
  const usage = { inputTokens: estimateTokens(init.prompt), outputTokens: estimateTokens(round.winner.text), estimated: true }
  yield { type: 'end', finish: 'stop', usage, peerage: describeRound(round, service.status().memberId, init.ignored) }
}

const PIECES = new RegExp(`[^]{1,${PIECE_LENGTH}}`, 'gu')

/** Says when a round has had its time, which begins anew when it is opened; once there is an answer, only the credit is waited for. */
function createPatience(): (round: RoundDetail) => boolean {
  const askedMs = performance.now()
  let openedMs: number | null = null
  let answeredMs: number | null = null
  return ({ openedHeight, winner, task }) => {
    const nowMs = performance.now()
    if (openedHeight !== null) openedMs ??= nowMs
    if (winner !== null) answeredMs ??= nowMs
    if (answeredMs !== null) return nowMs - answeredMs > CREDIT_MS_MAX
    if (openedMs === null) return nowMs - askedMs > OPENING_MS_MAX
    return nowMs - openedMs > task.answerMs + task.judgeMs + SETTLING_MS_MAX
  }
}

function failureOf(events: readonly NodeEvent[]): string | null {
  const failures = events.flatMap((event) => (event.type === 'agent-error' ? [`${event.code}: ${event.message}`] : []))
  return failures.at(-1) ?? null
}

function failed(id: string, round: RoundDetail | null, failure: string | null): FacadeError {
  const own = failure === null ? '' : ` This node's own model failed (${failure}).`
  if (round?.status === 'closed') {
    const hint = failure === null ? ' Members answer what their agents can do: solvers, for one, do no texts.' : ''
    return new FacadeError('no_answer', `The round closed without a winner: no member answered.${own}${hint}`, null, id)
  }
  const state = round === null || round.openedHeight === null ? 'no block has opened the round yet' : `the round is in phase ${round.phase} and goes on`
  return new FacadeError('deadline_exceeded', `No answer came in time; ${state}: GET /api/v1/rounds/${id}.${own}`, null, id)
}

/** The extra object of a round that has a winner. */
function describeRound(round: RoundDetail, self: string, ignored: string[]): PeerageExtra {
  const { winner, ranking, evaluation, credit, answers } = round
  const clusterOf = new Map(answers.map(({ member, cluster }) => [member, cluster]))
  const strengths = (ranking?.answers ?? []).map(({ member, name, strengthMicro }) => ({ member, name, strength_micro: strengthMicro, cluster: clusterOf.get(member) ?? null }))
  const credits = (credit?.shares ?? []).map(({ member, name, creditMicro, points }) => ({ member, name, credit_micro: creditMicro, points }))
  return {
    schema: 'peerage.chat/v1',
    mode: 'round',
    background: null,
    note: noteOf(round, self),
    round: round.round,
    status: round.status,
    rated: round.rated,
    winner: winner === null ? null : { member: winner.member, name: winner.name, value: winner.value },
    ranking: strengths.sort((a, b) => b.strength_micro - a.strength_micro),
    agreement_micro: ranking?.agreementMicro ?? null,
    evaluation: evaluation === null ? null : { source: evaluation.source, value_micro: evaluation.valueMicro, success: evaluation.success },
    credits: credits.sort((a, b) => b.credit_micro - a.credit_micro),
    usage_estimated: true,
    ignored,
  }
}

function noteOf({ round, winner, answers, rated, status }: RoundDetail, self: string): string {
  const won = `The answer of ${winner?.name ?? ''} won among ${answers.length}.`
  if (status === 'open') return `${won} Its credit is not agreed yet: GET /api/v1/rounds/${round}.`
  if (rated === true) return won
  const alone = answers.length === 1 && winner?.member === self
  return `Unrated: ${alone ? "nobody but this node's own agent answered" : 'fewer than three members took part'}, so there is no credit and no reputation moves.${alone ? '' : ` ${won}`}`
}
