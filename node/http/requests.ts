import type { Context } from 'hono'
import { z } from 'zod'
import { memberIdSchema } from '../../protocol/index.ts'
import { firstIssue } from '../config/first-issue.ts'
import { eventTypes } from '../service/events.ts'
import { roundStatusSchema } from '../service/rounds.ts'
import { RequestError } from './problem.ts'

/** Largest request body. A prompt of the longest kind fits with room for its escapes. */
export const BODY_BYTES_MAX = 524_288

/** Longest that a request for a round waits for its close. */
export const WAIT_S_MAX = 300

/** Body of POST /api/v1/membership. */
export const membershipSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('leave') }),
    z.strictObject({ kind: z.literal('rotate'), to: memberIdSchema, consent: z.string().regex(/^[0-9a-f]{128}$/, 'must be a signature in hex') }),
  ])
  .meta({ id: 'MembershipChange' })

/** A whole number within bounds, as a query writes it. */
function integerIn(low: number, high: number) {
  const error = `must be a whole number from ${low} to ${high}`
  return z.string().regex(/^\d{1,15}$/, error).transform(Number).pipe(z.number().min(low, error).max(high, error)).meta({ type: 'integer', minimum: low, maximum: high })
}

function integerOr(fallback: number, low: number, high: number, description: string) {
  return integerIn(low, high).default(fallback).describe(`${description}; ${fallback} where absent`)
}
const HEIGHT_MAX = 999_999_999_999_999

export const roundListSchema = z.strictObject({
  limit: integerOr(20, 1, 200, 'at most so many rounds, the newest first'),
  before: z.string().min(1).max(128).optional().describe('only rounds older than this one, as `next` of the page before names it'),
  status: roundStatusSchema.optional(),
})

export const roundSchema = z.strictObject({
  wait: integerOr(0, 0, WAIT_S_MAX, 'seconds to wait for the round to close; then it is given as it stands'),
})

export const memberDocumentSchema = z.strictObject({
  history: z.enum(['0', '1', 'true', 'false']).default('0').transform((text) => text === '1' || text === 'true').describe('whether to tell each change'),
  at: integerIn(0, HEIGHT_MAX).optional().describe('as it was after this block'),
})

export const historySchema = z.strictObject({
  limit: integerOr(100, 1, 1_000, 'at most so many entries'),
  offset: integerOr(0, 0, HEIGHT_MAX, 'how many entries to skip; entries are appended and never move'),
  at: integerIn(0, HEIGHT_MAX).optional().describe('as it was after this block; keep it the same for all pages'),
})

export const exportSchema = z.strictObject({
  after: integerOr(0, 0, HEIGHT_MAX, 'only what came above this height'),
  format: z.enum(['ndjson', 'json']).default('ndjson').describe('one document per line, or one array'),
})

const eventIdSchema = z.string().min(1).max(100)

export const eventsSchema = z.strictObject({
  round: z.string().min(1).max(128).optional().describe('only events of this round'),
  types: z.string().max(300).transform((text) => text.split(',')).pipe(z.array(z.enum(eventTypes)).min(1)).optional().describe(`only these, separated by commas: ${eventTypes.join(', ')}`),
  after: eventIdSchema.optional().describe('an id, as Last-Event-ID for those that cannot send headers'),
})

export const eventHeadersSchema = z.object({
  'last-event-id': eventIdSchema.optional().describe('begin with the events after this one'),
})

/** Headers of POST /api/v1/rounds; others pass by. */
export const askHeadersSchema = z.object({
  'idempotency-key': z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible characters').optional().describe('a name for this request, so that it may be repeated: the same key and task give the same round'),
})

/** Throws RequestError `unsupported-media-type` unless the body is said to be JSON. */
export function assertJson(context: Context): void {
  const type = context.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RequestError('unsupported-media-type', 'The body of this request must be JSON.')
}

/** The body of a request. Throws RequestError `unsupported-media-type` or `invalid-request`. */
export async function readJson(context: Context): Promise<unknown> {
  assertJson(context)
  const text = await context.req.text()
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestError('invalid-request', 'The body is not valid JSON.')
  }
}

/** Checks untrusted input. Throws RequestError `invalid-request` naming the field. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const { field, message } = firstIssue(parsed.error)
  throw new RequestError('invalid-request', field === '' ? message : `${field}: ${message}`, field === '' ? {} : { field })
}
