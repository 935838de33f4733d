import { z } from 'zod'
import { capsSchema } from './limits.ts'

/** What a provider can be there for. */
export const PROVIDER_ROLES = ['answer', 'judge'] as const
export type ProviderRole = (typeof PROVIDER_ROLES)[number]

export const timeoutMsSchema = z.int().min(100).max(3_600_000)
export const pathSchema = z.string().min(1).max(4_096)

const price = z.number().min(0).max(1_000_000)

const baseUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine((text) => URL.canParse(text) && new URL(text).username === '' && new URL(text).password === '', 'must not hold a user name or password: name an environment variable or a file')
  .refine((text) => !/[?#]/.test(text), 'must end with its path: what follows a question mark would stand before /chat/completions')

/** The fields of one OpenAI-compatible endpoint. No key is among them, only the place of one. */
export const providerFields = {
  baseUrl,
  model: z.string().min(1).max(200),
  /** Name of the environment variable that holds the key. */
  keyEnv: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable').max(200).optional(),
  /** File that holds the key; nobody else may read it. */
  keyFile: pathSchema.optional(),
  /** Program and arguments, run without a shell, that print the key: `secret-tool lookup service NAME`, say. */
  keyCommand: z.array(z.string().min(1).max(4_096)).min(1).max(100).optional(),
  timeoutMs: timeoutMsSchema.optional(),
  stream: z.boolean().optional(),
  attemptsMax: z.int().min(1).max(10).optional(),
  retryMs: z.int().min(1).max(60_000).optional(),
  replyBytesMax: z.int().min(1_000).max(50_000_000).optional(),
  /** How many calls are made at a time, and how many may wait for one of these to end. */
  concurrency: z.int().min(1).max(64).optional(),
  waitingMax: z.int().min(0).max(10_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  maxTokens: z.int().min(1).max(1_000_000).optional(),
  /** In the owner's currency per million tokens. Absent: free. */
  price: z.strictObject({ input: price, output: price }).optional(),
  /** Limits of this provider alone. */
  perDay: capsSchema.optional(),
}

type Keys = { keyEnv?: unknown; keyFile?: unknown; keyCommand?: unknown }

/** A refinement: at most one place for a key. */
export const oneKey = {
  check: ({ keyEnv, keyFile, keyCommand }: Keys): boolean => [keyEnv, keyFile, keyCommand].filter((place) => place !== undefined).length <= 1,
  issue: { error: 'keyEnv, keyFile and keyCommand exclude each other', path: ['keyFile'] },
}

/** One of several providers; their order is the order in which they are tried. */
export const providerSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'must be 1 to 40 lower-case letters, digits, dots, dashes and underscores'),
    ...providerFields,
    /** What it is there for; absent: for all. */
    roles: z.array(z.enum(PROVIDER_ROLES)).min(1).max(2).optional(),
  })
  .refine(oneKey.check, oneKey.issue)

export type ProviderConfig = z.infer<typeof providerSchema>
