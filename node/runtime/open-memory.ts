/** Opens what a node remembers: its store, and with it the machine as it was. What it cannot vouch for any more, the machine is told. */
import { existsSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RestoreError, restoreMachine, type Machine, type MachineConfig } from '../../protocol/index.ts'
import type { Log } from '../service.ts'
import { guardStore, notePath, type GuardedStore } from '../store/guarded-store.ts'
import { openLevelStore } from '../store/level-store.ts'
import { StoreError } from '../store/store-error.ts'
import { drive } from './reading.ts'

export interface MemoryInit {
  /** Folder of the store of this network. */
  path: string
  identityFile: string
  network: string
  machine: Omit<MachineConfig, 'guard'>
  /** Whether there are others that have the chain: then a damaged store is set aside, and the node observes. */
  hasPeers: boolean
  log: Log
}

export interface Memory {
  store: GuardedStore
  machine: Machine
}

/**
 * Opens the store and continues from it. Whoever knows the chain can give back all but what was signed; so a damaged store
 * is set aside, never repaired by guessing, and nothing is signed until that is past.
 *
 * @throws StoreError as the store does; `corrupt` only where there is nobody to fetch from, or the store is another member's
 */
export async function openMemory(init: MemoryInit): Promise<Memory> {
  const { path, hasPeers, log } = init
  try {
    return await continueFrom(init, false)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'corrupt' || !hasPeers) throw error
    const aside = `${path}.damaged-${new Date().toISOString().replaceAll(/\W/g, '')}`
    await rename(path, aside)
    log('error', 'the store is damaged and set aside; this node starts anew and only observes', { error: error.message, aside })
    return continueFrom(init, true)
  }
}

async function continueFrom({ path, identityFile, network, machine }: MemoryInit, isDamaged: boolean): Promise<Memory> {
  const level = await openLevelStore(path)
  try {
    const store = await guardStore(level, notePath(identityFile, network, machine.signer.member))
    const vouch = vouchPath(identityFile)
    const guard = { loss: isDamaged ? ('store-damaged' as const) : store.loss, lastPresence: store.lastPresence, vouched: existsSync(vouch) }
    const restored = await drive(store, restoreMachine({ ...machine, guard }))
    rmSync(vouch, { force: true })
    return { store, machine: restored }
  } catch (error) {
    await level.close()
    if (!(error instanceof RestoreError)) throw error
    // Somebody else's store is whole, and whoever put it here will want it back.
    const code = error.code === 'foreign' ? 'io' : 'corrupt'
    throw new StoreError(code, `the store in ${path} cannot be continued from: ${error.message}`, { cause: error })
  }
}

/** Notes that the owner vouches for the identity: the next start forgives what was lost. */
export async function vouchFor(identityFile: string): Promise<void> {
  await writeFile(vouchPath(identityFile), '', { mode: 0o600 })
}

function vouchPath(identityFile: string): string {
  return join(dirname(identityFile), 'vouched')
}
