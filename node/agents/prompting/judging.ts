import { AgentError } from '../agent.ts'
import type { AgentComparison, AgentTask, AnswerPair, ChatMessage, JudgedAnswer, JudgeRequest } from '../agent.ts'
import { pairsToJudge } from '../pairs.ts'
import type { AgentStatistics } from '../statistics.ts'
import { createCanaryWatch } from './canary-watch.ts'
import { createInjectionCount } from './injection-count.ts'
import { askForVerdict, PROMPTS_VERSION } from './prompts.ts'
import { parseVerdict } from './verdict.ts'
import type { ParsedVerdict } from './verdict.ts'

/** What a call to the model is for: limits are kept by it. */
export interface CallPurpose {
  job: 'answer' | 'judge'
  task: AgentTask
}

/** The whole text of one reply of the model. Rejects with AgentError, or with the signal's reason. */
export type Complete = (messages: readonly ChatMessage[], signal: AbortSignal, purpose: CallPurpose) => Promise<string>

export interface JudgingInit {
  complete: Complete
  /** How many verdicts are asked for at a time. */
  concurrency: number
  /** So many calls for verdicts to one canary; 0 for none. */
  canaryEvery: number
  /** Whether the steps of answers are numbered, so that a verdict can name the first wrong one. */
  markSteps: boolean
  random: () => number
  log: (line: string) => void
}

export interface Judging {
  judge(request: JudgeRequest, signal: AbortSignal): Promise<AgentComparison[]>
  statistics(): AgentStatistics
}

/**
 * Judging by a model: every pair in both orders, now and then a canary. A pair without a clear verdict is left out, and a judge
 * that fails its canaries says nothing until it passes them again. Fails only where every call failed.
 */
export function createJudging(init: JudgingInit): Judging {
  const verdicts = { clear: 0, unclear: 0, failed: 0 }
  const orders = { pairs: 0, flipped: 0 }
  const canaries = createCanaryWatch(init)
  const injections = createInjectionCount(init.log)

  const tryCanary = async (request: JudgeRequest, signal: AbortSignal): Promise<void> => {
    const canary = canaries.draw(request)
    const outcome = await ask(init, canary, signal)
    if (!(outcome instanceof AgentError)) canaries.note(canary, outcome?.verdict ?? null)
  }

  const judgeOrder = async ({ task, answers }: JudgeRequest, { left, right }: AnswerPair, signal: AbortSignal): Promise<AgentComparison | AgentError | null> => {
    const outcome = await ask(init, { task, left: answers[left] as JudgedAnswer, right: answers[right] as JudgedAnswer }, signal)
    verdicts[outcome instanceof AgentError ? 'failed' : outcome === null ? 'unclear' : 'clear']++
    if (outcome instanceof AgentError || outcome === null) return outcome
    return { left, right, verdict: outcome.verdict, ...(outcome.reason === null ? {} : { reason: outcome.reason }) }
  }

  return {
    async judge(request, signal) {
      signal.throwIfAborted()
      const wanted = bothOrders(pairsToJudge(request.answers.length, request.pairs))
      if (wanted.length === 0) return []
      injections.note(request)
      if (canaries.resting()) await tryCanary(request, signal)
      if (canaries.resting()) return []
      const outcomes = await mapLimited(wanted, init.concurrency, async (order) => {
        if (canaries.isDue()) await tryCanary(request, signal)
        return canaries.resting() ? null : judgeOrder(request, order, signal)
      })
      if (canaries.resting()) return []
      const failures = outcomes.filter((outcome) => outcome instanceof AgentError)
      if (failures[0] !== undefined && failures.length === wanted.length) throw failures[0]
      const comparisons = outcomes.filter((outcome): outcome is AgentComparison => outcome !== null && !(outcome instanceof AgentError))
      noteOrders(orders, comparisons)
      return comparisons
    },
    statistics: () => ({
      prompts: PROMPTS_VERSION,
      verdicts: { ...verdicts },
      orders: { ...orders },
      canaries: canaries.counts(),
      restsBecause: canaries.resting() ? canaries.describe() : null,
      injections: injections.counts(),
    }),
  }
}

interface Pair {
  task: AgentTask
  left: JudgedAnswer
  right: JudgedAnswer
}

/** One call. Null where the reply holds no clear verdict; the error where the call failed. Rejects where the signal aborts. */
async function ask({ complete, markSteps }: JudgingInit, { task, left, right }: Pair, signal: AbortSignal): Promise<ParsedVerdict | AgentError | null> {
  const question = askForVerdict(task, left, right, { markSteps })
  try {
    return parseVerdict(await complete(question.messages, signal, { job: 'judge', task }), question)
  } catch (error) {
    if (signal.aborted || !(error instanceof AgentError)) throw error
    return error
  }
}

function noteOrders(orders: AgentStatistics['orders'], comparisons: readonly AgentComparison[]): void {
  const said = new Map(comparisons.map(({ left, right, verdict }) => [`${left},${right}`, verdict]))
  for (const { left, right, verdict } of comparisons) {
    const reverse = said.get(`${right},${left}`)
    if (left > right || reverse === undefined) continue
    orders.pairs++
    if (verdict !== 'tie' && verdict === reverse) orders.flipped++
  }
}

/** Each pair as given and the other way round, each order once. */
function bothOrders(pairs: readonly AnswerPair[]): AnswerPair[] {
  const orders = new Map<string, AnswerPair>()
  for (const { left, right } of pairs) {
    orders.set(`${left},${right}`, { left, right })
    orders.set(`${right},${left}`, { left: right, right: left })
  }
  return [...orders.values()]
}

/** Maps with at most `limit` calls under way; results in the order of the items. Rejects with the first rejection. */
export async function mapLimited<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await map(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  return results
}
