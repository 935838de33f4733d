import { z } from 'zod'
import type { ChatMessage } from '../../agents/agent.ts'
import { assertConversation, extraSchema, fieldsOf, MESSAGES_MAX, metadataSchema, parseBody, readExtra, readModel, readText, temperatureSchema, tokensSchema } from './call.ts'
import { demandsTool } from './chat-request.ts'
import type { DialectRequest } from './dialect.ts'
import { FacadeError } from './errors.ts'

const itemSchema = z.looseObject({ type: z.string().optional(), role: z.enum(['system', 'developer', 'user', 'assistant']).optional(), content: z.unknown().optional() })

/** Body of POST /v1/responses as far as it matters here. Fields not named are accepted and have no effect. */
export const responsesSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(itemSchema).min(1).max(MESSAGES_MAX)]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  temperature: temperatureSchema,
  max_output_tokens: tokensSchema,
  metadata: metadataSchema.nullish(),
  peerage: extraSchema.nullish(),
  tool_choice: z.unknown().optional(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.unknown().optional(),
  background: z.boolean().nullish(),
})

/** `echo`: what the response says again of the request. */
export interface ResponsesRequest extends DialectRequest {
  echo: { instructions: string | null; metadata: object; temperature: number | null; max_output_tokens: number | null }
}

/** Reads a request for a response. Throws FacadeError. */
export function readResponsesRequest(body: unknown): ResponsesRequest {
  const parsed = parseBody(responsesSchema, body)
  refuseUnsupported(parsed)
  const { instructions, input, temperature, max_output_tokens: maxTokens, metadata } = parsed
  const spoken: ChatMessage[] = typeof input === 'string' ? [{ role: 'user', content: input.toWellFormed() }] : input.flatMap(readItem)
  const messages: ChatMessage[] = [...(instructions === null || instructions === undefined ? [] : [{ role: 'system' as const, content: instructions.toWellFormed() }]), ...spoken]
  assertConversation(spoken)
  return {
    call: {
      model: readModel(parsed.model),
      messages,
      ...readExtra(parsed.peerage, metadata),
      temperature: temperature ?? undefined,
      maxTokens: maxTokens ?? undefined,
      stop: [],
      fields: fieldsOf(body),
    },
    stream: parsed.stream ?? false,
    echo: { instructions: instructions ?? null, metadata: metadata ?? {}, temperature: temperature ?? null, max_output_tokens: maxTokens ?? null },
  }
}

/** An item of the input as a message. What was told of progress comes back as reasoning, and is no part of the conversation. */
function readItem({ type = 'message', role, content }: z.output<typeof itemSchema>, index: number): ChatMessage[] {
  if (type === 'reasoning') return []
  if (type !== 'message' || role === undefined) throw new FacadeError('unsupported_content', `Items of the type "${type.slice(0, 40)}" are not possible: members of this network read messages.`, `input[${index}]`)
  return [{ role: role === 'developer' ? 'system' : role, content: readText(content, `input[${index}].content`) }]
}

function refuseUnsupported(body: z.output<typeof responsesSchema>): void {
  const refuse = (param: string, message: string): never => {
    throw new FacadeError('unsupported_parameter', message, param)
  }
  if (demandsTool(body.tool_choice)) refuse('tool_choice', 'Tools are not called here: only "none" and "auto" are possible, and the answer is a text.')
  if ((body.text?.format?.type ?? 'text') !== 'text') refuse('text.format', 'The form of an answer cannot be guaranteed: ask for it in the prompt, and check what comes.')
  if (typeof body.previous_response_id === 'string') refuse('previous_response_id', 'Responses are not kept: send the whole conversation as input.')
  if (body.conversation !== undefined && body.conversation !== null) refuse('conversation', 'Conversations are not kept: send the whole conversation as input.')
  if (body.background === true) refuse('background', 'Responses are not kept: POST /api/v1/rounds opens a round that need not be waited for.')
}
