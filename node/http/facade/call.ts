import { z } from 'zod'
import type { TaskKind } from '../../../consensus/index.ts'
import type { ChatMessage } from '../../agents/agent.ts'
import { askRequestSchema, taskKindSchema } from '../../service/rounds.ts'
import { FacadeError } from './errors.ts'

export const MODELS = ['peerage', 'peerage/solo'] as const
export type Model = (typeof MODELS)[number]

/** What a request comes to, whichever of the protocols it was made in. */
export interface Call {
  model: Model
  messages: ChatMessage[]
  kind: TaskKind
  reference: string | undefined
  answerMs: number | undefined
  judgeMs: number | undefined
  /** False keeps a request from being taken for a background task. */
  background: boolean
  /** The task that a front end names in its metadata. */
  metadataTask: string | null
  temperature: number | undefined
  maxTokens: number | undefined
  stop: string[]
  /** Fields of the request, to tell which of them had no effect. */
  fields: string[]
}

const { reference, answerMs, judgeMs } = askRequestSchema.shape

/** The one extra object of a request. Unknown fields are errors. */
export const extraSchema = z.strictObject({ kind: taskKindSchema.optional(), reference, answer_ms: answerMs, judge_ms: judgeMs, background: z.boolean().optional() })

export const metadataSchema = z.looseObject({ task: z.unknown().optional(), peerage_kind: taskKindSchema.optional() })

/** Kind, times and background of a call. Where a client cannot send `peerage`, `metadata.peerage_kind` names the kind. */
export function readExtra(extra: z.output<typeof extraSchema> | null | undefined, metadata: z.output<typeof metadataSchema> | null | undefined): Pick<Call, 'kind' | 'reference' | 'answerMs' | 'judgeMs' | 'background' | 'metadataTask'> {
  return {
    kind: extra?.kind ?? metadata?.peerage_kind ?? 'text',
    reference: extra?.reference,
    answerMs: extra?.answer_ms,
    judgeMs: extra?.judge_ms,
    background: extra?.background ?? true,
    metadataTask: typeof metadata?.task === 'string' ? metadata.task : null,
  }
}

/** Throws FacadeError `model_not_found`. */
export function readModel(model: string): Model {
  const known = MODELS.find((id) => id === model)
  if (known === undefined) throw new FacadeError('model_not_found', `The model "${model.slice(0, 100)}" does not exist; there are ${MODELS.join(' and ')}.`, 'model')
  return known
}

const textPartSchema = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })
const TEXT_PARTS: readonly string[] = ['text', 'input_text', 'output_text', 'refusal']

/** The text of a message's content: a string, nothing, or a list of text parts. Throws FacadeError, for images among others. */
export function readText(content: unknown, param: string): string {
  if (typeof content === 'string') return content.toWellFormed()
  if (content === null || content === undefined) return ''
  if (!Array.isArray(content)) throw new FacadeError('invalid_value', 'The content of a message is a text or a list of parts.', param)
  const texts = content.map((value: unknown, index) => {
    const part = textPartSchema.safeParse(typeof value === 'string' ? { type: 'text', text: value } : value)
    if (!part.success) throw new FacadeError('invalid_value', 'A part of a message has a type and, where that is text, a text.', `${param}[${index}]`)
    const { type, text, refusal } = part.data
    if (!TEXT_PARTS.includes(type)) {
      throw new FacadeError('unsupported_content', `Content of the type "${type.slice(0, 40)}" is not possible: members of this network read text only.`, `${param}[${index}]`)
    }
    return (text ?? refusal ?? '').toWellFormed()
  })
  return texts.join('\n')
}

/** The names of the fields that say something. */
export function fieldsOf(body: unknown): string[] {
  return Object.entries(body as Record<string, unknown>).flatMap(([field, value]) => (value === undefined || value === null ? [] : [field]))
}

/** Fields that do what they say, whoever answers. */
const EFFECTIVE = ['model', 'messages', 'input', 'instructions', 'system', 'stream', 'stream_options', 'metadata', 'peerage', 'n', 'user', 'thinking']
const IGNORED_MAX = 32

/** The fields of a request without effect, where those named in `also` have one. */
export function ignoredFields({ fields }: Call, also: readonly string[]): string[] {
  return fields.filter((field) => !EFFECTIVE.includes(field) && !also.includes(field)).slice(0, IGNORED_MAX).map((field) => field.slice(0, 64))
}

/** Throws FacadeError where there is nothing to answer. */
export function assertConversation(messages: readonly ChatMessage[]): void {
  if (messages.every(({ content }) => content.trim() === '')) throw new FacadeError('invalid_value', 'There is no text to answer.', 'messages')
}

/** Checks a body. Throws FacadeError `invalid_value` naming the field as OpenAI does: `messages[0].role`. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path: readonly PropertyKey[] = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : (issue?.path ?? [])
  const param = path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '')
  const message = issue?.code === 'unrecognized_keys' ? 'is not a known field' : (issue?.message ?? 'is invalid')
  throw new FacadeError('invalid_value', `${param === '' ? 'The body' : param}: ${message}`, param === '' ? null : param.slice(0, 200))
}

/** At most so many messages; far above what fits into a task. */
export const MESSAGES_MAX = 10_000
export const temperatureSchema = z.number().min(0).max(2).nullish()
export const tokensSchema = z.int().min(1).max(10_000_000).nullish()
export const stopSchema = z.union([z.string().max(1_000).transform((text) => [text]), z.array(z.string().max(1_000)).max(16)]).nullish()
