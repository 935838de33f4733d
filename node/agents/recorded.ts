import type { Verdict } from '../../consensus/index.ts'
import type { Agent, AgentComparison, Answer, JudgeRequest } from './agent.ts'
import { readRecording, RecordingError, replayedText } from './recording.ts'
import type { RecordedTask } from './recording.ts'
import { limitLength, modelLengthMax } from './text-limits.ts'

export interface RecordedAgentOptions {
  /** A recorded file: JSON lines, gzipped where its name ends in .gz. */
  file: string
  /** Whom of the file to replay. */
  agent: string
  /** Replays only ballots of this way of asking; all of them if not given. */
  mode?: string | undefined
  /** Member id to the recorded agent that this member replays. */
  members: Readonly<Record<string, string>>
}

interface RecordedPart {
  answer: Answer | null
  comparisons: { left: string; right: string; verdict: Verdict }[]
}

/**
 * An agent that replays one member of a recorded file: its answer to the task that `task.reference` names, and its ballots on
 * the answers of the other members. It abstains where the file has nothing. Reads the file once and keeps its own part only.
 * Two ballots on one pair, from two ways of asking, both count.
 *
 * @throws RecordingError where the file is not usable or the agent is not in it
 */
export async function createRecordedAgent({ file, agent, mode, members }: RecordedAgentOptions): Promise<Agent> {
  const parts = new Map<string, RecordedPart>()
  for await (const task of readRecording(file)) {
    const part = takePart(task, agent, mode)
    if (part.answer !== null || part.comparisons.length > 0) parts.set(task.taskId, part)
  }
  if (parts.size === 0) throw new RecordingError('unknown-agent', `${agent} has no answer and no ballot in ${file}`)
  const recordedOf = new Map(Object.entries(members))
  const all = [...parts.values()]
  const partOf = (reference: string | null): RecordedPart | undefined => (reference === null ? undefined : parts.get(reference))
  return {
    model: limitLength(`recorded:${agent}`, modelLengthMax),
    canAnswer: all.some(({ answer }) => answer !== null),
    canJudge: all.some(({ comparisons }) => comparisons.length > 0),
    answer: async (task, signal) => {
      signal.throwIfAborted()
      return partOf(task.reference)?.answer ?? null
    },
    judge: async (request, signal) => {
      signal.throwIfAborted()
      const part = partOf(request.task.reference)
      return part === undefined ? [] : replayComparisons(part, request, recordedOf)
    },
    close: () => Promise.resolve(),
  }
}

function takePart(task: RecordedTask, agent: string, mode: string | undefined): RecordedPart {
  const own = task.answers.find((answer) => answer.agent === agent)
  const ballots = task.ballots.filter((ballot) => ballot.judge === agent && (mode === undefined || ballot.mode === mode))
  return {
    answer: own === undefined ? null : { text: replayedText(own), value: own.value },
    comparisons: ballots.map(({ left, right, verdict }) => ({ left, right, verdict })),
  }
}

function replayComparisons(part: RecordedPart, { answers, pairs }: JudgeRequest, recordedOf: ReadonlyMap<string, string>): AgentComparison[] {
  const indexOf = new Map<string, number>()
  for (const [index, { author }] of answers.entries()) {
    const recorded = recordedOf.get(author)
    if (recorded !== undefined && !indexOf.has(recorded)) indexOf.set(recorded, index)
  }
  const isWanted = (a: number, b: number): boolean =>
    pairs.length === 0 || pairs.some(({ left, right }) => (left === a && right === b) || (left === b && right === a))
  return part.comparisons.flatMap(({ left: leftName, right: rightName, verdict }) => {
    const [left, right] = [indexOf.get(leftName), indexOf.get(rightName)]
    return left === undefined || right === undefined || left === right || !isWanted(left, right) ? [] : [{ left, right, verdict }]
  })
}
