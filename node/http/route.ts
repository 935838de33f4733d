import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import { canonicalJson } from './canonical-json.ts'
import type { ProblemCode } from './problem.ts'
import { parseRequest, readJson } from './requests.ts'

/** What a request brought, checked against the schemas of its route. */
export interface RouteRequest<Query, Headers, Body> {
  query: Query
  headers: Headers
  body: Body
  /** A segment of the path, by its name there. */
  param(name: string): string
  context: Context
}

interface RouteParts<Query extends z.ZodType, Headers extends z.ZodType, Body extends z.ZodType> {
  method: 'GET' | 'POST'
  /** As OpenAPI writes it: `/api/v1/rounds/{round}`. */
  path: string
  /** Unique, for generated clients. */
  id: string
  summary: string
  query?: Query
  /** Names in lower case. */
  headers?: Headers
  body?: Body
  /** Refusals of this route, besides those that any request may meet. */
  problems?: readonly ProblemCode[]
}

/** A route that answers with one document, always in canonical bytes. */
interface DocumentRoute<Query extends z.ZodType, Headers extends z.ZodType, Body extends z.ZodType, Document> extends RouteParts<Query, Headers, Body> {
  status?: 200 | 202
  document: z.ZodType<Document>
  handle(request: RouteRequest<z.output<Query>, z.output<Headers>, z.output<Body>>): Document | Promise<Document>
}

/** A route that answers with text of another type. `line` is the schema of what each line or event of it holds. */
interface TextRoute<Query extends z.ZodType, Headers extends z.ZodType, Body extends z.ZodType> extends RouteParts<Query, Headers, Body> {
  types: readonly [string, ...string[]]
  line?: z.ZodType
  respond(request: RouteRequest<z.output<Query>, z.output<Headers>, z.output<Body>>): Response | Promise<Response>
}

/** A route as the app and its description see it: with the types of what it takes and gives forgotten. */
export type Route = DocumentRoute<z.ZodType, z.ZodType, z.ZodType, unknown> | TextRoute<z.ZodType, z.ZodType, z.ZodType>

/** Declares a route that answers with a document. */
export function documentRoute<Document, Query extends z.ZodType = z.ZodUndefined, Headers extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  route: DocumentRoute<Query, Headers, Body, Document>,
): Route {
  return route
}

/** Declares a route that answers with text. */
export function textRoute<Query extends z.ZodType = z.ZodUndefined, Headers extends z.ZodType = z.ZodUndefined, Body extends z.ZodType = z.ZodUndefined>(
  route: TextRoute<Query, Headers, Body>,
): Route {
  return route
}

/** Serves a route: checks what came, hands it over, and writes the document. */
export function addRoute(app: Hono, route: Route): void {
  app.on(route.method, honoPath(route.path), async (context) => {
    const request: RouteRequest<unknown, unknown, unknown> = {
      query: route.query === undefined ? undefined : parseRequest(route.query, context.req.query()),
      headers: route.headers === undefined ? undefined : parseRequest(route.headers, context.req.header()),
      body: route.body === undefined ? undefined : parseRequest(route.body, await readJson(context)),
      param: (name) => context.req.param(name) as string,
      context,
    }
    if ('respond' in route) return route.respond(request)
    return context.body(canonicalJson(await route.handle(request)), route.status ?? 200, { 'Content-Type': 'application/json' })
  })
}

/** The names of the variable segments of a path. */
export function paramsOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
}

/** The methods that a path has, or none if there is nothing there. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const methods = routes.filter((route) => patternOf(route.path).test(path)).map(({ method }) => method)
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))]
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
}

function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}
