import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { sha256 } from '../../consensus/index.ts'
import type { Verdict } from '../../consensus/index.ts'
import { acceptedHash } from '../../protocol/index.ts'
import { LineTooLongError, splitLines } from './lines.ts'
import { answerBytesMax, limitBytes, limitLength, valueLengthMax } from './text-limits.ts'

/** Why a recorded file cannot be used. */
export type RecordingErrorCode = 'unreadable' | 'malformed-line' | 'line-too-long' | 'duplicate' | 'unknown-agent'

/** Names the line (from 1) and the field where known. */
export class RecordingError extends Error {
  readonly code: RecordingErrorCode
  readonly line: number | null
  readonly field: string | null
  constructor(code: RecordingErrorCode, message: string, where: { line?: number; field?: string } = {}, options?: ErrorOptions) {
    super([message, where.line === undefined ? '' : `line ${where.line}`, where.field ?? ''].filter((part) => part !== '').join(', '), options)
    this.name = 'RecordingError'
    this.code = code
    this.line = where.line ?? null
    this.field = where.field ?? null
  }
}

const lineBytesMax = 16_000_000

const name = z.string().min(1).max(200)
const optionalText = z.string().nullish()

const answerSchema = z.object({ agent: name, text: optionalText, extracted: optionalText, cluster: optionalText, correct: z.boolean().nullish() })
const ballotSchema = z.object({ judge: name, left: name, right: name, winner: z.enum(['left', 'right', 'tie', 'invalid']), mode: name })
const taskSchema = z.object({
  taskId: name,
  category: z.string(),
  kind: optionalText,
  prompt: optionalText,
  groundTruth: optionalText,
  answers: z.array(answerSchema),
  ballots: z.array(ballotSchema),
})

export interface RecordedAnswer {
  agent: string
  text: string | null
  /** Which answers are the same: the cluster, or what was extracted where the file has no clusters. */
  value: string | null
  correct: boolean | null
}

export interface RecordedBallot {
  judge: string
  left: string
  right: string
  verdict: Verdict
  mode: string
}

export interface RecordedTask {
  taskId: string
  category: string
  kind: string | null
  prompt: string | null
  groundTruth: string | null
  answers: RecordedAnswer[]
  /** Without the invalid ones. */
  ballots: RecordedBallot[]
}

/**
 * Reads a recorded file (JSON lines, gzipped where its name ends in .gz) task by task, holding one at a time.
 * @throws RecordingError
 */
export async function* readRecording(file: string): AsyncGenerator<RecordedTask, void, void> {
  const seen = new Set<string>()
  let line = 0
  for await (const text of readLines(file)) {
    line++
    if (text === '') continue
    const task = parseTask(text, line)
    if (seen.has(task.taskId)) throw new RecordingError('duplicate', `task ${task.taskId} comes twice`, { line, field: 'taskId' })
    seen.add(task.taskId)
    yield task
  }
}

/** A task as far as choosing and scoring it needs: no texts, no single ballots. */
export interface RecordedTaskSummary {
  taskId: string
  category: string
  kind: string | null
  prompt: string | null
  groundTruth: string | null
  /** `accepted` is how a truth would name the answer: its value, or the hash of its text where it has none. */
  answers: { agent: string; value: string | null; correct: boolean | null; accepted: string }[]
  /** Who has a valid ballot on it (in the mode asked for). */
  judges: string[]
}

export interface RecordingSummary {
  agents: string[]
  judges: string[]
  modes: string[]
  tasks: RecordedTaskSummary[]
}

/**
 * The task list of a recorded file, in the order of sha256("run1" + taskId) as hex. With `kind`, only tasks of that kind; with
 * `mode`, only ballots of that mode and only tasks that have one. Names are sorted.
 * @throws RecordingError
 */
export async function summariseRecording(file: string, filter: { kind?: string; mode?: string } = {}): Promise<RecordingSummary> {
  const names = { agents: new Set<string>(), judges: new Set<string>(), modes: new Set<string>() }
  const tasks: { order: string; task: RecordedTaskSummary }[] = []
  for await (const { answers, ballots, ...task } of readRecording(file)) {
    if (filter.kind !== undefined && task.kind !== filter.kind) continue
    const counted = ballots.filter(({ mode }) => filter.mode === undefined || mode === filter.mode)
    if (filter.mode !== undefined && counted.length === 0) continue
    for (const { agent } of answers) names.agents.add(agent)
    for (const { judge, mode } of counted) {
      names.judges.add(judge)
      names.modes.add(mode)
    }
    const judges = [...new Set(counted.map(({ judge }) => judge))].sort()
    const summary = { ...task, answers: answers.map(summariseAnswer), judges }
    tasks.push({ order: sha256(`run1${task.taskId}`), task: summary })
  }
  tasks.sort((a, b) => (a.order < b.order ? -1 : 1))
  return { agents: [...names.agents].sort(), judges: [...names.judges].sort(), modes: [...names.modes].sort(), tasks: tasks.map(({ task }) => task) }
}

function summariseAnswer(answer: RecordedAnswer): RecordedTaskSummary['answers'][number] {
  const { agent, value, correct } = answer
  return { agent, value, correct, accepted: value ?? acceptedHash(replayedText(answer)) }
}

/** The text that a replayed answer is given with, within the protocol's limit. */
export function replayedText({ text, value }: RecordedAnswer): string {
  return limitBytes(text ?? value ?? '(no text)', answerBytesMax, '\n[cut]')
}

async function* readLines(file: string): AsyncGenerator<string, void, void> {
  const source = createReadStream(file)
  const gunzip = file.endsWith('.gz') ? createGunzip() : null
  if (gunzip !== null) source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
  try {
    yield* splitLines(gunzip ?? source, lineBytesMax)
  } catch (error) {
    if (error instanceof LineTooLongError) throw new RecordingError('line-too-long', error.message, {}, { cause: error })
    throw new RecordingError('unreadable', `cannot read ${file}`, {}, { cause: error })
  } finally {
    source.destroy()
    gunzip?.destroy()
  }
}

function parseTask(text: string, line: number): RecordedTask {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new RecordingError('malformed-line', 'not JSON', { line }, { cause: error })
  }
  const parsed = taskSchema.safeParse(data)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RecordingError('malformed-line', issue?.message ?? 'malformed', { line, field: issue?.path.join('.') ?? '' })
  }
  const { taskId, category, kind, prompt, groundTruth, answers, ballots } = parsed.data
  const authors = new Set(answers.map(({ agent }) => agent))
  if (authors.size < answers.length) throw new RecordingError('duplicate', 'an agent answers twice', { line, field: 'answers' })
  return {
    taskId,
    category,
    kind: kind ?? null,
    prompt: prompt ?? null,
    groundTruth: groundTruth ?? null,
    answers: answers.map((answer) => ({ agent: answer.agent, text: answer.text ?? null, value: valueOf(answer), correct: answer.correct ?? null })),
    ballots: ballots.flatMap(({ winner, ...ballot }) => (winner === 'invalid' ? [] : [{ ...ballot, verdict: winner }])),
  }
}

/** A cluster that is null says that the answer equals no other, whatever was extracted; only without the field does that count. */
function valueOf({ cluster, extracted }: z.infer<typeof answerSchema>): string | null {
  const value = cluster === undefined ? extracted : cluster
  return value === undefined || value === null ? null : limitLength(value, valueLengthMax)
}
