import { nonEmpty, resolveHome } from '../config/home.ts'
import type { EventEnvelope } from '../http/event-log.ts'
import type { Problem, ProblemCode } from '../http/problem.ts'
import type { NodeEvent } from '../service.ts'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'
import type { ExitName } from './exit.ts'
import { isProcessAlive, readRunFile } from './run-file.ts'

/** A running node, spoken to over its HTTP API. All calls reject with CliError, or with the context's Interruption. */
export interface NodeClient {
  url: string
  /** The body of GET /api/v1/<path>, as it was received. */
  getText(path: string): Promise<string>
  /** The same, read as JSON of the type the API promises. */
  get<Document>(path: string): Promise<Document>
  post<Document>(path: string, body: unknown): Promise<Document>
  /** The same bytes as they come, however long that takes. Breaking off the loop breaks off the request. */
  stream(path: string): AsyncIterable<Uint8Array>
  /** Resolves once subscribed: `onEvent` sees every event from then on. `ended` resolves when the stream is over, however it ended. */
  subscribe(onEvent: (event: NodeEvent) => void, signal: AbortSignal): Promise<{ ended: Promise<void> }>
}

/** The options of every verb that talks to a node. */
export interface NodeOptions {
  node?: string
  home?: string
}

const REQUEST_TIMEOUT_MS = 30_000

/**
 * Finds the node that is meant: `--node`, the node running in `--home`, `PEERAGE_NODE`, the node running in the default home.
 * Rejects with CliError `notRunning` where none runs, also when a crashed one left its run file behind.
 */
export async function findNode(options: NodeOptions, context: Context): Promise<NodeClient> {
  const given = options.node ?? (options.home === undefined ? context.env['PEERAGE_NODE'] : undefined)
  const envToken = nonEmpty(context.env['PEERAGE_HTTP_TOKEN']) ?? null
  if (given !== undefined && given !== '') return createNodeClient(parseNodeUrl(given), envToken, context)
  const home = resolveHome(options.home, context.env)
  const start = `Start it with: peerage start${options.home === undefined ? '' : ` --home ${options.home}`}`
  const run = await readRunFile(home)
  if (run === null) throw new CliError('notRunning', `No node is running in ${home.dataDir}.`, start)
  if (!isProcessAlive(run.pid)) throw new CliError('notRunning', `The node of ${home.dataDir} is not running; process ${run.pid} has ended.`, start)
  return createNodeClient(run.apiUrl, envToken ?? run.token, context)
}

function parseNodeUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new CliError('usage', `--node: "${text}" is no URL such as http://127.0.0.1:4748.`)
  return url.origin
}

/** Speaks to the API at `url`, its origin. */
export function createNodeClient(url: string, token: string | null, context: Pick<Context, 'signal'>): NodeClient {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, init: RequestInit, signal: AbortSignal): Promise<Response> => {
    const headers = { ...authorization, ...(init.headers as Record<string, string> | undefined) }
    const response = await fetch(`${url}/api/v1/${path}`, { ...init, headers, signal, redirect: 'manual' }).catch((cause: unknown) => {
      throw explainFetchFailure(cause, url, context)
    })
    if (!response.ok) throw await explainRefusal(response, url)
    return response
  }
  const withTimeout = (): AbortSignal => AbortSignal.any([context.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
  const getText = async (path: string): Promise<string> => {
    const response = await call(path, {}, withTimeout())
    return response.text().catch((cause: unknown) => {
      throw explainFetchFailure(cause, url, context)
    })
  }
  return {
    url,
    getText,
    get: async <Document>(path: string) => parseDocument<Document>(await getText(path), url),
    async post<Document>(path: string, body: unknown) {
      const response = await call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, withTimeout())
      return parseDocument<Document>(await response.text(), url)
    },
    async *stream(path) {
      const { body } = await call(path, {}, context.signal)
      if (body === null) return
      try {
        yield* body
      } catch (cause) {
        if (context.signal.aborted) throw context.signal.reason
        throw new CliError('failure', `The node at ${url} broke off its answer.`, '', { cause })
      }
    },
    async subscribe(onEvent, signal) {
      const response = await call('events', {}, AbortSignal.any([context.signal, signal]))
      return { ended: readEvents(response, onEvent).catch(() => {}) }
    },
  }
}

function parseDocument<Document>(text: string, url: string): Document {
  try {
    return JSON.parse(text) as Document
  } catch (cause) {
    throw new CliError('failure', `What answers at ${url} is no Peerage node.`, '', { cause })
  }
}

function explainFetchFailure(cause: unknown, url: string, context: Pick<Context, 'signal'>): Error {
  if (context.signal.aborted) return context.signal.reason as Error
  if ((cause as Error).name === 'TimeoutError') {
    return new CliError('deadline', `The node at ${url} did not answer within ${REQUEST_TIMEOUT_MS / 1_000} s.`, '', { cause })
  }
  return new CliError('notRunning', `No node answers at ${url}.`, 'Start it with: peerage start', { cause })
}

const EXIT_OF_PROBLEM: Partial<Record<ProblemCode, ExitName>> = {
  'too-few-peers': 'tooFewPeers',
  quota: 'budget',
  stopping: 'notRunning',
  'invalid-task': 'usage',
  'invalid-request': 'usage',
  'too-large': 'usage',
  unauthorized: 'config',
}

async function explainRefusal(response: Response, url: string): Promise<CliError> {
  const problem = await response.json().catch(() => null) as Partial<Problem> | null
  if (typeof problem?.code !== 'string' || typeof problem.detail !== 'string') {
    return new CliError('failure', `What answers at ${url} is no Peerage node (status ${response.status}).`)
  }
  const hint = problem.code === 'unauthorized' ? 'Set PEERAGE_HTTP_TOKEN to the token of that node.' : peopleHint(problem)
  return new CliError(EXIT_OF_PROBLEM[problem.code] ?? 'failure', problem.detail, hint, { cause: problem })
}

/** Hints that speak of the API's paths mean nothing here; the verbs that correspond do. */
function peopleHint(problem: Partial<Problem>): string {
  switch (problem.code) {
    case 'unknown-member':
    case 'too-few-peers':
      return 'peerage peers shows who is there.'
    case 'unknown-round':
      return 'peerage rounds lists the rounds.'
    default:
      return problem.hint ?? ''
  }
}

/** Reads server-sent events: the data lines of each event make one envelope; comments and unknown events pass by. */
async function readEvents(response: Response, onEvent: (event: NodeEvent) => void): Promise<void> {
  if (response.body === null) return
  const decoder = new TextDecoder()
  let rest = ''
  let data = ''
  for await (const chunk of response.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      if (line.startsWith('data: ')) data += line.slice('data: '.length)
      if (line !== '' || data === '') continue
      onEvent((JSON.parse(data) as EventEnvelope).event)
      data = ''
    }
  }
}
