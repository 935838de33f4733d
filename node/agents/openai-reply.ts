import { z } from 'zod'
import { AgentError } from './agent.ts'
import { LineTooLongError, splitLines } from './lines.ts'

const choice = z.object({
  message: z.object({ content: z.string().nullish() }).nullish(),
  delta: z.object({ content: z.string().nullish() }).nullish(),
  finish_reason: z.string().nullish(),
})
const chunkSchema = z.object({ choices: z.array(choice).optional(), error: z.unknown().optional() })

/** The reply broke off: worth another attempt, unlike a reply that is complete and wrong. */
export class BrokenReplyError extends Error {}

/**
 * The text of a chat completion, whether it comes as one JSON document or as server-sent events: what arrives decides, not what
 * was asked for. Reads at most `bytesMax` bytes.
 *
 * @throws AgentError `malformed-reply` or, where the server reports an error in the reply, `refused`; BrokenReplyError
 */
export async function readReply(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const document: string[] = []
  const events: string[] = []
  let complete = false
  try {
    for await (const line of splitLines(limitTotal(body, bytesMax), bytesMax)) {
      if (document.length > 0 || (events.length === 0 && /^\s*[{[]/.test(line))) document.push(line)
      else if (line.startsWith('data:')) {
        const data = line.slice('data:'.length).trim()
        if (data === '[DONE]') complete = true
        else if (data !== '') events.push(data)
      } else if (!isIgnorable(line)) throw malformed('neither JSON nor server-sent events')
      if (complete) break
    }
  } catch (error) {
    if (error instanceof LineTooLongError) throw malformed(`longer than ${bytesMax} bytes`)
    throw error
  }
  const text = document.length > 0 ? readDocument(document.join('\n')) : readEvents(events, complete)
  if (text.trim() === '') throw malformed('empty')
  return text
}

function readDocument(text: string): string {
  const first = parseChunk(text).choices?.[0]
  if (first === undefined) throw malformed('without choices')
  return (first.message ?? first.delta)?.content ?? ''
}

function readEvents(events: readonly string[], complete: boolean): string {
  let text = ''
  let finished = complete
  for (const event of events) {
    const first = parseChunk(event).choices?.[0]
    if (first === undefined) continue
    text += (first.delta ?? first.message)?.content ?? ''
    if (typeof first.finish_reason === 'string') finished = true
  }
  if (events.length > 0 && !finished) throw new BrokenReplyError('the reply ended early')
  return text
}

function parseChunk(text: string): z.infer<typeof chunkSchema> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw malformed('not JSON')
  }
  const parsed = chunkSchema.safeParse(data)
  if (!parsed.success) throw malformed('of an unknown shape')
  const { error } = parsed.data
  if (error !== undefined && error !== null) throw new AgentError('refused', `the endpoint reports an error: ${JSON.stringify(error)}`)
  return parsed.data
}

/** Blank lines, comments and the other fields of server-sent events. */
function isIgnorable(line: string): boolean {
  return line.trim() === '' || /^(?::|event:|id:|retry:)/.test(line)
}

async function* limitTotal(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array, void, void> {
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > bytesMax) throw new LineTooLongError(bytesMax)
    yield chunk
  }
}

function malformed(how: string): AgentError {
  return new AgentError('malformed-reply', `the endpoint's reply is ${how}`)
}
