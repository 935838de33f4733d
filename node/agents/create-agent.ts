import { resolve } from 'node:path'
import { z } from 'zod'
import type { Agent } from './agent.ts'
import { createCommandAgent } from './command.ts'
import { createOpenAiAgent } from './openai.ts'
import { NO_LIMITS } from './providers/limits.ts'
import type { Limits } from './providers/limits.ts'
import { oneKey, pathSchema, providerFields, providerSchema, timeoutMsSchema } from './providers/provider-config.ts'
import type { ProviderConfig } from './providers/provider-config.ts'
import { openSpending } from './providers/open-spending.ts'
import { createRecordedAgent } from './recorded.ts'
import { createSolverAgent } from './solver-agent.ts'
import { SOLVER_STRATEGIES } from './solver-strategies.ts'

const shortName = z.string().min(1).max(200)

const solverConfig = z.strictObject({ type: z.literal('solver'), strategy: z.enum(SOLVER_STRATEGIES).default('searching') })

/** How models are asked, whichever provider asks them. */
const promptingFields = {
  canaryEvery: z.int().min(0).max(1_000).optional(),
  markSteps: z.boolean().optional(),
}

/** One provider, in short. */
const openAiConfig = z.strictObject({ type: z.literal('openai'), ...providerFields, ...promptingFields }).refine(oneKey.check, oneKey.issue)

/** Several, in the order in which they are tried. */
const providersConfig = z.strictObject({
  type: z.literal('providers'),
  providers: z
    .array(providerSchema)
    .min(1)
    .max(32)
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'ids must differ from each other'),
  ...promptingFields,
})

const recordedConfig = z.strictObject({
  type: z.literal('recorded'),
  file: pathSchema,
  agent: shortName,
  mode: shortName.optional(),
  /** Member id to the recorded agent that this member replays. */
  members: z.record(shortName, shortName),
})

const commandConfig = z.strictObject({
  type: z.literal('command'),
  command: pathSchema,
  args: z.array(z.string().max(4_096)).max(100).optional(),
  folder: pathSchema.optional(),
  model: shortName.optional(),
  timeoutMs: timeoutMsSchema.optional(),
})

/** The configuration of a node's agent. No key is ever in it, only the place of one. Unknown fields are errors. */
export const agentConfigSchema = z.discriminatedUnion('type', [solverConfig, openAiConfig, providersConfig, recordedConfig, commandConfig])
export type AgentConfig = z.infer<typeof agentConfigSchema>

/** The id of the provider that an agent of type `openai` is, where one is named. */
export const ONLY_PROVIDER_ID = 'agent'

/** The providers of an agent in the order in which they are tried; none where it needs none. Paths are relative to `folder`. */
export function providersOf(config: AgentConfig, folder: string): ProviderConfig[] {
  const absolute = <T extends { keyFile?: string | undefined }>(fields: T): T => (fields.keyFile === undefined ? fields : { ...fields, keyFile: resolve(folder, fields.keyFile) })
  if (config.type === 'providers') return config.providers.map(absolute)
  if (config.type !== 'openai') return []
  return [absolute({ id: ONLY_PROVIDER_ID, ...z.object(providerFields).parse(config) })]
}

export interface AgentSurroundings {
  /** What relative paths of the configuration are relative to; by default the current folder. */
  folder?: string
  /** What the agent may spend; absent: anything. */
  limits?: Limits
  /** Where it is written down what was spent; absent: nowhere. */
  dataDir?: string
  /** Takes what a command agent's program says on stderr, and what an owner should know of a model. */
  log?: (line: string) => void
  /** Takes what the owner has to know. */
  warn?: (line: string) => void
}

/**
 * Creates the agent that a configuration describes.
 * @throws AgentError where a key cannot be read, RecordingError where a recorded file is not usable
 */
export async function createAgent(config: AgentConfig, { folder = '.', limits = NO_LIMITS, dataDir, log, warn }: AgentSurroundings = {}): Promise<Agent> {
  switch (config.type) {
    case 'solver':
      return createSolverAgent(config)
    case 'openai':
    case 'providers': {
      const { canaryEvery, markSteps } = config
      const spending = dataDir === undefined ? undefined : await openSpending({ dataDir, writer: 'node', limits, warn })
      return createOpenAiAgent({ providers: providersOf(config, folder), limits, spending, canaryEvery, markSteps, log })
    }
    case 'recorded':
      return createRecordedAgent({ ...config, file: resolve(folder, config.file) })
    case 'command':
      return createCommandAgent({ ...config, folder: resolve(folder, config.folder ?? '.'), ...(log === undefined ? {} : { log }) })
  }
}
