import { sleep } from './abort.ts'
import { AgentError } from './agent.ts'
import { BrokenReplyError, readReply } from './openai-reply.ts'
import type { Secret } from './secret.ts'

export interface ChatMessage {
  role: 'system' | 'user'
  content: string
}

export interface ChatEndpoint {
  /** Up to and including the version, e.g. http://127.0.0.1:11434/v1 */
  baseUrl: string
  model: string
  secret: Secret
  stream: boolean
  /** Per attempt, from the request to the end of the reply. */
  timeoutMs: number
  attemptsMax: number
  /** First pause between attempts; doubles each time, less up to half at random. */
  retryMs: number
  replyBytesMax: number
  /** Sent along where set. */
  temperature?: number
  maxTokens?: number
}

/** A server that asks for a longer pause than this is not waited for. */
const retryAfterMsMax = 60_000

/** What is read of an error's body, and what is shown of it: far less, so that a key cut at the end of the first is never shown. */
const errorLengthMax = 16_000
const messageLengthMax = 500

/** A failure and whether another attempt may help, after which pause at least. */
interface Failure {
  error: AgentError
  retryAfterMs: number | null
}

/**
 * One chat completion of an OpenAI-compatible endpoint. 429, 408, 5xx and broken connections are tried again, honouring
 * Retry-After; the key is removed from whatever the endpoint says.
 *
 * @throws AgentError, or the signal's reason
 */
export async function chat(endpoint: ChatEndpoint, messages: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const outcome = await attemptChat(endpoint, messages, signal)
    if (typeof outcome === 'string') return stripThinking(endpoint.secret.scrub(outcome))
    const { error, retryAfterMs } = outcome
    if (retryAfterMs === null || retryAfterMs > retryAfterMsMax || attempt >= endpoint.attemptsMax) throw error
    const backoffMs = endpoint.retryMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
    await sleep(Math.max(backoffMs, retryAfterMs), signal)
  }
}

async function attemptChat(endpoint: ChatEndpoint, messages: readonly ChatMessage[], signal: AbortSignal): Promise<string | Failure> {
  const timeout = AbortSignal.timeout(endpoint.timeoutMs)
  let response: Response | undefined
  try {
    response = await fetch(`${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...endpoint.secret.headers() },
      body: JSON.stringify(describeRequest(endpoint, messages)),
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    })
    if (!response.ok) return await describeRefusal(response, endpoint.secret)
    return await readReply(response.body ?? emptyBody(), endpoint.replyBytesMax)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (timeout.aborted) return { error: new AgentError('timeout', `no reply within ${endpoint.timeoutMs} ms`), retryAfterMs: null }
    return describeFailure(error, endpoint.secret)
  } finally {
    if (response?.body?.locked === false) await response.body.cancel().catch(() => undefined)
  }
}

function describeRequest({ model, stream, temperature, maxTokens }: ChatEndpoint, messages: readonly ChatMessage[]): object {
  return { model, messages, stream, ...(temperature === undefined ? {} : { temperature }), ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) }
}

/** Errors of fetch are described anew: their causes are not ours to show. */
function describeFailure(error: unknown, secret: Secret): Failure {
  if (error instanceof AgentError) return { error: new AgentError(error.code, shorten(secret.scrub(error.message))), retryAfterMs: null }
  if (error instanceof BrokenReplyError) return { error: new AgentError('unreachable', error.message), retryAfterMs: 0 }
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return { error: new AgentError('unreachable', secret.scrub(`the endpoint cannot be reached${code}`)), retryAfterMs: 0 }
}

async function describeRefusal(response: Response, secret: Secret): Promise<Failure> {
  const { status } = response
  const code = status === 429 ? 'rate-limited' : status >= 500 || status === 408 ? 'unreachable' : 'refused'
  const excerpt = await readExcerpt(response)
  const message = shorten(secret.scrub(`the endpoint answers ${status}${excerpt === '' ? '' : `: ${excerpt}`}`))
  return { error: new AgentError(code, message), retryAfterMs: code === 'refused' ? null : parseRetryAfter(response.headers.get('retry-after')) }
}

async function readExcerpt(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? emptyBody()) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > errorLengthMax) break
  }
  return text
}

function shorten(message: string): string {
  return message.slice(0, messageLengthMax).replace(/\s+/g, ' ').trim()
}

/** Retry-After in milliseconds: seconds or an HTTP date; 0 where there is none. */
function parseRetryAfter(header: string | null): number {
  if (header === null) return 0
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/** Some servers leave the thinking of a model inside its reply; it is no part of the answer. */
function stripThinking(text: string): string {
  const end = text.indexOf('</think>')
  return text.trimStart().startsWith('<think>') && end >= 0 ? text.slice(end + '</think>'.length).trimStart() : text
}

function emptyBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([]).stream()
}
