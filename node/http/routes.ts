import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { NodeService } from '../service.ts'
import { ServiceError } from '../service.ts'
import { canonicalJson } from './canonical-json.ts'
import type { EventStreams } from './event-stream.ts'
import { assertAllowed } from './guard.ts'
import type { GuardOptions } from './guard.ts'
import { RequestError, toProblem } from './problem.ts'
import { askRequestSchema, BODY_BYTES_MAX, memberDocumentSchema, membershipSchema, parseRequest, roundListSchema } from './requests.ts'

export interface RouteOptions extends GuardOptions {
  /** Told of failures that are the node's own; the client learns only that there was one. */
  onError: (error: unknown) => void
}

const METHODS: readonly { path: RegExp; allow: string }[] = [
  { path: /^\/api\/v1\/rounds$/, allow: 'GET, HEAD, POST' },
  { path: /^\/api\/v1\/membership$/, allow: 'POST' },
  { path: /^\/api\/v1\/(status|peers|members|genesis|checkpoint|events|rounds\/[^/]+(\/explanations\/[^/]+)?|members\/[^/]+\/(reputation|rewards))$/, allow: 'GET, HEAD' },
]

/** All routes below /api/v1 over one service. Every refusal is a problem document. */
export function createRoutes(service: NodeService, streams: EventStreams, options: RouteOptions): Hono {
  const app = new Hono()
  app.use(async (context, next) => {
    const header = (name: string): string | undefined => context.req.header(name)
    assertAllowed({ host: header('host'), origin: header('origin'), authorization: header('authorization') }, options)
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
    context.header('Cache-Control', 'no-store')
  })
  addNodeRoutes(app, service, streams)
  addRoundRoutes(app, service)
  addMemberRoutes(app, service)
  app.notFound((context) => {
    const known = METHODS.find(({ path }) => path.test(context.req.path))
    if (known === undefined) return refuse(context, new RequestError('not-found', `There is nothing at ${context.req.path.slice(0, 200)}.`))
    context.header('Allow', known.allow)
    return refuse(context, new RequestError('method-not-allowed', `${context.req.method} is not possible here.`))
  })
  app.onError((error, context) => {
    if (!(error instanceof RequestError) && !(error instanceof ServiceError)) options.onError(error)
    return refuse(context, error)
  })
  return app
}

function addNodeRoutes(app: Hono, service: NodeService, streams: EventStreams): void {
  app.get('/api/v1/status', (context) => context.json({ schema: 'peerage.status/v1', ...service.status() }))
  app.get('/api/v1/peers', (context) => context.json({ schema: 'peerage.peers/v1', peers: service.peers().filter((peer) => !peer.self) }))
  app.get('/api/v1/members', (context) => context.json({ schema: 'peerage.members/v1', members: service.peers().filter((peer) => peer.isMember) }))
  app.get('/api/v1/genesis', (context) => context.json(service.genesis()))
  app.get('/api/v1/checkpoint', async (context) => context.json(await service.checkpoint()))
  app.post('/api/v1/membership', async (context) => {
    const change = parseRequest(membershipSchema, await readJson(context))
    await service.membership(change)
    return context.json({ schema: 'peerage.membership/v1', kind: change.kind }, 202)
  })
  app.get('/api/v1/events', (context) => {
    if (context.req.method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' })
    return context.body(streams.open(), 200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  })
}

function addRoundRoutes(app: Hono, service: NodeService): void {
  app.get('/api/v1/rounds', async (context) => {
    const options = parseRequest(roundListSchema, context.req.query())
    return context.json({ schema: 'peerage.rounds/v1', rounds: await service.rounds(options) })
  })
  app.get('/api/v1/rounds/:id', async (context) => {
    const round = await service.round(context.req.param('id'))
    if (round === null) throw new ServiceError('unknown-round', `This node knows no round ${context.req.param('id').slice(0, 128)}.`)
    return context.json({ schema: 'peerage.round/v1', ...round })
  })
  app.get('/api/v1/rounds/:id/explanations/:member', async (context) =>
    context.json(await service.explain(context.req.param('id'), context.req.param('member'))))
  const limit = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: () => {
      throw new RequestError('too-large', `A request may have at most ${BODY_BYTES_MAX} bytes.`)
    },
  })
  app.post('/api/v1/rounds', limit, async (context) => {
    const { round } = await service.ask(parseRequest(askRequestSchema, await readJson(context)))
    context.header('Location', `/api/v1/rounds/${encodeURIComponent(round)}`)
    return context.json({ schema: 'peerage.ask/v1', round }, 202)
  })
}

function addMemberRoutes(app: Hono, service: NodeService): void {
  const document = (context: Context, value: unknown): Response => context.body(canonicalJson(value), 200, { 'Content-Type': 'application/json' })
  app.get('/api/v1/members/:id/reputation', async (context) => {
    const options = parseRequest(memberDocumentSchema, context.req.query())
    return document(context, await service.reputation(context.req.param('id'), options))
  })
  app.get('/api/v1/members/:id/rewards', async (context) => {
    const options = parseRequest(memberDocumentSchema, context.req.query())
    return document(context, await service.rewards(context.req.param('id'), options))
  })
}

async function readJson(context: Context): Promise<unknown> {
  const type = context.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RequestError('unsupported-media-type', 'The body of this request must be JSON.')
  const text = await context.req.text()
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestError('invalid-request', 'The body is not valid JSON.')
  }
}

function refuse(context: Context, error: unknown): Response {
  const problem = toProblem(error)
  return context.body(JSON.stringify(problem), problem.status as 400, {
    'Content-Type': 'application/problem+json',
    ...(problem.code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {}),
  })
}
