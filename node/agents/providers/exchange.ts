import { AgentError } from '../agent.ts'
import type { AgentErrorCode, ChatEvent, ChatRequest } from '../agent.ts'
import type { Secret } from '../secret.ts'
import { BrokenReplyError, readReply } from './reply.ts'

/** An OpenAI-compatible endpoint and how it is spoken to. */
export interface Endpoint {
  /** Up to and including the version, e.g. http://127.0.0.1:11434/v1 */
  baseUrl: string
  model: string
  secret: Secret
  /** Whether whole replies are asked for as a stream as well. */
  stream: boolean
  /** From the request to the end of the reply. */
  timeoutMs: number
  replyBytesMax: number
  /** What this server has turned out to want; changed by the exchanges. */
  dialect: Dialect
}

export interface Dialect {
  limitField: 'max_tokens' | 'max_completion_tokens'
  /** Whether it takes `stream_options`. */
  includesUsage: boolean
}

/** How an exchange failed, for those who decide what to do about it. */
export class ExchangeError extends AgentError {
  /** How long to wait at least before another attempt; null: another attempt would fail, too. */
  readonly retryAfterMs: number | null
  /** `down`: other calls would fail as well, since nothing is there or it is out of order; `refusing`: since it wants none of ours. */
  readonly trouble: 'down' | 'refusing' | 'rate-limited' | 'call'
  /** Whether the model may have been at work: then it may have to be paid for. */
  readonly isCharged: boolean
  constructor(code: AgentErrorCode, message: string, details: Pick<ExchangeError, 'retryAfterMs' | 'trouble' | 'isCharged'>) {
    super(code, message)
    this.retryAfterMs = details.retryAfterMs
    this.trouble = details.trouble
    this.isCharged = details.isCharged
  }
}

/** What is read of an error's body, and what is shown of it: far less, so that a key cut at the end of the first is never shown. */
const errorLengthMax = 16_000
const messageLengthMax = 500

/** Answers of a server that concern whoever asks it for anything: key, payment, place. */
const CLOSED_DOORS: readonly number[] = [401, 402, 403, 404]

/** Answers of a server that may concern a single field. */
const DISLIKED: readonly number[] = [400, 422]

/** Failures of a connection before anything was sent. */
const NOT_SENT: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/**
 * One chat completion, once. The key is removed from whatever the endpoint says. To stop iterating ends the request.
 *
 * @throws ExchangeError, or the signal's reason
 */
export async function* exchange(endpoint: Endpoint, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent, void, void> {
  signal.throwIfAborted()
  const timeout = AbortSignal.timeout(endpoint.timeoutMs)
  const done = new AbortController()
  let isAnswered = false
  try {
    const response = await post(endpoint, request, AbortSignal.any([signal, timeout, done.signal]))
    isAnswered = true
    yield* readReply(response.body ?? emptyBody(), endpoint.replyBytesMax, endpoint.secret.scrubber())
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (timeout.aborted) throw new ExchangeError('timeout', `no reply within ${endpoint.timeoutMs} ms`, { retryAfterMs: null, trouble: 'down', isCharged: true })
    throw describeFailure(error, endpoint.secret, isAnswered)
  } finally {
    done.abort()
  }
}

/** Sends the request; once more where the server refuses it for a field that not all servers know. */
async function post(endpoint: Endpoint, request: ChatRequest, signal: AbortSignal): Promise<Response> {
  for (;;) {
    const asked = { ...endpoint.dialect }
    const response = await fetch(`${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...endpoint.secret.headers() },
      body: JSON.stringify(describeRequest(endpoint, request)),
      redirect: 'manual',
      signal,
    })
    if (response.ok) return response
    const excerpt = await readExcerpt(response)
    if (!DISLIKED.includes(response.status) || !adapt(endpoint.dialect, asked, excerpt)) throw describeRefusal(response, endpoint.secret.scrub(excerpt))
  }
}

function describeRequest({ model, stream, dialect }: Endpoint, { messages, temperature, maxTokens, stop }: ChatRequest): object {
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    stream,
    ...(stream && dialect.includesUsage ? { stream_options: { include_usage: true } } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { [dialect.limitField]: maxTokens }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
  }
}

/** Whether the server's complaint is about a field that can be named otherwise or left out, and was not when it was `asked`; each only once. */
function adapt(dialect: Dialect, asked: Dialect, complaint: string): boolean {
  if (asked.limitField === 'max_tokens' && complaint.includes('max_completion_tokens')) {
    dialect.limitField = 'max_completion_tokens'
    return true
  }
  if (asked.includesUsage && complaint.includes('stream_options')) {
    dialect.includesUsage = false
    return true
  }
  return false
}

/** Errors of fetch are described anew: their causes are not ours to show. */
function describeFailure(error: unknown, secret: Secret, isAnswered: boolean): ExchangeError {
  if (error instanceof ExchangeError) return error
  const isCharged = true
  if (error instanceof AgentError) return new ExchangeError(error.code, shorten(secret.scrub(error.message)), { retryAfterMs: null, trouble: 'call', isCharged })
  if (error instanceof BrokenReplyError) return new ExchangeError('unreachable', error.message, { retryAfterMs: 0, trouble: 'down', isCharged })
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : null
  const message = `${isAnswered ? 'the reply of the endpoint broke off' : 'the endpoint cannot be reached'}${code === null ? '' : ` (${code})`}`
  return new ExchangeError('unreachable', secret.scrub(message), { retryAfterMs: 0, trouble: 'down', isCharged: code === null || !NOT_SENT.includes(code) })
}

function describeRefusal({ status, headers }: Response, excerpt: string): ExchangeError {
  const code = status === 429 ? 'rate-limited' : status >= 500 || status === 408 ? 'unreachable' : 'refused'
  const isClosed = status < 400 || CLOSED_DOORS.includes(status)
  const trouble = code === 'rate-limited' ? code : code === 'unreachable' ? 'down' : isClosed ? 'refusing' : 'call'
  const message = shorten(`the endpoint answers ${status}${excerpt === '' ? '' : `: ${excerpt}`}`)
  return new ExchangeError(code, message, { retryAfterMs: code === 'refused' ? null : parseRetryAfter(headers.get('retry-after')), trouble, isCharged: false })
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

/** One line without control characters: it is shown on terminals and in logs. */
function shorten(message: string): string {
  return message.slice(0, messageLengthMax).replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

/** Retry-After in milliseconds: seconds or an HTTP date; 0 where there is none. */
function parseRetryAfter(header: string | null): number {
  if (header === null) return 0
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

function emptyBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Blob([]).stream()
}
