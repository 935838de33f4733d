import { Hono } from 'hono'
import type { Context } from 'hono'
import { AgentError } from '../../agents/agent.ts'
import { ServiceError, type NodeService } from '../../service.ts'
import type { Mount } from '../mount.ts'
import { RequestError } from '../problem.ts'
import { askHeadersSchema, parseRequest } from '../requests.ts'
import { MODELS, readModel } from './call.ts'
import { chatCompletions } from './chat-completions.ts'
import type { Dialect, DialectRequest } from './dialect.ts'
import { FacadeError, toOpenAiError } from './errors.ts'
import { eventBody, linkedController, startEarly } from './event-body.ts'
import { generate } from './generate.ts'
import { collect } from './generation.ts'
import { describeForAnthropic, messages } from './messages.ts'
import { responses } from './responses.ts'

export interface FacadeOptions {
  /** Told of failures that are the node's own. */
  onError?: (error: unknown) => void
  /** How long a stream may be silent before a comment shows that it is alive. */
  keepAliveMs?: number
}

const KEEP_ALIVE_MS = 10_000
const CLIENT_GONE = new Error('the client has gone')

/** The network as a model: what the clients of OpenAI and Anthropic speak, below /v1. */
export function facadeMount(service: NodeService, options: FacadeOptions = {}): Mount {
  const routes = new Hono()
  const startedS = Math.floor(Date.parse(service.status().startedAt) / 1_000)
  addModels(routes, startedS)
  addDialect(routes, service, chatCompletions, options)
  addDialect(routes, service, responses, options)
  addDialect(routes, service, messages, options)
  routes.onError((error, context) => {
    // A client that has gone left the failure behind itself.
    if (isOwn(error) && !context.req.raw.signal.aborted) options.onError?.(error)
    return refuseInDialect(context, error)
  })
  return { path: '/v1', routes, refuse: refuseInDialect }
}

/** Any failure as an answer in the shape that clients of the path know: Anthropic's, or OpenAI's. */
function refuseInDialect(context: Context, error: unknown): Response {
  const { status, headers, body } = context.req.path.startsWith('/v1/messages') ? describeForAnthropic(error) : toOpenAiError(error)
  return context.json(body, status as 400, headers)
}

function addModels(routes: Hono, createdS: number): void {
  const describe = (id: string): object => ({ id, object: 'model', created: createdS, owned_by: 'peerage' })
  routes.get('/models', (context) => context.json({ object: 'list', data: MODELS.map(describe) }))
  routes.get('/models/:id{.+}', (context) => context.json(describe(readModel(context.req.param('id')))))
  for (const path of ['/models', '/models/:id{.+}']) addMethods(routes, path, 'GET, HEAD')
}

/** After the routes of a path: what is left is a wrong method. */
function addMethods(routes: Hono, path: string, allow: string): void {
  routes.all(path, (context) => {
    context.header('Allow', allow)
    throw new RequestError('method-not-allowed', `${context.req.method.slice(0, 20)} is not possible here.`)
  })
}

function addDialect<Request extends DialectRequest>(routes: Hono, service: NodeService, dialect: Dialect<Request>, options: FacadeOptions): void {
  const { onError = () => undefined, keepAliveMs = KEEP_ALIVE_MS } = options
  routes.post(dialect.path, async (context) => {
    const request = dialect.read(await readJson(context))
    const key = parseRequest(askHeadersSchema, context.req.header())['idempotency-key']
    const createdS = Math.floor(Date.now() / 1_000)
    const client = linkedController(context.req.raw.signal)
    const generation = await generate(service, request.call, client.signal, key)
    if (!request.stream) return context.json(dialect.write(request, generation, await collect(generation.events), createdS))
    const events = await startEarly(generation.events, keepAliveMs, client.signal)
    const report = (error: unknown): void => {
      if (!client.signal.aborted && isOwn(error)) onError(error)
    }
    const body = eventBody(dialect.writeStream(request, { ...generation, events }, { createdS, onError: report }), { keepAliveMs, onCancel: () => client.abort(CLIENT_GONE) })
    return context.body(body, 200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
  })
  addMethods(routes, dialect.path, 'POST')
}

/** Whether a failure is this program's, and not one that has a name. */
function isOwn(error: unknown): boolean {
  return ![FacadeError, AgentError, ServiceError, RequestError].some((known) => error instanceof known)
}

async function readJson(context: Context): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(context.req.header('content-type') ?? '')) throw new RequestError('unsupported-media-type', 'The body of this request must be JSON.')
  const text = await context.req.text()
  try {
    return JSON.parse(text)
  } catch {
    throw new FacadeError('invalid_value', 'The body is not valid JSON.')
  }
}
