/** A round as a task of A2A. Nothing is kept: the id of the task is that of the round, and the record has the rest. */
import { Role, TaskState } from '@a2a-js/sdk'
import type { Artifact, Message, Part, Task } from '@a2a-js/sdk'
import type { RoundDetail, RoundSummary } from '../service.ts'

/** Names of the two things a round brings forth: the winning answer, and everything about how it was found. */
export const ANSWER_ARTIFACT = 'answer'
export const ROUND_ARTIFACT = 'round'

/** The task that a round is, so far. At most `historyLength` messages of its history, all where undefined. */
export function taskOf(round: RoundDetail, historyLength?: number): Task {
  const history = [promptOf(round)]
  return {
    id: round.round,
    contextId: contextOf(round),
    status: { state: stateOf(round), message: outcomeOf(round), timestamp: undefined },
    artifacts: artifactsOf(round),
    history: historyLength === undefined ? history : history.slice(0, historyLength),
    metadata: undefined,
  }
}

/** Rounds of one context carry its id as their reference. */
export function contextOf({ round, reference }: RoundSummary): string {
  return reference ?? round
}

export function stateOf({ status, openedHeight, winner }: RoundSummary): TaskState {
  if (status === 'closed') return winner === null ? TaskState.TASK_STATE_FAILED : TaskState.TASK_STATE_COMPLETED
  return openedHeight === null ? TaskState.TASK_STATE_SUBMITTED : TaskState.TASK_STATE_WORKING
}

/** The answer is there as soon as it is final, the rest once the round has closed. */
export function artifactsOf(round: RoundDetail): Artifact[] {
  const { winner, status } = round
  if (winner === null) return []
  const answer: Artifact = { ...EMPTY_ARTIFACT, artifactId: ANSWER_ARTIFACT, name: 'The winning answer', description: `By ${winner.name} (${winner.member})`, parts: [textPart(winner.text)] }
  if (status === 'open') return [answer]
  const { rated, evaluation, ranking, credit, answers, reputation, record } = round
  const data = { round: round.round, kind: round.kind, winner, rated, evaluation, ranking, credit, answers, reputation, record }
  return [answer, { ...EMPTY_ARTIFACT, artifactId: ROUND_ARTIFACT, name: 'The round', description: 'Answers, ranking, credit and what they changed', parts: [dataPart(data)] }]
}

/** A message of the node about a task. */
export function sayOf(round: RoundDetail, id: string, text: string): Message {
  return messageOf(round, `${round.round}/${id}`, Role.ROLE_AGENT, text)
}

function outcomeOf(round: RoundDetail): Message | undefined {
  if (round.status === 'open') return undefined
  const said = round.winner === null ? 'The round closed without a winner: nobody answered.' : `The answer of ${round.winner.name} won${round.rated === false ? '; the round is unrated' : ''}.`
  return sayOf(round, 'outcome', said)
}

function promptOf(round: RoundDetail): Message {
  return messageOf(round, `${round.round}/prompt`, Role.ROLE_USER, round.prompt)
}

function messageOf(round: RoundDetail, messageId: string, role: Role, text: string): Message {
  return { messageId, contextId: contextOf(round), taskId: round.round, role, parts: [textPart(text)], metadata: undefined, extensions: [], referenceTaskIds: [] }
}

const EMPTY_ARTIFACT = { metadata: undefined, extensions: [] }

function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }
}

function dataPart(value: unknown): Part {
  return { content: { $case: 'data', value }, metadata: undefined, filename: '', mediaType: 'application/json' }
}
