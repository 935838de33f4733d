import { z } from 'zod'
import type { ChatMessage } from '../../agents/agent.ts'
import { assertConversation, extraSchema, fieldsOf, MESSAGES_MAX, metadataSchema, parseBody, readExtra, readModel, readText, stopSchema, temperatureSchema, tokensSchema, type Call } from './call.ts'
import type { DialectRequest } from './dialect.ts'
import { FacadeError } from './errors.ts'

const messageSchema = z.looseObject({ role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']), content: z.unknown().optional(), tool_calls: z.unknown().optional() })

/** Body of POST /v1/chat/completions as far as it matters here. Fields not named are accepted and have no effect. */
export const chatSchema = z.looseObject({
  model: z.string(),
  messages: z.array(messageSchema).min(1).max(MESSAGES_MAX),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: temperatureSchema,
  max_tokens: tokensSchema,
  max_completion_tokens: tokensSchema,
  stop: stopSchema,
  metadata: metadataSchema.nullish(),
  peerage: extraSchema.nullish(),
  n: z.int().nullish(),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
  functions: z.array(z.unknown()).nullish(),
  function_call: z.unknown().optional(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  logprobs: z.boolean().nullish(),
  modalities: z.array(z.string()).nullish(),
})
type ChatBody = z.output<typeof chatSchema>

export interface ChatRequest extends DialectRequest {
  includeUsage: boolean
}

/** Reads a request for a chat completion. Throws FacadeError. */
export function readChatRequest(body: unknown): ChatRequest {
  const parsed = parseBody(chatSchema, body)
  refuseUnsupported(parsed)
  const messages = parsed.messages.map(readMessage)
  assertConversation(messages)
  const call: Call = {
    model: readModel(parsed.model),
    messages,
    ...readExtra(parsed.peerage, parsed.metadata),
    temperature: parsed.temperature ?? undefined,
    maxTokens: parsed.max_completion_tokens ?? parsed.max_tokens ?? undefined,
    stop: parsed.stop ?? [],
    fields: fieldsOf(body),
  }
  return { call, stream: parsed.stream ?? false, includeUsage: parsed.stream_options?.include_usage ?? false }
}

function readMessage({ role, content, tool_calls: toolCalls }: z.output<typeof messageSchema>, index: number): ChatMessage {
  if (role === 'tool' || role === 'function') throw new FacadeError('unsupported_content', 'Tools are not called here, so there are no results of tools either.', `messages[${index}].role`)
  if (Array.isArray(toolCalls) && toolCalls.length > 0) throw new FacadeError('unsupported_content', 'Tools are not called here.', `messages[${index}].tool_calls`)
  return { role: role === 'developer' ? 'system' : role, content: readText(content, `messages[${index}].content`) }
}

/** Refuses what would change the meaning of the answer. What only tunes it is accepted. */
function refuseUnsupported(body: ChatBody): void {
  const refuse = (param: string, message: string): never => {
    throw new FacadeError('unsupported_parameter', message, param)
  }
  if ((body.n ?? 1) !== 1) refuse('n', 'There is one choice: the answer that won. The others are in GET /api/v1/rounds/<id>.')
  if (demandsTool(body.tool_choice)) refuse('tool_choice', 'Tools are not called here: only "none" and "auto" are possible, and the answer is a text.')
  if (demandsTool(body.function_call)) refuse('function_call', 'Functions are not called here: only "none" and "auto" are possible, and the answer is a text.')
  if ((body.response_format?.type ?? 'text') !== 'text') refuse('response_format', 'The form of an answer cannot be guaranteed: ask for it in the prompt, and check what comes.')
  if (body.logprobs === true) refuse('logprobs', 'There are no log probabilities.')
  if (body.modalities?.some((modality) => modality !== 'text') === true) refuse('modalities', 'Answers are texts.')
}

/** Whether a choice of tool leaves no way but to call one. */
export function demandsTool(choice: unknown): boolean {
  return choice !== undefined && choice !== null && choice !== 'none' && choice !== 'auto'
}
