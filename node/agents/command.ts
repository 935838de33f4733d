import { basename } from 'node:path'
import { z } from 'zod'
import { raceAbort } from './abort.ts'
import { AgentError } from './agent.ts'
import type { Agent, AgentComparison, Answer, JudgeRequest } from './agent.ts'
import { LIMITS } from '../../protocol/index.ts'
import { createCommandProcess } from './command-process.ts'
import { pairsToJudge } from './pairs.ts'
import { answerBytesMax, limitBytes, limitLength, modelLengthMax, reasonLengthMax, valueLengthMax } from './text-limits.ts'

export interface CommandAgentOptions {
  /** The program, started without a shell. */
  command: string
  args?: readonly string[] | undefined
  /** Working folder of the program. */
  folder?: string | undefined
  /** What peers are told that answers here; by default the program's name. */
  model?: string | undefined
  /** Per request. */
  timeoutMs?: number | undefined
  lineBytesMax?: number | undefined
  restartMs?: number | undefined
  graceMs?: number | undefined
  /** Takes the lines of the program's stderr. */
  log?: ((line: string) => void) | undefined
}

/** Most requests that wait for replies at a time. */
const pendingMax = 64

const replyId = z.object({ id: z.string() })
const answerReply = z.object({ answer: z.object({ text: z.string(), value: z.string().nullish() }).nullable() })
const judgeReply = z.object({
  comparisons: z.array(z.object({ left: z.int().min(0), right: z.int().min(0), verdict: z.enum(['left', 'right', 'tie']), reason: z.string().nullish() })).max(4_000),
})
const gradeReply = z.object({ grades: z.array(z.array(z.number().min(0).max(1)).max(LIMITS.gradeDrawsMax)).max(LIMITS.membersMax) })
const errorReply = z.object({ error: z.string() })

interface Pending {
  settle: (reply: unknown) => void
  fail: (error: AgentError) => void
}

/**
 * An agent that is any program: one JSON request per line on its stdin, one JSON reply per line on its stdout, matched by id.
 * The line protocol is described in README.md beside this file. The program is restarted, after growing pauses, when it ends.
 */
export function createCommandAgent(options: CommandAgentOptions): Agent {
  const { command, args = [], timeoutMs = 120_000, log = () => undefined } = options
  const pending = new Map<string, Pending>()
  let lastId = 0

  const failAll = (error: AgentError): void => {
    for (const { fail } of pending.values()) fail(error)
  }
  const program = createCommandProcess({
    command,
    args,
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    lineBytesMax: options.lineBytesMax ?? 1_000_000,
    restartMs: options.restartMs ?? 250,
    graceMs: options.graceMs ?? 2_000,
    onExit: failAll,
    log,
    onLine(line) {
      const reply = parseJson(line)
      const parsed = replyId.safeParse(reply)
      if (parsed.success) return pending.get(parsed.data.id)?.settle(reply)
      log(`not a reply: ${line.slice(0, 200)}`)
      failAll(new AgentError('malformed-reply', 'the agent program wrote a line that is no reply'))
    },
  })

  const request = async <T>(body: object, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted()
    if (pending.size >= pendingMax) throw new AgentError('refused', `${pendingMax} requests are waiting for the agent program already`)
    const id = String(++lastId)
    const replied = new Promise<unknown>((settle, fail) => pending.set(id, { settle, fail }))
    const timeout = AbortSignal.timeout(timeoutMs)
    const either = AbortSignal.any([signal, timeout])
    const sent = program.send(JSON.stringify({ id, ...body }), either)
    try {
      const [reply] = await raceAbort(Promise.all([replied, sent]), either)
      return readReply(reply, schema)
    } catch (error) {
      if (either.aborted) program.sendIfRunning(JSON.stringify({ id, type: 'cancel' }))
      if (signal.aborted) throw signal.reason
      throw timeout.aborted ? new AgentError('timeout', `no reply from the agent program within ${timeoutMs} ms`) : error
    } finally {
      pending.delete(id)
    }
  }

  return {
    model: limitLength(options.model ?? basename(command), modelLengthMax),
    canAnswer: true,
    canJudge: true,
    async answer(task, signal) {
      const { answer } = await request({ type: 'answer', task }, answerReply, signal)
      return answer === null ? null : limitAnswer(answer.text, answer.value ?? null)
    },
    async judge(judged, signal) {
      signal.throwIfAborted()
      const pairs = pairsToJudge(judged.answers.length, judged.pairs)
      if (pairs.length === 0) return []
      const answers = judged.answers.map(({ text, value }) => ({ text, value }))
      const { comparisons } = await request({ type: 'judge', task: judged.task, answers, pairs }, judgeReply, signal)
      return takeComparisons(comparisons, judged)
    },
    grade: async ({ task, answers, draws }, signal) => (await request({ type: 'grade', task, answers, draws }, gradeReply, signal)).grades,
    close: () => program.close(),
  }
}

function readReply<T>(reply: unknown, schema: z.ZodType<T>): T {
  const refusal = errorReply.safeParse(reply)
  if (refusal.success) throw new AgentError('refused', `the agent program says: ${limitLength(refusal.data.error, 500)}`)
  const parsed = schema.safeParse(reply)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AgentError('malformed-reply', `the agent program's reply is malformed: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}

function limitAnswer(text: string, value: string | null): Answer {
  return { text: limitBytes(text, answerBytesMax, '\n[cut]'), value: value === null ? null : limitLength(value, valueLengthMax) }
}

/** Keeps the comparisons of pairs that were asked for, in either order. */
function takeComparisons(comparisons: z.infer<typeof judgeReply>['comparisons'], { answers, pairs }: JudgeRequest): AgentComparison[] {
  const key = (left: number, right: number): string => `${Math.min(left, right)},${Math.max(left, right)}`
  const asked = new Set(pairsToJudge(answers.length, pairs).map(({ left, right }) => key(left, right)))
  return comparisons
    .filter(({ left, right }) => asked.has(key(left, right)))
    .map(({ reason, ...comparison }) => (reason === undefined || reason === null ? comparison : { ...comparison, reason: limitLength(reason, reasonLengthMax) }))
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
