import { z } from 'zod'
import type { ChatMessage } from '../../agents/agent.ts'
import { assertConversation, extraSchema, fieldsOf, MESSAGES_MAX, metadataSchema, parseBody, readExtra, readModel, readText, temperatureSchema, tokensSchema } from './call.ts'
import type { Dialect, DialectRequest, StreamOptions } from './dialect.ts'
import { FacadeError, openAiErrorSchema, toOpenAiError } from './errors.ts'
import { writeEvent } from './event-body.ts'
import { peerageExtraSchema, type Generated, type Generation, type GenerationEvent } from './generation.ts'

/** Body of Anthropic's POST /v1/messages as far as it matters here. Fields not named are accepted and have no effect. */
const messagesSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: z.unknown().optional() })).min(1).max(MESSAGES_MAX),
  system: z.unknown().optional(),
  stream: z.boolean().nullish(),
  max_tokens: tokensSchema,
  temperature: temperatureSchema,
  stop_sequences: z.array(z.string().max(1_000)).max(16).nullish(),
  metadata: metadataSchema.nullish(),
  peerage: extraSchema.nullish(),
  tool_choice: z.looseObject({ type: z.string() }).nullish(),
  thinking: z.looseObject({ type: z.string() }).nullish(),
})

interface MessagesRequest extends DialectRequest {
  /** Whether the client reads thinking: only then is progress told as such. */
  thinking: boolean
}

const usageSchema = z.object({ input_tokens: z.int(), output_tokens: z.int() })

const messageSchema = z
  .object({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
    stop_reason: z.enum(['end_turn', 'max_tokens']),
    stop_sequence: z.null(),
    usage: usageSchema,
    peerage: peerageExtraSchema,
  })
  .meta({ id: 'Message' })
type Message = z.infer<typeof messageSchema>

/** OpenAI's error under Anthropic's type. */
const anthropicErrorSchema = openAiErrorSchema.extend({ type: z.literal('error') }).meta({ id: 'AnthropicError' })

/** Anthropic's messages. */
export const messages: Dialect<MessagesRequest> = {
  path: '/messages',
  described: {
    id: 'createMessage', summary: "Anthropic's messages, whole or streamed", body: messagesSchema, whole: messageSchema,
    event: z.looseObject({ type: z.string() }).meta({ id: 'MessageEvent', description: "as Anthropic's API has them, `peerage` in message_delta" }), refusal: anthropicErrorSchema,
  },
  read: readMessagesRequest,
  write: writeMessage,
  writeStream: writeEvents,
}

function readMessagesRequest(body: unknown): MessagesRequest {
  const parsed = parseBody(messagesSchema, body)
  const choice = parsed.tool_choice?.type ?? 'auto'
  if (choice !== 'auto' && choice !== 'none') throw new FacadeError('unsupported_parameter', 'Tools are not called here: only "none" and "auto" are possible, and the answer is a text.', 'tool_choice')
  const spoken = parsed.messages.map(({ role, content }, index): ChatMessage => ({ role, content: readText(withoutThinking(content), `messages[${index}].content`) }))
  assertConversation(spoken)
  const system = readText(parsed.system, 'system')
  return {
    call: {
      model: readModel(parsed.model),
      messages: [...(system === '' ? [] : [{ role: 'system' as const, content: system }]), ...spoken],
      ...readExtra(parsed.peerage, parsed.metadata),
      temperature: parsed.temperature ?? undefined,
      maxTokens: parsed.max_tokens ?? undefined,
      stop: parsed.stop_sequences ?? [],
      fields: fieldsOf(body),
    },
    stream: parsed.stream ?? false,
    thinking: (parsed.thinking?.type ?? 'disabled') !== 'disabled',
  }
}

/** What was told of progress comes back as thinking, and is no part of the conversation. */
function withoutThinking(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.filter((block: unknown) => !(typeof block === 'object' && block !== null && 'type' in block && (block.type === 'thinking' || block.type === 'redacted_thinking')))
}

type End = Extract<GenerationEvent, { type: 'end' }>
const reasonOf = ({ finish }: End): Message['stop_reason'] => (finish === 'length' ? 'max_tokens' : 'end_turn')
const usageOf = ({ usage }: End): z.infer<typeof usageSchema> => ({ input_tokens: usage.inputTokens, output_tokens: usage.outputTokens })

function writeMessage(_: MessagesRequest, { id, model }: Pick<Generation, 'id' | 'model'>, { text, end }: Generated): Message {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [{ type: 'text', text }], stop_reason: reasonOf(end), stop_sequence: null, usage: usageOf(end), peerage: end.peerage }
}

/** The message as events; `peerage` is in `message_delta`, the last one with contents. A failure midway is an `error` event and the end. */
async function* writeEvents({ thinking }: MessagesRequest, { id, model, events }: Generation, { onError }: StreamOptions): AsyncGenerator<string, void, void> {
  const say = (type: string, fields: object = {}): string => writeEvent({ type, ...fields }, type)
  let index = -1
  let open: 'thinking' | 'text' | null = null
  const enter = (type: 'thinking' | 'text'): string => {
    if (open === type) return ''
    const closing = open === null ? '' : say('content_block_stop', { index })
    open = type
    index++
    return closing + say('content_block_start', { index, content_block: type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' } })
  }
  try {
    let begun = false
    for await (const event of events) {
      if (!begun) {
        begun = true
        const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 } }
        yield say('message_start', { message })
      }
      if (event.type === 'text') yield enter('text') + say('content_block_delta', { index, delta: { type: 'text_delta', text: event.text } })
      else if (event.type === 'end') {
        const closing = enter('text') + say('content_block_stop', { index })
        yield closing + say('message_delta', { delta: { stop_reason: reasonOf(event), stop_sequence: null }, usage: usageOf(event), peerage: event.peerage }) + say('message_stop')
      } else if (thinking) yield enter('thinking') + say('content_block_delta', { index, delta: { type: 'thinking_delta', thinking: event.text } })
    }
  } catch (error) {
    onError(error)
    yield say('error', describeForAnthropic(error).body)
  }
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** A failure in Anthropic's shape, with the code of the others beside its type. */
export function describeForAnthropic(error: unknown): { status: number; headers: Record<string, string>; body: z.infer<typeof anthropicErrorSchema> } {
  const { status, headers, body } = toOpenAiError(error)
  const { message, code, param } = body.error
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return { status, headers, body: { ...body, type: 'error', error: { type, message, code, param } } }
}
