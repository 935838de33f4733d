import { z } from 'zod'
import { chatSchema, readChatRequest, type ChatRequest } from './chat-request.ts'
import type { Dialect, StreamOptions } from './dialect.ts'
import { openAiErrorSchema, toOpenAiError } from './errors.ts'
import { writeEvent } from './event-body.ts'
import { peerageExtraSchema, type Generated, type Generation, type Usage } from './generation.ts'

const headShape = { id: z.string(), created: z.int(), model: z.string(), system_fingerprint: z.null() }
const finishSchema = z.enum(['stop', 'length'])
const usageSchema = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
const messageSchema = z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() })
const deltaSchema = z.object({ role: z.literal('assistant').optional(), content: z.string().optional(), reasoning_content: z.string().optional().describe('what the members are doing') })

/** A chat completion as OpenAI's API tells it, and `peerage` beside. */
const completionSchema = z
  .object({
    ...headShape,
    object: z.literal('chat.completion'),
    choices: z.array(z.object({ index: z.int(), message: messageSchema, logprobs: z.null(), finish_reason: finishSchema })),
    usage: usageSchema,
    peerage: peerageExtraSchema,
  })
  .meta({ id: 'ChatCompletion' })

const chunkSchema = z
  .object({
    ...headShape,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(z.object({ index: z.int(), delta: deltaSchema, logprobs: z.null(), finish_reason: finishSchema.nullable() })),
    usage: usageSchema.nullable().optional().describe('null but on the last chunk; with `stream_options.include_usage` alone'),
    peerage: peerageExtraSchema.optional().describe('on the last chunk'),
  })
  .meta({ id: 'ChatCompletionChunk' })
type Chunk = z.infer<typeof chunkSchema>

/** OpenAI's chat completions. */
export const chatCompletions: Dialect<ChatRequest> = {
  path: '/chat/completions',
  described: { id: 'createChatCompletion', summary: "OpenAI's chat completions, whole or streamed", body: chatSchema, whole: completionSchema, event: z.union([chunkSchema, openAiErrorSchema]), refusal: openAiErrorSchema },
  read: readChatRequest,
  write: writeCompletion,
  writeStream: writeChunks,
}

function writeCompletion(_: ChatRequest, { id, model }: Pick<Generation, 'id' | 'model'>, { text, end }: Generated, createdS: number): z.infer<typeof completionSchema> {
  const message = { role: 'assistant' as const, content: text, refusal: null }
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: createdS,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: end.finish }],
    usage: writeUsage(end.usage),
    system_fingerprint: null,
    peerage: end.peerage,
  }
}

function writeUsage({ inputTokens, outputTokens }: Usage): z.infer<typeof usageSchema> {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens }
}

/**
 * The same as chunks: the role, progress as `reasoning_content`, text, the finish, usage if wanted; `peerage` on the last one, then
 * `[DONE]`. A failure midway is an `error` object and the end.
 */
async function* writeChunks({ includeUsage }: ChatRequest, { id, model, events }: Generation, { createdS, onError }: StreamOptions): AsyncGenerator<string, void, void> {
  const head = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk' as const, created: createdS, model, system_fingerprint: null }
  const write = (fields: Omit<Chunk, keyof typeof head>): string => writeEvent({ ...head, ...fields } satisfies Chunk)
  const usage: Pick<Chunk, 'usage'> = includeUsage ? { usage: null } : {}
  const chunk = (delta: z.infer<typeof deltaSchema>, finish: z.infer<typeof finishSchema> | null = null, extra: Pick<Chunk, 'usage' | 'peerage'> = usage): string =>
    write({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...extra })
  try {
    let begun = false
    for await (const event of events) {
      if (!begun) yield chunk({ role: 'assistant', content: '' })
      begun = true
      if (event.type === 'progress') yield chunk({ reasoning_content: event.text })
      else if (event.type === 'text') yield chunk({ content: event.text })
      else {
        yield chunk({}, event.finish, includeUsage ? usage : { peerage: event.peerage })
        if (includeUsage) yield write({ choices: [], usage: writeUsage(event.usage), peerage: event.peerage })
      }
    }
    yield writeEvent('[DONE]')
  } catch (error) {
    onError(error)
    yield writeEvent(toOpenAiError(error).body)
  }
}
