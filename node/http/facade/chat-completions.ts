import { readChatRequest, type ChatRequest } from './chat-request.ts'
import type { Dialect, StreamOptions } from './dialect.ts'
import { toOpenAiError } from './errors.ts'
import { writeEvent } from './event-body.ts'
import type { Generated, Generation, Usage } from './generation.ts'

/** OpenAI's chat completions. */
export const chatCompletions: Dialect<ChatRequest> = { path: '/chat/completions', read: readChatRequest, write: writeCompletion, writeStream: writeChunks }

/** A chat completion as OpenAI's API tells it, and `peerage` beside. */
function writeCompletion(_: ChatRequest, { id, model }: Pick<Generation, 'id' | 'model'>, { text, end }: Generated, createdS: number): object {
  const message = { role: 'assistant', content: text, refusal: null }
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

function writeUsage({ inputTokens, outputTokens }: Usage): object {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens }
}

/**
 * The same as chunks: the role, progress as `reasoning_content`, text, the finish, usage if wanted; `peerage` on the last one, then
 * `[DONE]`. A failure midway is an `error` object and the end.
 */
async function* writeChunks({ includeUsage }: ChatRequest, { id, model, events }: Generation, { createdS, onError }: StreamOptions): AsyncGenerator<string, void, void> {
  const head = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: createdS, model, system_fingerprint: null }
  const usage = includeUsage ? { usage: null } : {}
  const chunk = (delta: object, finish: string | null = null, extra: object = usage): string =>
    writeEvent({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...extra })
  try {
    let begun = false
    for await (const event of events) {
      if (!begun) yield chunk({ role: 'assistant', content: '' })
      begun = true
      if (event.type === 'progress') yield chunk({ reasoning_content: event.text })
      else if (event.type === 'text') yield chunk({ content: event.text })
      else {
        yield chunk({}, event.finish, includeUsage ? usage : { peerage: event.peerage })
        if (includeUsage) yield writeEvent({ ...head, choices: [], usage: writeUsage(event.usage), peerage: event.peerage })
      }
    }
    yield writeEvent('[DONE]')
  } catch (error) {
    onError(error)
    yield writeEvent(toOpenAiError(error).body)
  }
}
