/** A new key for the same membership, in steps that may be interrupted and repeated. README.md, "A new key". */
import { rename } from 'node:fs/promises'
import { consentBytes, networkId, type LedgerState } from '../../protocol/index.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import { storeFolder, type NodeHome } from '../config/home.ts'
import { readGenesis } from '../config/genesis-file.ts'
import { createIdentity, loadIdentity, type Identity } from '../identity.ts'
import { vouchFor } from '../runtime/open-memory.ts'
import { forgetOwnWords, readLedger } from '../store/read-ledger.ts'
import type { NodeStatus } from '../service.ts'
import { findNode } from './client.ts'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'
import { exists, loadOwnIdentity } from './own-home.ts'
import { isProcessAlive, readRunFile } from './run-file.ts'

/** `asked`: the running node has asked for it. `waiting`: not settled yet; `why` says what for. `done`: the new key is in place. */
export interface Rotation {
  step: 'asked' | 'waiting' | 'done'
  from: string
  to: string
  why: string
}

/** Does what can be done now. Rejects with CliError where the network refuses, else with IdentityError, ConfigError or StoreError. */
export async function rotateIdentity(home: NodeHome, context: Context): Promise<Rotation> {
  const next = await nextIdentity(home)
  // Interrupted between the two names: the old key is put aside already.
  if (!(await exists(home.identityFile))) return takeOver(home, next.memberId, next)
  const own = await loadIdentity(home.identityFile)
  const { config } = await resolveConfig(home, context.env)
  const network = networkId(await readGenesis(config.genesisFile))
  const run = await readRunFile(home)
  if (run !== null && isProcessAlive(run.pid)) return askFor(network, own, next, { home: home.dataDir }, context)
  const why = whyWait(await readLedger(storeFolder(home, network)), own.memberId, next.memberId)
  if (why !== '') return { step: 'waiting', from: own.memberId, to: next.memberId, why }
  await forgetOwnWords(storeFolder(home, network))
  await rename(home.identityFile, `${home.identityFile}.${own.memberId.slice(-8)}.old`)
  return takeOver(home, own.memberId, next)
}

async function nextIdentity(home: NodeHome): Promise<Identity> {
  const file = `${home.identityFile}.next`
  if (await exists(file)) return loadIdentity(file)
  await loadOwnIdentity(home)
  return createIdentity(file)
}

async function askFor(network: string, own: Identity, next: Identity, options: { home: string }, context: Context): Promise<Rotation> {
  const client = await findNode(options, context)
  const { memberId } = await client.get<NodeStatus>('status')
  const { members } = await client.get<{ members: { memberId: string }[] }>('members')
  const isMoved = members.some((member) => member.memberId === next.memberId)
  const rotation = { from: own.memberId, to: next.memberId }
  if (memberId !== own.memberId) throw new CliError('failure', 'The node that runs here has another key than its folder.')
  if (isMoved) return { ...rotation, step: 'waiting', why: 'the new key is a member; stop the node when the epoch is over, and do this again' }
  const consent = Buffer.from(next.sign(consentBytes(network, own.memberId, next.memberId))).toString('hex')
  await client.post('membership', { kind: 'rotate', to: next.memberId, consent })
  return { ...rotation, step: 'asked', why: 'a block decides; let the node run until the epoch ends' }
}

/** What the old key is still needed for, or nothing. */
function whyWait(ledger: LedgerState | null, from: string, to: string): string {
  const start = 'start the node again, and do this while it runs'
  if (ledger === null || ledger.former[from]?.movedTo !== to) return `the network does not know of the new key yet: ${start}`
  if (ledger.validators.some(({ member }) => member === from)) return 'the old key still votes in this epoch: start the node again until it ends'
  const speaks = Object.values(ledger.rounds).some(({ openedHeight }) => openedHeight <= (ledger.former[from]?.sinceHeight ?? 0))
  const owes = ledger.owed.some(({ member }) => member === from)
  return speaks || owes ? 'the old key still has a part in a round: start the node again until that is over' : ''
}

async function takeOver(home: NodeHome, from: string, next: Identity): Promise<Rotation> {
  // Nothing was ever signed with the new key.
  await vouchFor(home.identityFile)
  await rename(`${home.identityFile}.next`, home.identityFile)
  return { step: 'done', from, to: next.memberId, why: '' }
}

