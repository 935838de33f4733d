/** A newcomer that begins after a checkpoint, and not with the genesis. SPEC.md, "Checkpoints". */
import { rename, rm } from 'node:fs/promises'
import { networkId, storeAfter, type Genesis } from '../../protocol/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { writeFileWhole } from '../config/config-file.ts'
import { readGenesis } from '../config/genesis-file.ts'
import { storeFolder, type NodeHome } from '../config/home.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import type { Identity } from '../identity.ts'
import { genesisOf } from '../runtime/load-genesis.ts'
import { openLevelStore } from '../store/level-store.ts'
import { readLedger } from '../store/read-ledger.ts'
import { note } from './context.ts'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'
import { printable } from './format.ts'
import { assertAddress, rememberPeer } from './join-network.ts'
import { exists, loadOwnIdentity } from './own-home.ts'
import { readCheckpoint } from './read-checkpoint.ts'

/**
 * Writes store and genesis of a node that takes the state of a checkpoint for given, and remembers the peer that it goes on with.
 * All is checked before anything is written. Rejects with CliError `usage`, `verification` or `config`, with ConfigError, or
 * with IdentityError.
 */
export async function beginAfterCheckpoint(home: NodeHome, { file, address }: { file: string; address: string }, context: Context): Promise<void> {
  assertAddress(address)
  const identity = await loadOwnIdentity(home)
  const checkpoint = await readCheckpoint(file)
  const { genesis, name } = checkpoint
  const { genesisFile } = (await resolveConfig(home, context.env)).config
  if (await exists(genesisFile)) assertBelongs(await readGenesis(genesisFile), genesisFile, genesis, identity.memberId)
  const entries = storeAfter(checkpoint)
  if (entries === null) throw new CliError('verification', `${file} lacks what its open rounds refer to.`, 'A node of this version writes that down, too: peerage checkpoint --out <file>')
  const path = storeFolder(home, name.network)
  const height = (await exists(path)) ? ((await readLedger(path))?.height ?? 0) : null
  if (height !== null && height < name.height) {
    throw new CliError('config', `This node has the record up to block ${height} and goes on from there; the checkpoint is of block ${name.height}.`, 'Leave --checkpoint out, or choose another folder with --home.')
  }
  await assertSameNetwork(address, genesis, identity, context)

  if (height === null) await fillStore(path, entries)
  await rememberPeer(home, address, context)
  if (!(await exists(genesisFile))) await writeFileWhole(genesisFile, `${JSON.stringify(genesis, null, 2)}\n`)
  if (height !== null) note(context, `This node has the record up to block ${height} already, and goes on from there.`)
  else note(context, `This node begins after block ${name.height} of network "${printable(genesis.name)}" with state ${name.stateRoot}, as ${printable(file)} says; what comes after is verified, what was before is not known here.`)
}

// A network of its own is left for another one, as by every join.
function assertBelongs(held: Genesis, genesisFile: string, genesis: Genesis, self: string): void {
  const isAlone = held.members.length === 1 && held.members[0]?.id === self
  if (isAlone || networkId(held) === networkId(genesis)) return
  throw new ConfigError('invalid', genesisFile, `this node belongs to network "${printable(held.name)}", and the checkpoint is of another one, "${printable(genesis.name)}"`, { hint: 'Choose another folder with --home.' })
}

async function assertSameNetwork(address: string, genesis: Genesis, { privateKey }: Identity, context: Context): Promise<void> {
  const found = await genesisOf(address, privateKey)
  if (found === null) return note(context, `${address} does not answer now; the node will try again.`)
  if (networkId(found) === networkId(genesis)) return
  throw new CliError('verification', `The peer belongs to network "${printable(found.name)}" (${networkId(found)}), and the checkpoint is of "${printable(genesis.name)}" (${networkId(genesis)}).`, 'Ask for a checkpoint of its network, or for a peer of the other one.')
}

async function fillStore(path: string, entries: NonNullable<ReturnType<typeof storeAfter>>): Promise<void> {
  const draft = `${path}.draft`
  await rm(draft, { recursive: true, force: true })
  const store = await openLevelStore(draft)
  try {
    await store.write(entries)
  } finally {
    await store.close()
  }
  await rename(draft, path)
}
