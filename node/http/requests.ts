import { z } from 'zod'
import { TASK_KINDS } from '../../consensus/index.ts'
import { LIMITS, memberIdSchema } from '../../protocol/index.ts'
import { firstIssue } from '../config/first-issue.ts'
import { RequestError } from './problem.ts'

/** Largest request body. A prompt of the longest kind fits with room for its escapes. */
export const BODY_BYTES_MAX = 524_288

const agentMsSchema = z.int().min(LIMITS.agentMsMin).max(LIMITS.agentMsMax)

/** Body of POST /api/v1/rounds, and the contents of a task file. Unknown fields are errors. */
export const askRequestSchema = z.strictObject({
  prompt: z.string().min(1).max(LIMITS.promptLengthMax),
  kind: z.enum(TASK_KINDS).default('text'),
  reference: z.string().min(1).max(LIMITS.referenceLengthMax).optional(),
  answerMs: agentMsSchema.optional(),
  judgeMs: agentMsSchema.optional(),
  truth: z.strictObject({ accepted: z.array(z.string().min(1).max(LIMITS.valueLengthMax)).min(1).max(LIMITS.acceptedMax) }).optional(),
})

/** Body of POST /api/v1/membership. */
export const membershipSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('leave') }),
  z.strictObject({ kind: z.literal('rotate'), to: memberIdSchema, consent: z.string().regex(/^[0-9a-f]{128}$/, 'must be a signature in hex') }),
])

const heightSchema = z.string().regex(/^\d{1,15}$/, 'must be a block height').transform(Number)

export const roundListSchema = z.strictObject({
  limit: z.string().regex(/^\d{1,3}$/, 'must be a number from 1 to 200').transform(Number).pipe(z.number().min(1).max(200)).default(20),
  before: z.string().min(1).max(128).optional(),
  status: z.enum(['open', 'closed']).optional(),
})

export const memberDocumentSchema = z.strictObject({
  history: z.enum(['0', '1', 'true', 'false']).default('0').transform((text) => text === '1' || text === 'true'),
  at: heightSchema.optional(),
})

/** Checks untrusted input. Throws RequestError `invalid-request` naming the field. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const { field, message } = firstIssue(parsed.error)
  throw new RequestError('invalid-request', field === '' ? message : `${field}: ${message}`, field === '' ? null : field)
}
