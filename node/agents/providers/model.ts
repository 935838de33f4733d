/** What the agents above need of a model: calls with a purpose, answered as they come or at once. */
import type { ChatEvent, ChatRequest } from '../agent.ts'

/** What calls are made for. Limits are kept per round, and apart for rounds that others asked. */
export interface CallPurpose {
  job: 'answer' | 'judge' | 'chat' | 'test'
  /** Null outside of rounds. */
  round: string | null
  isOwn: boolean
}

export interface TokenUsage {
  inputTokens: number
  outputTokens: number
}

export interface ModelCall extends ChatRequest {
  purpose: CallPurpose
}

export type ModelReply = {
  text: string
  /** `length`: the limit of tokens cut it. */
  finish: 'stop' | 'length'
  /** Null where the model does not tell; `costMicro`, in millionths of the owner's currency, is then an upper bound. */
  usage: TokenUsage | null
  costMicro: number
}

/** A model that can be called; rejects with AgentError, or with the signal's reason. */
export interface Model {
  /** What peers are told that answers here. */
  readonly name: string
  /** How many calls it takes at a time. */
  readonly concurrency: number
  /** The whole reply. */
  complete(call: ModelCall, signal: AbortSignal): Promise<ModelReply>
  /** The reply as it comes. To stop iterating ends the call. */
  stream(call: ModelCall, signal: AbortSignal): AsyncGenerator<ChatEvent, void, void>
}
