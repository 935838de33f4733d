import { z } from 'zod'
import { AgentError, type AgentErrorCode } from '../../agents/agent.ts'
import { problemHeaders, toProblem } from '../problem.ts'

/** Why the facade itself refuses a request or cannot answer it, as OpenAI's clients know such reasons. */
export type FacadeErrorCode =
  | 'invalid_value'
  | 'unsupported_parameter'
  | 'unsupported_content'
  | 'context_length_exceeded'
  | 'model_not_found'
  | 'no_answer'
  | 'deadline_exceeded'

/** A request that gets no answer; becomes an error in OpenAI's shape. */
export class FacadeError extends Error {
  readonly code: FacadeErrorCode
  /** The offending field of the request, where there is one. */
  readonly param: string | null
  /** The round that was opened for it, where there is one. */
  readonly round: string | null
  constructor(code: FacadeErrorCode, message: string, param: string | null = null, round: string | null = null) {
    super(message)
    this.name = 'FacadeError'
    this.code = code
    this.param = param
    this.round = round
  }
}

const roundSchema = z.object({ round: z.string() }).optional().describe('present where a round was opened')

/** The body of every refusal, and the data of an error inside a stream. */
export const openAiErrorSchema = z
  .object({ error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }), peerage: roundSchema })
  .meta({ id: 'OpenAiError' })
export type OpenAiErrorBody = z.infer<typeof openAiErrorSchema>

export interface OpenAiError {
  status: number
  headers: Record<string, string>
  body: OpenAiErrorBody
}

const FACADE_STATUS: Readonly<Record<FacadeErrorCode, number>> = {
  invalid_value: 400,
  unsupported_parameter: 400,
  unsupported_content: 400,
  context_length_exceeded: 400,
  model_not_found: 404,
  no_answer: 502,
  deadline_exceeded: 504,
}

/** A spent budget is told as OpenAI tells its own: 429 `insufficient_quota`, which clients know from mere haste. */
const AGENT_CODES: Readonly<Record<AgentErrorCode, { status: number; code: string }>> = {
  unreachable: { status: 502, code: 'upstream_unreachable' },
  refused: { status: 502, code: 'upstream_refused' },
  'malformed-reply': { status: 502, code: 'upstream_malformed_reply' },
  'rate-limited': { status: 429, code: 'rate_limit_exceeded' },
  timeout: { status: 504, code: 'upstream_timeout' },
  exited: { status: 503, code: 'upstream_exited' },
  'unsupported-task': { status: 400, code: 'unsupported_task' },
  busy: { status: 429, code: 'upstream_busy' },
  'budget-refused': { status: 429, code: 'insufficient_quota' },
}

/** Codes of the API that OpenAI has another word for. */
const CODES: Readonly<Record<string, string>> = { unauthorized: 'invalid_api_key', 'rate-limited': 'rate_limit_exceeded', 'invalid-request': 'invalid_value' }

/** What a client is told to wait where nobody knows better. */
const RETRY_AFTER_S = 5

/** Any failure as OpenAI's API would tell it. What is unknown is `internal`, and nothing of it is told. */
export function toOpenAiError(error: unknown): OpenAiError {
  if (error instanceof FacadeError) return describeFacadeError(error)
  if (error instanceof AgentError) {
    const { status, code } = AGENT_CODES[error.code]
    return describe(status, code, error.code === 'unsupported-task' ? error.message : `The model of this node failed: ${error.message}`)
  }
  const problem = toProblem(error)
  const { status, code, detail, hint, field } = problem
  const described = describe(status === 422 ? 400 : status, CODES[code] ?? code.replaceAll('-', '_'), `${detail} ${hint}`, field)
  return { ...described, headers: { ...described.headers, ...problemHeaders(problem) } }
}

function describeFacadeError({ code, message, param, round }: FacadeError): OpenAiError {
  const described = describe(FACADE_STATUS[code], code, message, param ?? undefined)
  if (round === null) return described
  // Clients try 5xx again by themselves, which would open one round after the other.
  return { ...described, headers: { 'X-Should-Retry': 'false' }, body: { ...described.body, peerage: { round } } }
}

function describe(status: number, code: string, message: string, param?: string): OpenAiError {
  const body = { error: { message, type: typeOf(status, code), param: param ?? null, code } }
  if (code === 'insufficient_quota') return { status, headers: { 'X-Should-Retry': 'false' }, body }
  return { status, headers: status === 429 || status === 503 ? { 'Retry-After': String(RETRY_AFTER_S) } : {}, body }
}

function typeOf(status: number, code: string): string {
  if (code === 'insufficient_quota') return code
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
