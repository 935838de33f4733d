import { readFile, rename } from 'node:fs/promises'
import { readText, withBootstrap, writeFileWhole } from '../config/config-file.ts'
import type { NodeHome } from '../config/home.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { peerAddressSchema } from '../config/schema.ts'
import { note } from './context.ts'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'
import { printable } from './format.ts'
import { exists, loadOwnIdentity } from './own-home.ts'

/**
 * Writes the peer into the configuration, and makes room for its genesis where this node was alone in a network of its own.
 * Rejects with CliError `usage` for what is no address, else with ConfigError or IdentityError.
 */
export async function rememberPeer(home: NodeHome, address: string, context: Context): Promise<void> {
  assertAddress(address)
  const { config } = await resolveConfig(home, context.env)
  const { memberId } = await loadOwnIdentity(home)
  const network = await readNetwork(config.genesisFile)
  const alone = network !== null && network.members.length === 1 && network.members[0] === memberId
  if (alone) {
    const aside = await freePath(`${config.genesisFile}.own`)
    await rename(config.genesisFile, aside)
    note(context, `This node leaves its own network "${printable(network.name)}", whose genesis is kept as ${aside}.`)
  } else if (network !== null) {
    note(context, `This node belongs to network "${printable(network.name)}" and stays in it; the peer is remembered.`)
  }
  const known = alone ? [] : config.bootstrap
  if (known.includes(address)) return
  const text = await readText(home.configFile, 'configuration')
  await writeFileWhole(home.configFile, withBootstrap(text, home.configFile, [...known, address]))
}

/** Throws CliError `usage` for what is no address of a peer. */
export function assertAddress(address: string): void {
  const parsed = peerAddressSchema.safeParse(address)
  if (!parsed.success) throw new CliError('usage', `address: "${address}" ${parsed.error.issues[0]?.message ?? 'is invalid'}`)
}

/** Name and members of a genesis file, null where there is none; what is no genesis is left for the start to refuse. */
async function readNetwork(file: string): Promise<{ name: string; members: string[] } | null> {
  if (!(await exists(file))) return null
  try {
    const { name, members } = JSON.parse(await readFile(file, 'utf8')) as { name: string; members: { id: string }[] }
    return { name, members: members.map(({ id }) => id) }
  } catch {
    return { name: file, members: [] }
  }
}

async function freePath(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`
    if (!(await exists(candidate))) return candidate
  }
}
