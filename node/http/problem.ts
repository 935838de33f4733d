import type { Context } from 'hono'
import { z } from 'zod'
import { ServiceError } from '../service.ts'
import type { ServiceErrorCode } from '../service.ts'

/** Why the API itself refuses a request, besides what the service says. */
export type RequestErrorCode =
  | 'invalid-request'
  | 'unsupported-media-type'
  | 'too-large'
  | 'not-found'
  | 'method-not-allowed'
  | 'forbidden-host'
  | 'forbidden-origin'
  | 'unauthorized'
  | 'rate-limited'
  | 'not-ready'
  | 'too-many-streams'

export type ProblemCode = ServiceErrorCode | RequestErrorCode | 'internal'

interface ProblemKind {
  status: number
  title: string
  hint: string
}

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  'unknown-member': { status: 404, title: 'Unknown member', hint: 'GET /api/v1/members lists the members of this network.' },
  'no-credit': { status: 404, title: 'No credit', hint: 'GET /api/v1/rounds/<id> shows who took part and whether the round was rated.' },
  pruned: { status: 410, title: 'Not kept', hint: 'Ask a node that keeps a full archive.' },
  'unknown-round': { status: 404, title: 'Unknown round', hint: 'GET /api/v1/rounds lists the rounds of this network.' },
  'height-ahead': { status: 409, title: 'Height not reached', hint: 'Ask again once this node has that block, or for a lower height.' },
  'too-few-peers': { status: 503, title: 'Too few peers', hint: 'A rated round needs three members that are present. GET /api/v1/peers shows who is.' },
  'not-member': { status: 403, title: 'Not a member', hint: 'Only members may ask. Wait until this node has joined the network.' },
  quota: { status: 429, title: 'Quota used up', hint: 'Wait until open rounds have closed; Retry-After says how long to wait before the next attempt.' },
  'invalid-task': { status: 422, title: 'Invalid task', hint: 'The network does not accept a task like this one.' },
  'key-reused': { status: 422, title: 'Idempotency key used before', hint: 'The key belongs to another request. Take a new key for every new task.' },
  observing: { status: 503, title: 'Only observing', hint: 'This node signs nothing for now. GET /api/v1/status says why, and until when.' },
  'not-possible': { status: 409, title: 'Not possible now', hint: 'GET /api/v1/status shows what this node takes part in.' },
  stopping: { status: 503, title: 'Node is stopping', hint: 'Start the node again: peerage start' },
  'invalid-request': { status: 400, title: 'Invalid request', hint: 'Correct what is named.' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type', hint: 'Send JSON with the header Content-Type: application/json.' },
  'too-large': { status: 413, title: 'Request too large', hint: 'Send a shorter prompt.' },
  'not-found': { status: 404, title: 'Not found', hint: 'GET /openapi.json lists what there is.' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', hint: 'The Allow header says which methods there are.' },
  'forbidden-host': { status: 403, title: 'Host not allowed', hint: 'Use the address that the node printed at its start.' },
  'forbidden-origin': { status: 403, title: 'Origin not allowed', hint: 'Web pages of other sites may not use this API.' },
  unauthorized: { status: 401, title: 'Token required', hint: 'Send the header Authorization: Bearer <token>.' },
  'rate-limited': { status: 429, title: 'Too many requests', hint: 'Wait as long as Retry-After says.' },
  'not-ready': { status: 503, title: 'Not ready', hint: 'The reasons say what is missing. GET /api/v1/status says more.' },
  'too-many-streams': { status: 503, title: 'Too many event streams', hint: 'Close a stream first.' },
  internal: { status: 500, title: 'Internal error', hint: "The node's log says more." },
}
const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]

/** An RFC 9457 problem document. `code` is what programs decide by, `hint` what a person can do next. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(CODES),
    hint: z.string(),
    field: z.string().optional().describe('the offending field of the request'),
    retryAfterS: z.int().optional().describe('seconds to wait, as in the header Retry-After'),
    reasons: z.array(z.object({ code: z.string(), message: z.string() })).optional().describe('why the node is not ready'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `code` is what programs decide by, `hint` what a person can do next' })
export type Problem = z.infer<typeof problemSchema>

/** What a problem may hold beyond its code and sentence. */
export type ProblemDetails = Partial<Pick<Problem, 'field' | 'retryAfterS' | 'reasons'>>

/** A request the API refuses; becomes a problem document. */
export class RequestError extends Error {
  readonly code: RequestErrorCode
  readonly details: ProblemDetails
  constructor(code: RequestErrorCode, message: string, details: ProblemDetails = {}) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.details = details
  }
}

/** The problem document of a failure. Anything but a ServiceError or RequestError is `internal`, and nothing of it is told. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ServiceError) return problem(error.code, error.message, error.retryAfterS === null ? {} : { retryAfterS: error.retryAfterS })
  if (error instanceof RequestError) return problem(error.code, error.message, error.details)
  return problem('internal', 'Something in this node failed.', {})
}

/** Answers with the problem document of a failure. */
export function refuse(context: Context, error: unknown): Response {
  const problem = toProblem(error)
  return context.body(JSON.stringify(problem), problem.status as 400, { ...problemHeaders(problem), 'Content-Type': 'application/problem+json' })
}

/** Headers that go with a problem, in whatever form it is told. */
export function problemHeaders({ code, retryAfterS }: Problem): Record<string, string> {
  return {
    ...(code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
  }
}

function problem(code: ProblemCode, detail: string, details: ProblemDetails): Problem {
  const { status, title, hint } = PROBLEMS[code]
  return { type: `urn:peerage:problem:${code}`, title, status, detail, code, hint, ...details }
}
