import { resolve } from 'node:path'
import type { FoundServer } from '../agents/providers/discover.ts'
import { LIMITS } from '../../protocol/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { formatConfig, writeFileWhole } from '../config/config-file.ts'
import { firstIssue } from '../config/first-issue.ts'
import { foundNetwork } from '../config/genesis-file.ts'
import type { NodeHome } from '../config/home.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { configFileSchema } from '../config/schema.ts'
import { nameOf } from '../names.ts'
import { chooseAgent, isGiven } from './choose-agent.ts'
import type { AgentFlags, ChosenAgent } from './choose-agent.ts'
import { CliError } from './exit.ts'
import { ensureIdentity, exists } from './own-home.ts'

export interface InitRequest extends AgentFlags {
  name?: string
  /** Name of the network to found, or null for none. */
  network: string | null
  /** Whether the name was asked for; then an existing genesis is a conflict. */
  networkGiven: boolean
  /** Where to look for servers of models, where the flags name none. */
  lookAt: readonly string[]
}

/** What a home holds after `init`; `created` tells what of it is new. */
export interface InitResult {
  memberId: string
  name: string
  identityFile: string
  configFile: string
  genesisFile: string | null
  created: { identity: boolean; config: boolean; genesis: boolean }
  /** What answers and judges here, and which servers of models were found; null where the configuration was there already. */
  agent: { type: string; model: string | null; baseUrl: string | null; found: FoundServer[] } | null
}

/**
 * Completes a home: whatever of identity, configuration and genesis is missing is made, nothing is replaced. All is
 * checked before the first file is written. Rejects with CliError `usage` for flags, `config` where they contradict what exists.
 */
export async function initHome(home: NodeHome, request: InitRequest): Promise<InitResult> {
  const hasConfig = await exists(home.configFile)
  if (hasConfig && (isGiven(request) || request.name !== undefined)) {
    throw new ConfigError('invalid', home.configFile, 'exists and is not replaced', { hint: 'Edit the file, or choose another folder with --home.' })
  }
  const chosen = hasConfig ? null : await chooseAgent(request, request.lookAt)
  const table = { ...(request.name === undefined ? {} : { name: request.name }), agent: chosen?.table }
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
    agent: chosen === null ? null : describeAgent(chosen),
  }
}

/** A node that is about to join a network gets its genesis from there. */
async function hasBootstrap(home: NodeHome): Promise<boolean> {
  return (await resolveConfig(home, {})).config.bootstrap.length > 0
}

function describeAgent({ table, found }: ChosenAgent): InitResult['agent'] {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
  return { type: String(table['type']), model: text(table['model']), baseUrl: text(table['baseUrl']), found }
}

function assertValid(table: Record<string, unknown>): void {
  const parsed = configFileSchema.safeParse(table)
  if (parsed.success) return
  const { field, message } = firstIssue(parsed.error)
  const flag = field.replace(/^agent\./, '').split('.')[0]?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) ?? 'agent'
  throw new CliError('usage', `--${flag === 'type' ? 'agent' : flag}: ${message}`)
}
