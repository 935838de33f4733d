import { resolve } from 'node:path'
import { LIMITS } from '../../protocol/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { formatConfig, writeFileWhole } from '../config/config-file.ts'
import { firstIssue } from '../config/first-issue.ts'
import { foundNetwork } from '../config/genesis-file.ts'
import type { NodeHome } from '../config/home.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { configFileSchema } from '../config/schema.ts'
import { nameOf } from '../names.ts'
import { CliError } from './exit.ts'
import { ensureIdentity, exists } from './own-home.ts'

/** The flags that describe an agent, as typed. */
export interface AgentFlags {
  agent?: string
  strategy?: string
  model?: string
  baseUrl?: string
  keyEnv?: string
  keyFile?: string
  command?: string[]
}

export interface InitRequest extends AgentFlags {
  name?: string
  /** Name of the network to found, or null for none. */
  network: string | null
  /** Whether the name was asked for; then an existing genesis is a conflict. */
  networkGiven: boolean
}

/** What a home holds after `init`; `created` tells what of it is new. */
export interface InitResult {
  memberId: string
  name: string
  identityFile: string
  configFile: string
  genesisFile: string | null
  created: { identity: boolean; config: boolean; genesis: boolean }
}

/**
 * Completes a home: whatever of identity, configuration and genesis is missing is made, nothing is replaced. All is
 * checked before the first file is written. Rejects with CliError `usage` for flags, `config` where they contradict what exists.
 */
export async function initHome(home: NodeHome, request: InitRequest): Promise<InitResult> {
  const hasConfig = await exists(home.configFile)
  const agent = agentTable(request)
  if (hasConfig && (agent !== null || request.name !== undefined)) {
    throw new ConfigError('invalid', home.configFile, 'exists and is not replaced', { hint: 'Edit the file, or choose another folder with --home.' })
  }
  const table = { ...(request.name === undefined ? {} : { name: request.name }), agent: agent ?? { type: 'solver', strategy: 'searching' } }
  if (!hasConfig) assertValid(table)
  const genesisFile = hasConfig ? (await resolveConfig(home, {})).config.genesisFile : resolve(home.configDir, 'genesis.json')
  const hasGenesis = await exists(genesisFile)
  if (hasGenesis && request.networkGiven) {
    throw new ConfigError('invalid', genesisFile, 'this node belongs to a network already', { hint: 'Choose another folder with --home.' })
  }
  if (request.network === '' || (request.network?.length ?? 0) > LIMITS.nameLengthMax) {
    throw new CliError('usage', `--network: a name has 1 to ${LIMITS.nameLengthMax} characters.`)
  }

  const { identity, created } = await ensureIdentity(home)
  const { memberId } = identity
  if (!hasConfig) await writeFileWhole(home.configFile, formatConfig(table))
  const foundsNetwork = !hasGenesis && request.network !== null && !(await hasBootstrap(home))
  if (foundsNetwork) await foundNetwork(genesisFile, request.network as string, memberId)
  return {
    memberId,
    name: nameOf(memberId),
    identityFile: home.identityFile,
    configFile: home.configFile,
    genesisFile: hasGenesis || foundsNetwork ? genesisFile : null,
    created: { identity: created, config: !hasConfig, genesis: foundsNetwork },
  }
}

/** A node that is about to join a network gets its genesis from there. */
async function hasBootstrap(home: NodeHome): Promise<boolean> {
  return (await resolveConfig(home, {})).config.bootstrap.length > 0
}

/** The [agent] table that the flags describe, null if none were given. */
function agentTable({ agent, strategy, model, baseUrl, keyEnv, keyFile, command }: AgentFlags): Record<string, unknown> | null {
  const given = { strategy, model, baseUrl, keyEnv, keyFile: keyFile === undefined ? undefined : resolve(keyFile), command: command?.[0], args: command?.slice(1) }
  const fields = Object.entries(given).filter(([, value]) => value !== undefined)
  if (agent === undefined && fields.length === 0) return null
  const type = agent ?? (strategy !== undefined ? 'solver' : command !== undefined ? 'command' : 'openai')
  const defaults = type === 'solver' ? { strategy: 'searching' } : type === 'command' ? { folder: process.cwd() } : {}
  return { type, ...defaults, ...Object.fromEntries(fields) }
}

function assertValid(table: Record<string, unknown>): void {
  const parsed = configFileSchema.safeParse(table)
  if (parsed.success) return
  const { field, message } = firstIssue(parsed.error)
  const flag = field.replace(/^agent\./, '').split('.')[0]?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) ?? 'agent'
  throw new CliError('usage', `--${flag === 'type' ? 'agent' : flag}: ${message}`)
}
