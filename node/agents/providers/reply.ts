import { z } from 'zod'
import { AgentError } from '../agent.ts'
import type { ChatEvent } from '../agent.ts'
import { LineTooLongError, splitLines } from '../lines.ts'
import type { Scrubber } from '../secret.ts'
import type { TokenUsage } from './model.ts'

const content = z.object({ content: z.string().nullish() }).nullish()
const choice = z.object({ message: content, delta: content, finish_reason: z.string().nullish() })
/** No reply comes near this; larger numbers would spoil the sums that are kept of them. */
const count = z.int().min(0).max(1_000_000_000)
const chunkSchema = z.object({
  choices: z.array(choice).optional(),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish().catch(null),
  error: z.unknown().optional(),
})

/** The reply broke off: worth another attempt, unlike a reply that is complete and wrong. */
export class BrokenReplyError extends Error {}

/** What has been read of a reply so far, apart from its text. */
interface Reading {
  isFinished: boolean
  finish: 'stop' | 'length'
  usage: TokenUsage | null
}

/**
 * A chat completion as it comes, whether as one JSON document or as server-sent events: what arrives decides, not what was
 * asked for. Reads at most `bytesMax` bytes. A text that is empty is no reply.
 *
 * @throws AgentError `malformed-reply` or, where the server reports an error in the reply, `refused`; BrokenReplyError
 */
export async function* readReply(body: AsyncIterable<Uint8Array>, bytesMax: number, scrubber: Scrubber): AsyncGenerator<ChatEvent, void, void> {
  const reading: Reading = { isFinished: false, finish: 'stop', usage: null }
  let isEmpty = true
  for await (const piece of withoutThinking(scrubbed(readPieces(body, bytesMax, reading), scrubber))) {
    isEmpty &&= piece.trim() === ''
    yield { type: 'text', text: piece }
  }
  if (isEmpty) throw malformed(reading.finish === 'length' ? 'empty: the limit of tokens was reached before its text began' : 'empty')
  yield { type: 'end', finish: reading.finish, usage: reading.usage }
}

async function* readPieces(body: AsyncIterable<Uint8Array>, bytesMax: number, reading: Reading): AsyncGenerator<string, void, void> {
  const document: string[] = []
  let events = 0
  try {
    for await (const line of splitLines(limitTotal(body, bytesMax), bytesMax)) {
      if (document.length > 0 || (events === 0 && /^\s*[{[]/.test(line))) {
        document.push(line)
        continue
      }
      if (!line.startsWith('data:')) {
        if (!isIgnorable(line)) throw malformed('neither JSON nor server-sent events')
        continue
      }
      const data = line.slice('data:'.length).trim()
      if (data === '[DONE]') {
        reading.isFinished = true
        break
      }
      if (data === '') continue
      events++
      yield readChunk(data, reading)
    }
  } catch (error) {
    if (error instanceof LineTooLongError) throw malformed(`longer than ${bytesMax} bytes`)
    throw error
  }
  if (document.length > 0) yield readDocument(document.join('\n'), reading)
  else if (events > 0 && !reading.isFinished) throw new BrokenReplyError('the reply ended early')
}

function readDocument(text: string, reading: Reading): string {
  const chunk = parseChunk(text)
  if (chunk.choices?.[0] === undefined) throw malformed('without choices')
  return take(chunk, reading)
}

function readChunk(text: string, reading: Reading): string {
  return take(parseChunk(text), reading)
}

/** Notes what a chunk says of the reply, and returns its text. The last chunk of a stream may hold the usage and no choice. */
function take({ choices, usage }: z.infer<typeof chunkSchema>, reading: Reading): string {
  if (usage !== null && usage !== undefined) reading.usage = { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens }
  const first = choices?.[0]
  if (typeof first?.finish_reason === 'string') {
    reading.isFinished = true
    reading.finish = first.finish_reason === 'length' ? 'length' : 'stop'
  }
  return (first?.delta ?? first?.message)?.content ?? ''
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

async function* scrubbed(pieces: AsyncIterable<string>, scrubber: Scrubber): AsyncGenerator<string, void, void> {
  for await (const piece of pieces) {
    const safe = scrubber.push(piece)
    if (safe !== '') yield safe
  }
  const rest = scrubber.end()
  if (rest !== '') yield rest
}

const [THINKING_BEGINS, THINKING_ENDS] = ['<think>', '</think>']

/** Some servers leave the thinking of a model inside its reply; it is no part of the answer. A reply that never stops thinking is left as it is. */
async function* withoutThinking(pieces: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  const held: string[] = []
  let state: 'beginning' | 'thinking' | 'blank' | 'shown' = 'beginning'
  // Of what is thought only as much as may be the first part of its end: thinking gets long.
  let seen = ''
  for await (const piece of pieces) {
    if (state === 'shown') {
      yield piece
      continue
    }
    held.push(piece)
    seen += piece
    if (state === 'beginning') state = beginningOf(seen)
    if (state === 'thinking') {
      const end = seen.indexOf(THINKING_ENDS)
      if (end >= 0) state = 'blank'
      seen = end < 0 ? seen.slice(1 - THINKING_ENDS.length) : seen.slice(end + THINKING_ENDS.length)
    }
    if (state === 'blank') seen = seen.trimStart()
    if (state === 'blank' && seen !== '') state = 'shown'
    if (state === 'shown') yield seen
  }
  if (state === 'beginning' || state === 'thinking') yield held.join('')
}

function beginningOf(text: string): 'beginning' | 'thinking' | 'shown' {
  const start = text.trimStart()
  if (start.startsWith(THINKING_BEGINS)) return 'thinking'
  return THINKING_BEGINS.startsWith(start) ? 'beginning' : 'shown'
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
