import type { TaskKind, Verdict } from '../../consensus/index.ts'
import type { ProviderStatus } from './providers/provider-status.ts'
import type { AgentStatistics } from './statistics.ts'

/** A task as an agent sees it. `reference` is the asker's own label (a data set's task id, say), shown to everybody. */
export interface AgentTask {
  round: string
  kind: TaskKind
  prompt: string
  reference: string | null
  /** Whether this node's own owner asked; absent: somebody else did, whose rounds have limits of their own. */
  isOwn?: boolean
}

/** An answer and, where the task has one, the value extracted from it (choice letter, number, label). */
export interface Answer {
  text: string
  value: string | null
}

/** An answer to be judged. `author` is a member id; agents that call a model never show it to the model. */
export interface JudgedAnswer {
  author: string
  text: string
  value: string | null
}

/** Indices into the list of judged answers; `left` is shown first. */
export interface AnswerPair {
  left: number
  right: number
}

export interface JudgeRequest {
  task: AgentTask
  answers: readonly JudgedAnswer[]
  /** The pairs this judge is asked for. Empty with pairing `open`: any pair may be judged. */
  pairs: readonly AnswerPair[]
}

/** A verdict on one pair in the order in which it was shown; a pair asked in both orders gives two of them. */
export interface AgentComparison extends AnswerPair {
  verdict: Verdict
  /** Short reason, at most 280 characters. */
  reason?: string
}

/** Answers that differ from each other, each to be graded so many times, every time afresh. */
export interface GradeRequest {
  task: AgentTask
  answers: readonly Answer[]
  draws: number
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** A conversation to be continued, outside of any round. */
export interface ChatRequest {
  messages: readonly ChatMessage[]
  temperature?: number
  maxTokens?: number
  stop?: readonly string[]
}

/** Text as it comes, then one `end`. `usage` counts tokens; null where the model does not tell. */
export type ChatEvent =
  | { type: 'text'; text: string }
  | { type: 'end'; finish: 'stop' | 'length'; usage: { inputTokens: number; outputTokens: number } | null }

/**
 * What a node needs from its agent. All calls end early when `signal` aborts, by rejecting with the signal's reason.
 * A clean abstention is `null` (answer) or a shorter or empty list (judge, grade); any other failure rejects with an AgentError.
 */
export interface Agent {
  /** What peers are told that answers here: a model name, a solver strategy, a command. At most 100 characters. */
  readonly model: string
  readonly canAnswer: boolean
  readonly canJudge: boolean
  answer(task: AgentTask, signal: AbortSignal): Promise<Answer | null>
  judge(request: JudgeRequest, signal: AbortSignal): Promise<AgentComparison[]>
  /**
   * How good each answer is by itself, from 0 (worthless) to 1 (right and complete): of each a list of up to `draws` grades; no list at all is an
   * abstention. Absent where the agent cannot. Asked only in networks whose members grade.
   */
  grade?(request: GradeRequest, signal: AbortSignal): Promise<number[][]>
  /** Continues a conversation for the node's own owner; absent where the agent cannot. Fails and ends as the calls above do. */
  chat?(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent>
  /** What it has seen of its own judging so far; absent where it keeps no count. */
  statistics?(): AgentStatistics
  /** Whether it would be of use now; absent where nothing but itself can hinder it. */
  readonly health?: AgentHealth
  close(): Promise<void>
}

/** How the providers behind an agent are. Both are cheap and free of charge. */
export interface AgentHealth {
  /** What it would do for a round of its owner, which is what peers are told. In one that others ask it may be at a limit all the same: then it fails at once. */
  ability(): { canAnswer: boolean; canJudge: boolean }
  providers(): ProviderStatus[]
}

/**
 * Why an agent failed; the closed set that logs, status and exit codes are made from. `busy`: too many calls wait already.
 * `budget-refused`: it would go over a limit that the owner has set, and was not made.
 */
export type AgentErrorCode = 'unreachable' | 'refused' | 'rate-limited' | 'timeout' | 'malformed-reply' | 'exited' | 'unsupported-task' | 'busy' | 'budget-refused'

export class AgentError extends Error {
  readonly code: AgentErrorCode
  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AgentError'
    this.code = code
  }
}
