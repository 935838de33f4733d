import { Hono } from 'hono'
import type { Context } from 'hono'
import packageJson from '../../package.json' with { type: 'json' }
import type { NodeService } from '../service.ts'
import { ServiceError } from '../service.ts'
import { createBodyLimit } from './body-limit.ts'
import { descriptionSchema } from './documents.ts'
import type { EventStreams } from './event-stream.ts'
import { assertAllowed } from './guard.ts'
import type { GuardOptions } from './guard.ts'
import { memberRoutes } from './member-routes.ts'
import type { Metrics } from './metrics.ts'
import type { Mount, Operation } from './mount.ts'
import { nodeRoutes } from './node-routes.ts'
import { describeApi } from './openapi.ts'
import { refuse, RequestError } from './problem.ts'
import { createRateLimiter, type RateLimiter, type RateLimits } from './rate-limit.ts'
import { BODY_BYTES_MAX } from './requests.ts'
import { roundRoutes } from './round-routes.ts'
import { addRoute, documentRoute, methodsOf, type Route } from './route.ts'
import { eventRoutes, exportRoutes } from './stream-routes.ts'

export interface RouteOptions extends GuardOptions {
  limits: RateLimits
  mounts: readonly Mount[]
  /** Whom a request counts for. */
  clientOf: (context: Context) => string
  /** Told of failures that are the node's own; the client learns only that there was one. */
  onError: (error: unknown) => void
}

/** Everything over one service: the routes of the API, its description, and what is mounted beside them. All refusals have a code. */
export function createRoutes(service: NodeService, streams: EventStreams, metrics: Metrics, options: RouteOptions): Hono {
  const routes = [...nodeRoutes(service, options.limits), ...roundRoutes(service), ...memberRoutes(service), ...eventRoutes(streams, metrics), ...exportRoutes(service, options.onError)]
  const operations = options.mounts.flatMap((mount) => mount.operations ?? [])
  const all = [...routes, descriptionRoute(routes, operations)]
  const app = new Hono()
  addGuard(app, metrics, options)
  for (const route of all) addRoute(app, route)
  for (const { path, routes: mounted } of options.mounts) app.route(path, mounted)
  const tell = (context: Context, error: unknown): Response | Promise<Response> => {
    const mount = options.mounts.find(({ path }) => context.req.path === path || context.req.path.startsWith(`${path}/`))
    return (mount?.refuse ?? refuse)(context, error)
  }
  app.notFound((context) => {
    const { method, path } = context.req
    const allowed = methodsOf(all, path)
    if (allowed.length === 0) return tell(context, new RequestError('not-found', `There is nothing at ${path.slice(0, 200)}.`))
    context.header('Allow', allowed.join(', '))
    return tell(context, new RequestError('method-not-allowed', `${method.slice(0, 20)} is not possible here.`))
  })
  app.onError((error, context) => {
    const isOwn = !(error instanceof RequestError) && !(error instanceof ServiceError)
    // Whoever gave up waiting is no failure of the node, and nobody reads the answer.
    if (isOwn && !context.req.raw.signal.aborted) options.onError(error)
    return tell(context, error)
  })
  return app
}

/** What every request passes first, wherever it goes. */
function addGuard(app: Hono, metrics: Metrics, options: RouteOptions): void {
  const limiter = createRateLimiter(options.limits)
  app.use(async (context, next) => {
    await next()
    context.header('X-Content-Type-Options', 'nosniff')
    context.header('Cache-Control', 'no-store')
    metrics.countRequest(context.res.status)
  })
  app.use(async (context, next) => {
    assertPace(limiter, options.clientOf(context))
    const header = (name: string): string | undefined => context.req.header(name)
    assertAllowed({ host: header('host'), origin: header('origin'), authorization: header('authorization'), apiKey: header('x-api-key') }, options)
    await next()
  })
  app.use(createBodyLimit(BODY_BYTES_MAX))
}

/** Before the token is looked at, so that nobody tries many. */
function assertPace(limiter: RateLimiter, client: string): void {
  const retryAfterS = limiter.take(client)
  if (retryAfterS > 0) throw new RequestError('rate-limited', 'This client has made too many requests.', { retryAfterS })
}

/** The description holds itself. */
function descriptionRoute(others: readonly Route[], operations: readonly Operation[]): Route {
  let document: ReturnType<typeof describeApi> | null = null
  const route: Route = documentRoute({
    method: 'GET', path: '/openapi.json', id: 'getDescription', summary: 'This description, as OpenAPI 3.1', document: descriptionSchema,
    handle: () => (document ??= describeApi([...others, route], operations, packageJson.version)),
  })
  return route
}
