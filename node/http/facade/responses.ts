import { z } from 'zod'
import type { Dialect, StreamOptions } from './dialect.ts'
import { openAiErrorSchema, toOpenAiError } from './errors.ts'
import { writeEvent } from './event-body.ts'
import { peerageExtraSchema, type Generated, type Generation, type Usage } from './generation.ts'
import { readResponsesRequest, responsesSchema, type ResponsesRequest } from './responses-request.ts'

/** What of a response says what came of the request; the rest is as OpenAI's API has it. */
const responseSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.int(),
    status: z.enum(['in_progress', 'completed', 'incomplete']),
    model: z.string(),
    output: z.array(z.looseObject({ id: z.string(), type: z.enum(['reasoning', 'message']) })),
    peerage: peerageExtraSchema.optional().describe('once it is complete'),
  })
  .meta({ id: 'Response' })
const eventSchema = z.looseObject({ type: z.string(), sequence_number: z.int() }).meta({ id: 'ResponseEvent', description: "as OpenAI's API has them, `peerage` in the response of the last" })

/** OpenAI's responses: nothing is kept, so each request carries its whole conversation. */
export const responses: Dialect<ResponsesRequest> = {
  path: '/responses',
  described: { id: 'createResponse', summary: "OpenAI's responses, whole or streamed; nothing is kept", body: responsesSchema, whole: responseSchema, event: eventSchema, refusal: openAiErrorSchema },
  read: readResponsesRequest,
  write: (request, generation, generated, createdS) => writeResponse(request, generation, createdS, { output: [messageItem(generation.id, generated.text, generated.end.finish)], generated }),
  writeStream: writeEvents,
}

interface Progress {
  output: object[]
  /** Null while it is under way. */
  generated: Generated | null
}

function writeResponse({ echo }: ResponsesRequest, { id, model }: Pick<Generation, 'id' | 'model'>, createdS: number, { output, generated }: Progress): object {
  const cut = generated?.end.finish === 'length'
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: createdS,
    completed_at: generated === null ? null : Math.floor(Date.now() / 1_000),
    status: generated === null ? 'in_progress' : cut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    model,
    output,
    parallel_tool_calls: false,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    text: { format: { type: 'text' } },
    tool_choice: 'none',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: generated === null ? null : writeUsage(generated.end.usage),
    ...echo,
    ...(generated === null ? {} : { peerage: generated.end.peerage }),
  }
}

function writeUsage({ inputTokens, outputTokens }: Usage): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  }
}

const textPart = (text: string): object => ({ type: 'output_text', text, annotations: [], logprobs: [] })
const summaryPart = (text: string): object => ({ type: 'summary_text', text })

function messageItem(id: string, text: string | null, finish: 'stop' | 'length'): object {
  const status = text === null ? 'in_progress' : finish === 'length' ? 'incomplete' : 'completed'
  return { id: `msg_${id}`, type: 'message', role: 'assistant', status, content: text === null ? [] : [textPart(text)] }
}

function reasoningItem(id: string, text: string | null): object {
  return { id: `rs_${id}`, type: 'reasoning', status: text === null ? 'in_progress' : 'completed', summary: text === null ? [] : [summaryPart(text)] }
}

/**
 * The response as events: created, in progress, then progress as a reasoning item, the text as a message item, and the whole response at
 * the end. A failure midway is an `error` event and the end.
 */
async function* writeEvents(request: ResponsesRequest, generation: Generation, { createdS, onError }: StreamOptions): AsyncGenerator<string, void, void> {
  let sequence = 0
  const say = (type: string, fields: object): string => writeEvent({ type, sequence_number: sequence++, ...fields }, type)
  const parts = createParts(generation.id, say)
  try {
    let begun = false
    let text = ''
    for await (const event of generation.events) {
      if (!begun) {
        begun = true
        const response = writeResponse(request, generation, createdS, { output: [], generated: null })
        yield say('response.created', { response }) + say('response.in_progress', { response })
      }
      if (event.type === 'progress') yield parts.reason(event.text)
      else if (event.type === 'text') {
        text += event.text
        yield parts.speak(event.text)
      } else {
        yield parts.end(event.finish)
        const response = writeResponse(request, generation, createdS, { output: parts.output, generated: { text, end: event } })
        yield say(event.finish === 'length' ? 'response.incomplete' : 'response.completed', { response })
      }
    }
  } catch (error) {
    onError(error)
    const { error: told, ...extra } = toOpenAiError(error).body
    yield say('error', { code: told.code, message: told.message, param: told.param, ...extra })
  }
}

/** Opens and closes the items of the output as they come: reasoning first, if there is any, then the message. */
function createParts(id: string, say: (type: string, fields: object) => string) {
  const output: object[] = []
  let reasoning = ''
  let text: string | null = null
  const endReasoning = (): string => {
    if (reasoning === '') return ''
    const at = { item_id: `rs_${id}`, output_index: 0, summary_index: 0 }
    const item = reasoningItem(id, reasoning)
    output.push(item)
    return (
      say('response.reasoning_summary_text.done', { ...at, text: reasoning }) +
      say('response.reasoning_summary_part.done', { ...at, part: summaryPart(reasoning) }) +
      say('response.output_item.done', { output_index: 0, item })
    )
  }
  const at = (): object => ({ item_id: `msg_${id}`, output_index: output.length, content_index: 0 })
  const beginText = (): string => {
    const closing = endReasoning()
    text = ''
    return closing + say('response.output_item.added', { output_index: output.length, item: messageItem(id, null, 'stop') }) + say('response.content_part.added', { ...at(), part: textPart('') })
  }
  return {
    output,
    reason(delta: string): string {
      const place = { item_id: `rs_${id}`, output_index: 0, summary_index: 0 }
      const opening = reasoning === '' ? say('response.output_item.added', { output_index: 0, item: reasoningItem(id, null) }) + say('response.reasoning_summary_part.added', { ...place, part: summaryPart('') }) : ''
      reasoning += delta
      return opening + say('response.reasoning_summary_text.delta', { ...place, delta })
    },
    speak(delta: string): string {
      const opening = text === null ? beginText() : ''
      text = (text ?? '') + delta
      return opening + say('response.output_text.delta', { ...at(), delta, logprobs: [] })
    },
    end(finish: 'stop' | 'length'): string {
      const opening = text === null ? beginText() : ''
      const whole = text ?? ''
      const item = messageItem(id, whole, finish)
      const closing =
        say('response.output_text.done', { ...at(), text: whole, logprobs: [] }) +
        say('response.content_part.done', { ...at(), part: textPart(whole) }) +
        say('response.output_item.done', { output_index: output.length, item })
      output.push(item)
      return opening + closing
    },
  }
}
