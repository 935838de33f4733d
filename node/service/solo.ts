import type { ChatEvent, ChatRequest } from '../agents/agent.ts'
import type { TaskKind } from '../../consensus/index.ts'

/** A conversation, and the same as one task, for agents that answer tasks only. */
export interface SoloRequest extends ChatRequest {
  kind: TaskKind
  prompt: string
  reference: string | null
}

/** This node's own agent, asked by its owner alone: no round, no peer, no record. */
export interface Solo {
  /** `chat`: it holds conversations, text coming as it is made; `answer`: it answers them as one task, all at once; `none`: neither. */
  means: 'chat' | 'answer' | 'none'
  /** Rejects with AgentError, also midway, or with the signal's reason. Kinds other than `text` are always put as a task. */
  converse(request: SoloRequest, signal: AbortSignal): AsyncIterable<ChatEvent>
}
