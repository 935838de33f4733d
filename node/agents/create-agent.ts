import { resolve } from 'node:path'
import { z } from 'zod'
import type { Agent } from './agent.ts'
import { createCommandAgent } from './command.ts'
import { createOpenAiAgent } from './openai.ts'
import { createRecordedAgent } from './recorded.ts'
import { createSolverAgent } from './solver-agent.ts'
import { SOLVER_STRATEGIES } from './solver-strategies.ts'

const timeoutMs = z.int().min(100).max(3_600_000)
const path = z.string().min(1).max(4_096)
const shortName = z.string().min(1).max(200)

const baseUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine((text) => URL.canParse(text) && new URL(text).username === '' && new URL(text).password === '', 'must not hold a user name or password: name an environment variable or a file')

const solverConfig = z.strictObject({ type: z.literal('solver'), strategy: z.enum(SOLVER_STRATEGIES) })

const openAiConfig = z
  .strictObject({
    type: z.literal('openai'),
    baseUrl,
    model: shortName,
    /** Name of the environment variable that holds the key. */
    keyEnv: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable').max(200).optional(),
    /** File that holds the key. */
    keyFile: path.optional(),
    timeoutMs: timeoutMs.optional(),
    stream: z.boolean().optional(),
    attemptsMax: z.int().min(1).max(10).optional(),
    retryMs: z.int().min(1).max(60_000).optional(),
    replyBytesMax: z.int().min(1_000).max(50_000_000).optional(),
    concurrency: z.int().min(1).max(64).optional(),
    temperature: z.number().min(0).max(2).optional(),
    maxTokens: z.int().min(1).max(1_000_000).optional(),
  })
  .refine(({ keyEnv, keyFile }) => keyEnv === undefined || keyFile === undefined, { error: 'keyEnv and keyFile exclude each other', path: ['keyFile'] })

const recordedConfig = z.strictObject({
  type: z.literal('recorded'),
  file: path,
  agent: shortName,
  mode: shortName.optional(),
  /** Member id to the recorded agent that this member replays. */
  members: z.record(shortName, shortName),
})

const commandConfig = z.strictObject({
  type: z.literal('command'),
  command: path,
  args: z.array(z.string().max(4_096)).max(100).optional(),
  folder: path.optional(),
  model: shortName.optional(),
  timeoutMs: timeoutMs.optional(),
})

/** The configuration of a node's agent. No key is ever in it, only the place of one. Unknown fields are errors. */
export const agentConfigSchema = z.discriminatedUnion('type', [solverConfig, openAiConfig, recordedConfig, commandConfig])
export type AgentConfig = z.infer<typeof agentConfigSchema>

export interface AgentSurroundings {
  /** What relative paths of the configuration are relative to; by default the current folder. */
  folder?: string
  /** Takes what a command agent's program says on stderr. */
  log?: (line: string) => void
}

/**
 * Creates the agent that a configuration describes.
 * @throws AgentError where a key cannot be read, RecordingError where a recorded file is not usable
 */
export async function createAgent(config: AgentConfig, { folder = '.', log }: AgentSurroundings = {}): Promise<Agent> {
  switch (config.type) {
    case 'solver':
      return createSolverAgent(config)
    case 'openai':
      return createOpenAiAgent({ ...config, keyFile: config.keyFile === undefined ? undefined : resolve(folder, config.keyFile) })
    case 'recorded':
      return createRecordedAgent({ ...config, file: resolve(folder, config.file) })
    case 'command':
      return createCommandAgent({ ...config, folder: resolve(folder, config.folder ?? '.'), ...(log === undefined ? {} : { log }) })
  }
}
