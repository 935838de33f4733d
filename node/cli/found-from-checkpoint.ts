import { rename } from 'node:fs/promises'
import { createGenesis, encode, memberIdSchema, networkId, type Genesis } from '../../protocol/index.ts'
import { writeFileWhole } from '../config/config-file.ts'
import { checkpointFile, readGenesis } from '../config/genesis-file.ts'
import type { NodeHome } from '../config/home.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { CliError } from './exit.ts'
import { exists, loadOwnIdentity } from './own-home.ts'
import { readCheckpoint } from './read-checkpoint.ts'

/** Voting weight of each founder. */
const FOUNDER_WEIGHT = 1_000_000

export interface Founded {
  networkId: string
  genesisFile: string
  /** Where the genesis of before is kept, null without one. */
  aside: string | null
  height: number
  members: number
}

/**
 * Founds the network that goes on from a checkpoint: the same file and founders give the same genesis everywhere. Rejects
 * with CliError `usage` or `verification`, else with ConfigError or IdentityError.
 */
export async function foundFromCheckpoint(home: NodeHome, request: { file: string; founders: readonly string[]; name: string | null }): Promise<Founded> {
  await loadOwnIdentity(home)
  const { file, founders, name } = request
  const wrong = founders.find((founder) => !memberIdSchema.safeParse(founder).success)
  if (founders.length === 0 || wrong !== undefined) throw new CliError('usage', `--founders: ${wrong === undefined ? 'there has to be one' : `"${wrong}" is no member id`}`)
  const { name: checkpoint, genesis: old, state } = await readCheckpoint(file)
  const members = [...new Set(founders)].map((id) => ({ id, weight: FOUNDER_WEIGHT }))
  const genesis = createGenesis({ name: name ?? old.name, parameters: old.parameters, members, checkpoint })
  const { genesisFile } = (await resolveConfig(home, {})).config
  const aside = await putAside(genesisFile, genesis)
  // Last: with the genesis the network is there.
  await writeFileWhole(checkpointFile(genesisFile), encode(state))
  await writeFileWhole(genesisFile, `${JSON.stringify(genesis, null, 2)}\n`)
  return { networkId: networkId(genesis), genesisFile, aside, height: state.height, members: Object.keys(state.members).length }
}

async function putAside(genesisFile: string, genesis: Genesis): Promise<string | null> {
  if (!(await exists(genesisFile))) return null
  const old = networkId(await readGenesis(genesisFile))
  if (old === networkId(genesis)) return null
  const aside = `${genesisFile}.${old.slice(0, 16)}`
  await rename(genesisFile, aside)
  return aside
}
