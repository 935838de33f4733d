import { randomUUID } from 'node:crypto'
import { AgentError } from '../../agents/agent.ts'
import type { NodeService } from '../../service.ts'
import type { BackgroundTask } from './background.ts'
import { ignoredFields, type Call } from './call.ts'
import { writeConversation } from './conversation.ts'
import { estimateTokens, type Generation, type GenerationEvent, type PeerageExtra } from './generation.ts'

/** Fields that an agent in conversation is told of. */
const TUNING = ['temperature', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'stop', 'stop_sequences']

/** Asks the own agent: `background` says for which chore, if it is one. `events` fails with AgentError or FacadeError. */
export function answerSolo(service: NodeService, call: Call, background: BackgroundTask | null, signal: AbortSignal): Generation {
  return { id: randomUUID().replaceAll('-', ''), model: 'peerage/solo', events: soloEvents(service, call, background, signal) }
}

async function* soloEvents(service: NodeService, call: Call, background: BackgroundTask | null, signal: AbortSignal): AsyncGenerator<GenerationEvent, void, void> {
  const { means } = service.solo
  const model = service.status().model
  if (means === 'none') throw new AgentError('unsupported-task', `The agent of this node (${model}) neither holds conversations nor answers tasks.`)
  const asTask = means === 'answer' || call.kind !== 'text'
  const { messages, kind, reference = null, temperature, maxTokens, stop } = call
  const prompt = asTask ? writeConversation(messages) : ''
  const tuning = { ...(temperature === undefined ? {} : { temperature }), ...(maxTokens === undefined ? {} : { maxTokens }), ...(stop.length === 0 ? {} : { stop }) }
  let length = 0
  for await (const event of service.solo.converse({ messages, kind, prompt, reference, ...tuning }, signal)) {
    if (event.type === 'text') {
      length += event.text.length
      yield event
      continue
    }
    const inputTokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0)
    const usage = event.usage === null ? { inputTokens, outputTokens: Math.ceil(length / 4), estimated: true } : { ...event.usage, estimated: false }
    yield { type: 'end', finish: event.finish, usage, peerage: describeSolo(model, background, usage.estimated, ignoredFields(call, asTask ? [] : TUNING)) }
    return
  }
  throw new AgentError('malformed-reply', `The answer of ${model} ended early.`)
}

function describeSolo(model: string, background: BackgroundTask | null, estimated: boolean, ignored: string[]): PeerageExtra {
  const why = background === null ? '' : ` A chore of the front end (${background}), not put to the network.`
  return {
    schema: 'peerage.chat/v1',
    mode: 'solo',
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
