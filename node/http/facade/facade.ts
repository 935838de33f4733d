import { Hono } from 'hono'
import type { Context } from 'hono'
import { z } from 'zod'
import { AgentError } from '../../agents/agent.ts'
import { ServiceError, type NodeService } from '../../service.ts'
import type { Mount, Operation } from '../mount.ts'
import { RequestError } from '../problem.ts'
import { askHeadersSchema, parseRequest, readJson } from '../requests.ts'
import { MODELS, readModel, type Model } from './call.ts'
import { chatCompletions } from './chat-completions.ts'
import type { Dialect, DialectRequest } from './dialect.ts'
import { FacadeError, openAiErrorSchema, toOpenAiError } from './errors.ts'
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

const PATH = '/v1'
const JSON_TYPE = 'application/json'
const EVENT_STREAM = 'text/event-stream'
const KEEP_ALIVE_MS = 10_000
const CLIENT_GONE = new Error('the client has gone')

/** The network as a model: what the clients of OpenAI and Anthropic speak, below /v1. */
export function facadeMount(service: NodeService, options: FacadeOptions = {}): Mount {
  const routes = new Hono()
  const startedS = Math.floor(Date.parse(service.status().startedAt) / 1_000)
  addModels(routes, startedS)
  const operations = [
    ...MODEL_OPERATIONS,
    addDialect(routes, service, chatCompletions, options),
    addDialect(routes, service, responses, options),
    addDialect(routes, service, messages, options),
  ]
  routes.onError((error, context) => {
    // A client that has gone left the failure behind itself.
    if (isOwn(error) && !context.req.raw.signal.aborted) options.onError?.(error)
    return refuseInDialect(context, error)
  })
  return { path: PATH, routes, operations, refuse: refuseInDialect }
}

/** Any failure as an answer in the shape that clients of the path know: Anthropic's, or OpenAI's. */
function refuseInDialect(context: Context, error: unknown): Response {
  const { status, headers, body } = context.req.path.startsWith('/v1/messages') ? describeForAnthropic(error) : toOpenAiError(error)
  return context.json(body, status as 400, headers)
}

const modelSchema = z.object({ id: z.enum(MODELS), object: z.literal('model'), created: z.int(), owned_by: z.literal('peerage') }).meta({ id: 'Model' })
const modelsSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) }).meta({ id: 'Models' })

const MODEL_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: `${PATH}/models`, id: 'listModels', summary: 'The network as a model, and the own model of the node', answer: { [JSON_TYPE]: modelsSchema }, refusal: openAiErrorSchema },
  { method: 'GET', path: `${PATH}/models/{model}`, id: 'getModel', summary: 'One of them', answer: { [JSON_TYPE]: modelSchema }, refusal: openAiErrorSchema },
]

function addModels(routes: Hono, createdS: number): void {
  const describe = (id: Model): z.infer<typeof modelSchema> => ({ id, object: 'model', created: createdS, owned_by: 'peerage' })
  const list: z.infer<typeof modelsSchema> = { object: 'list', data: MODELS.map(describe) }
  routes.get('/models', (context) => context.json(list))
  routes.get('/models/:model{.+}', (context) => context.json(describe(readModel(context.req.param('model')))))
  for (const path of ['/models', '/models/:model{.+}']) addMethods(routes, path, 'GET, HEAD')
}

/** After the routes of a path: what is left is a wrong method. */
function addMethods(routes: Hono, path: string, allow: string): void {
  routes.all(path, (context) => {
    context.header('Allow', allow)
    throw new RequestError('method-not-allowed', `${context.req.method.slice(0, 20)} is not possible here.`)
  })
}

function addDialect<Request extends DialectRequest>(routes: Hono, service: NodeService, dialect: Dialect<Request>, options: FacadeOptions): Operation {
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
    return context.body(body, 200, { 'Content-Type': `${EVENT_STREAM}; charset=utf-8`, 'X-Accel-Buffering': 'no' })
  })
  addMethods(routes, dialect.path, 'POST')
  const { whole, event, ...described } = dialect.described
  return { method: 'POST', path: `${PATH}${dialect.path}`, headers: askHeadersSchema, answer: { [JSON_TYPE]: whole, [EVENT_STREAM]: event }, ...described }
}

/** Whether a failure is this program's, and not one that has a name. */
function isOwn(error: unknown): boolean {
  return ![FacadeError, AgentError, ServiceError, RequestError].some((known) => error instanceof known)
}
