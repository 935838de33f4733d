import { z } from 'zod'
import type { Operation } from './mount.ts'
import { PROBLEMS, problemSchema, type ProblemCode } from './problem.ts'
import { paramsOf, type Route } from './route.ts'

/** What any request may be refused with. */
const COMMON: readonly ProblemCode[] = ['invalid-request', 'unauthorized', 'forbidden-host', 'forbidden-origin', 'rate-limited', 'internal']
/** What a request with a body may be refused with. */
const OF_BODIES: readonly ProblemCode[] = ['too-large', 'unsupported-media-type']

const PARAMS: Readonly<Record<string, string>> = { round: 'id of a round', member: 'id of a member', model: 'id of a model, slash included' }

type Json = Record<string, unknown>

const SECURITY_SCHEMES = {
  token: { type: 'http', scheme: 'bearer', description: 'needed where the node is configured with a token' },
  key: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'the same token, for clients that put it there' },
}

/** The OpenAPI 3.1 description of routes, from the schemas that check what they take and give, and of what mounts say of theirs. */
export function describeApi(routes: readonly Route[], operations: readonly Operation[], version: string) {
  const schemas = createSchemas()
  const paths: Record<string, Json> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = describeRoute(route, schemas)
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation, schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Peerage',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'A node of a peer-to-peer network of agents. Fields ending in Micro are integers in millionths, At are ISO 8601 times, Ms milliseconds. Below /v1 are the parts of the APIs of OpenAI and Anthropic that the node speaks. Two protocols describe themselves and are not in here: MCP, as streamable HTTP at /mcp, and A2A, as JSON-RPC at /a2a with its card at /.well-known/agent-card.json.',
    },
    paths,
    components: { schemas: schemas.all(), securitySchemes: SECURITY_SCHEMES },
    security: [{}, { token: [] }, { key: [] }],
  }
}

function describeRoute(route: Route, schemas: Schemas): Json {
  const { body, problems = [] } = route
  const codes = [...COMMON, ...(body === undefined ? [] : OF_BODIES), ...problems]
  return { ...describeRequest(route, schemas), responses: { ...describeAnswer(route, schemas), ...describeProblems(codes, schemas) } }
}

function describeOperation(operation: Operation, schemas: Schemas): Json {
  const { summary, answer, refusal } = operation
  const content = Object.fromEntries(Object.entries(answer).map(([type, schema]) => [type, { schema: schemas.of(schema, 'output') }]))
  const refused = { description: 'a refusal: `code` says why', content: { 'application/json': { schema: schemas.of(refusal, 'output') } } }
  return { ...describeRequest(operation, schemas), responses: { 200: { description: summary, content }, default: refused } }
}

function describeRequest({ id, summary, path, query, headers, body }: Pick<Route, 'id' | 'summary' | 'path' | 'query' | 'headers' | 'body'>, schemas: Schemas): Json {
  const parameters = [
    ...paramsOf(path).map((name) => ({ name, in: 'path', required: true, description: PARAMS[name], schema: { type: 'string' } })),
    ...describeParameters('query', query, schemas),
    ...describeParameters('header', headers, schemas),
  ]
  return {
    operationId: id,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: schemas.of(body, 'input') } } } }),
  }
}

function describeAnswer(route: Route, schemas: Schemas): Json {
  if ('document' in route) {
    return { [route.status ?? 200]: { description: route.summary, content: { 'application/json': { schema: schemas.of(route.document, 'output') } } } }
  }
  const line = route.line === undefined ? { type: 'string' } : schemas.of(route.line, 'output')
  const schemaOf = (type: string): Json => (type === 'application/json' ? { type: 'array', items: line } : line)
  return { 200: { description: route.summary, content: Object.fromEntries(route.types.map((type) => [type, { schema: schemaOf(type) }])) } }
}

function describeParameters(where: 'query' | 'header', schema: z.ZodType | undefined, schemas: Schemas): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = schemas.of(schema, 'input') as { properties?: Record<string, Json>; required?: string[] }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

function describeProblems(codes: readonly ProblemCode[], schemas: Schemas): Json {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b)
  const content = { 'application/problem+json': { schema: schemas.of(problemSchema, 'output') } }
  return Object.fromEntries(
    statuses.map((status) => {
      const here = [...new Set(codes.filter((code) => PROBLEMS[code].status === status))]
      const headers = status === 429 ? { headers: { 'Retry-After': { description: 'seconds to wait', schema: { type: 'integer' } } } } : {}
      return [status, { description: here.map((code) => `${code}: ${PROBLEMS[code].title}`).join('; '), ...headers, content }]
    }),
  )
}

interface Schemas {
  /** A reference where the schema has an id, else the schema itself. */
  of(schema: z.ZodType, io: 'input' | 'output'): Json
  all(): Record<string, Json>
}

// Schemas with an id become components, wherever they occur.
function createSchemas(): Schemas {
  const components: Record<string, Json> = {}
  const convert = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: simplify }) as Json & { $defs?: Record<string, Json> }
    for (const [id, definition] of Object.entries($defs)) components[id] ??= relink(definition) as Json
    return relink(json) as Json
  }
  return {
    of: convert,
    all: () => Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Leaves out bounds that any integer has, and patterns of text that is to be read as a number. */
function simplify({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema['type'] !== 'integer') return
  delete jsonSchema['pattern']
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum']
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum']
}

function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, nested]) => [key, key === '$ref' && typeof nested === 'string' ? nested.replace('#/$defs/', '#/components/schemas/') : relink(nested)]),
  )
}
