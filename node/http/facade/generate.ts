import { randomUUID } from 'node:crypto'
import { AgentError } from '../../agents/agent.ts'
import type { NodeService } from '../../service.ts'
import { recogniseBackground, type BackgroundTask } from './background.ts'
import type { Call } from './call.ts'
import { writeConversation } from './conversation.ts'
import { estimateTokens, type Generation, type GenerationEvent } from './generation.ts'
import { answerByRound } from './round.ts'

/** Fields that do what they say in any request, and those that do so only where the own agent answers. */
const EFFECTIVE = ['model', 'messages', 'input', 'instructions', 'system', 'stream', 'stream_options', 'metadata', 'peerage', 'n', 'user']
const EFFECTIVE_SOLO = [...EFFECTIVE, 'temperature', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'stop', 'stop_sequences']
const IGNORED_MAX = 32

/**
 * Begins to answer: by a round, or by the own agent if that was asked for or the request is a chore it can do. Resolves once the round
 * is handed to the network. Rejects with FacadeError or ServiceError; `events` says what else can fail.
 */
export async function generate(service: NodeService, call: Call, signal: AbortSignal, idempotencyKey?: string): Promise<Generation> {
  if (call.model === 'peerage/solo') return answerSolo(service, call, null, signal)
  const background = service.solo.means === 'chat' ? recogniseBackground(call) : null
  if (background !== null) return answerSolo(service, call, background, signal)
  return answerByRound(service, call, { ignored: ignoredFields(call, EFFECTIVE), signal, idempotencyKey })
}

function ignoredFields({ fields }: Call, effective: readonly string[]): string[] {
  return fields.filter((field) => !effective.includes(field)).slice(0, IGNORED_MAX).map((field) => field.slice(0, 64))
}

function answerSolo(service: NodeService, call: Call, background: BackgroundTask | null, signal: AbortSignal): Generation {
  return { id: randomUUID().replaceAll('-', ''), model: 'peerage/solo', events: soloEvents(service, call, background, signal) }
}

async function* soloEvents(service: NodeService, call: Call, background: BackgroundTask | null, signal: AbortSignal): AsyncGenerator<GenerationEvent, void, void> {
  const { means } = service.solo
  const model = service.status().model
  if (means === 'none') throw new AgentError('unsupported-task', `The agent of this node (${model}) neither holds conversations nor answers tasks.`)
  const asTask = means === 'answer' || call.kind !== 'text'
  const { messages, kind, temperature, maxTokens, stop } = call
  const prompt = asTask ? writeConversation(messages) : ''
  const tuning = { ...(temperature === undefined ? {} : { temperature }), ...(maxTokens === undefined ? {} : { maxTokens }), ...(stop.length === 0 ? {} : { stop }) }
  let length = 0
  for await (const event of service.solo.converse({ messages, kind, prompt, ...tuning }, signal)) {
    if (event.type === 'text') {
      length += event.text.length
      yield event
      continue
    }
    const inputTokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0)
    const usage = event.usage === null ? { inputTokens, outputTokens: Math.ceil(length / 4), estimated: true } : { ...event.usage, estimated: false }
    yield { type: 'end', finish: event.finish, usage, peerage: describeSolo(model, background, usage.estimated, ignoredFields(call, asTask ? EFFECTIVE : EFFECTIVE_SOLO)) }
    return
  }
  throw new AgentError('malformed-reply', `The answer of ${model} ended early.`)
}

function describeSolo(model: string, background: BackgroundTask | null, estimated: boolean, ignored: string[]) {
  const why = background === null ? '' : ` A chore of the front end (${background}), not put to the network.`
  return {
    schema: 'peerage.chat/v1' as const,
    mode: 'solo' as const,
    background,
    note: `Answered by this node's own agent (${model}), unrated.${why}`,
    round: null,
    status: null,
    rated: null,
    winner: null,
    ranking: [],
    agreement_micro: null,
    evaluation: null,
    credits: [],
    usage_estimated: estimated,
    ignored,
  }
}
