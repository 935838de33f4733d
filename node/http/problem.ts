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
  | 'too-many-streams'

export type ProblemCode = ServiceErrorCode | RequestErrorCode | 'internal'

/** An RFC 9457 problem document. `code` is what programs decide by, `hint` what a person can do next. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: ProblemCode
  hint: string
  /** The offending field of the request, where there is one. */
  field?: string
}

/** A request the API refuses; becomes a problem document. */
export class RequestError extends Error {
  readonly code: RequestErrorCode
  readonly field: string | null
  constructor(code: RequestErrorCode, message: string, field: string | null = null) {
    super(message)
    this.name = 'RequestError'
    this.code = code
    this.field = field
  }
}

const KINDS: Readonly<Record<ProblemCode, { status: number; title: string; hint: string }>> = {
  'unknown-member': { status: 404, title: 'Unknown member', hint: 'GET /api/v1/members lists the members of this network.' },
  'no-credit': { status: 404, title: 'No credit', hint: 'GET /api/v1/rounds/<id> shows who took part and whether the round was rated.' },
  pruned: { status: 410, title: 'Not kept', hint: 'Ask a node that keeps a full archive.' },
  'unknown-round': { status: 404, title: 'Unknown round', hint: 'GET /api/v1/rounds lists the rounds of this network.' },
  'height-ahead': { status: 409, title: 'Height not reached', hint: 'Ask again once this node has that block, or for a lower height.' },
  'too-few-peers': { status: 503, title: 'Too few peers', hint: 'A rated round needs three members that are present. GET /api/v1/peers shows who is.' },
  'not-member': { status: 403, title: 'Not a member', hint: 'Only members may ask. Wait until this node has joined the network.' },
  quota: { status: 429, title: 'Quota used up', hint: 'Wait until open rounds have closed.' },
  'invalid-task': { status: 422, title: 'Invalid task', hint: 'The network does not accept a task like this one.' },
  observing: { status: 503, title: 'Only observing', hint: 'This node signs nothing for now. GET /api/v1/status says why, and until when.' },
  'not-possible': { status: 409, title: 'Not possible now', hint: 'GET /api/v1/status shows what this node takes part in.' },
  stopping: { status: 503, title: 'Node is stopping', hint: 'Start the node again: peerage start' },
  'invalid-request': { status: 400, title: 'Invalid request', hint: 'Correct the field that is named.' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type', hint: 'Send JSON with the header Content-Type: application/json.' },
  'too-large': { status: 413, title: 'Request too large', hint: 'Send a shorter prompt.' },
  'not-found': { status: 404, title: 'Not found', hint: 'The API is below /api/v1: status, peers, members, genesis, rounds, events.' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', hint: 'The Allow header says which methods there are.' },
  'forbidden-host': { status: 403, title: 'Host not allowed', hint: 'Use the address that the node printed at its start.' },
  'forbidden-origin': { status: 403, title: 'Origin not allowed', hint: 'Web pages of other sites may not use this API.' },
  unauthorized: { status: 401, title: 'Token required', hint: 'Send the header Authorization: Bearer <token>.' },
  'too-many-streams': { status: 503, title: 'Too many event streams', hint: 'Close a stream first.' },
  internal: { status: 500, title: 'Internal error', hint: "The node's log says more." },
}

/** The problem document of a failure. Anything but a ServiceError or RequestError is `internal`, and nothing of it is told. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ServiceError) return problem(error.code, error.message, null)
  if (error instanceof RequestError) return problem(error.code, error.message, error.field)
  return problem('internal', 'Something in this node failed.', null)
}

function problem(code: ProblemCode, detail: string, field: string | null): Problem {
  const { status, title, hint } = KINDS[code]
  return { type: `urn:peerage:problem:${code}`, title, status, detail, code, hint, ...(field === null ? {} : { field }) }
}
