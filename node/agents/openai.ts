import { randomUUID } from 'node:crypto'
import { AgentError } from './agent.ts'
import type { Agent, AgentComparison, AnswerPair, JudgeRequest } from './agent.ts'
import { chat } from './openai-client.ts'
import type { ChatEndpoint } from './openai-client.ts'
import { askForAnswer, askForVerdict, extractValue, parseVerdict } from './openai-prompts.ts'
import { pairsToJudge } from './pairs.ts'
import { loadSecret } from './secret.ts'
import { answerBytesMax, limitBytes, limitLength, modelLengthMax } from './text-limits.ts'

export interface OpenAiAgentOptions {
  /** Up to and including the version, e.g. http://127.0.0.1:11434/v1 */
  baseUrl: string
  model: string
  /** Where the key is: the name of an environment variable, or a file. Neither: no key is sent. */
  keyEnv?: string | undefined
  keyFile?: string | undefined
  timeoutMs?: number | undefined
  stream?: boolean | undefined
  attemptsMax?: number | undefined
  retryMs?: number | undefined
  replyBytesMax?: number | undefined
  /** How many verdicts are asked for at a time. */
  concurrency?: number | undefined
  temperature?: number | undefined
  maxTokens?: number | undefined
}

/**
 * An agent that asks a model behind any OpenAI-compatible endpoint. As a judge it asks for each pair twice, in both orders, and
 * leaves out what the model gave no clear verdict on; it fails only where every call failed. The model never sees an author.
 *
 * @throws AgentError `refused` where the key cannot be read
 */
export async function createOpenAiAgent(options: OpenAiAgentOptions): Promise<Agent> {
  const endpoint: ChatEndpoint = {
    baseUrl: options.baseUrl,
    model: options.model,
    secret: await loadSecret(options),
    stream: options.stream ?? false,
    timeoutMs: options.timeoutMs ?? 120_000,
    attemptsMax: options.attemptsMax ?? 4,
    retryMs: options.retryMs ?? 500,
    replyBytesMax: options.replyBytesMax ?? 2_000_000,
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
  }
  const closing = new AbortController()
  const until = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal])
  return {
    model: limitLength(options.model, modelLengthMax),
    canAnswer: true,
    canJudge: true,
    async answer(task, signal) {
      const text = await chat(endpoint, askForAnswer(task), until(signal))
      return { text: limitBytes(text, answerBytesMax, '\n[cut]'), value: extractValue(task, text) }
    },
    judge: (request, signal) => judgePairs(endpoint, request, options.concurrency ?? 2, until(signal)),
    async close() {
      closing.abort(new AgentError('exited', 'the agent has been closed'))
      return Promise.resolve()
    },
  }
}

async function judgePairs(endpoint: ChatEndpoint, request: JudgeRequest, concurrency: number, signal: AbortSignal): Promise<AgentComparison[]> {
  signal.throwIfAborted()
  const orders = bothOrders(pairsToJudge(request.answers.length, request.pairs))
  const failures: AgentError[] = []
  const results = await mapLimited(orders, concurrency, async (order) => {
    try {
      return await judgeOnce(endpoint, request, order, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof AgentError)) throw error
      failures.push(error)
      return null
    }
  })
  const [first] = failures
  if (first !== undefined && failures.length === orders.length) throw first
  return results.filter((result) => result !== null)
}

/** One call. Null where the reply holds no clear verdict. */
async function judgeOnce(endpoint: ChatEndpoint, { task, answers }: JudgeRequest, { left, right }: AnswerPair, signal: AbortSignal): Promise<AgentComparison | null> {
  const [leftAnswer, rightAnswer] = [answers[left], answers[right]]
  if (leftAnswer === undefined || rightAnswer === undefined) return null
  const parsed = parseVerdict(await chat(endpoint, askForVerdict(task, leftAnswer, rightAnswer, randomUUID()), signal))
  if (parsed === null) return null
  return { left, right, verdict: parsed.verdict, ...(parsed.reason === null ? {} : { reason: parsed.reason }) }
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
async function mapLimited<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
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
