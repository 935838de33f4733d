/** The genesis of a node's network, and the state that it goes on from: from their files, or from peers. */
import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { concat } from 'uint8arrays/concat'
import { encodeRequest, networkId, openFrame, stateOfCheckpoint, type Genesis, type LedgerState, type Opened, type Request } from '../../protocol/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { writeFileWhole } from '../config/config-file.ts'
import { checkpointFile, readGenesis } from '../config/genesis-file.ts'
import { verify } from '../crypto.ts'
import type { Identity } from '../identity.ts'
import { createLibp2pNetwork } from '../network/libp2p-network.ts'
import type { Network } from '../network/network.ts'
import type { StartNodeOptions } from '../service.ts'
import { copyPast, forgetPast } from '../store/read-ledger.ts'

const RETRY_MS = 1_000
/** Of attempts that fail, so many are told as one. */
const WARNING_EVERY = 10
const STATE_BYTES_MAX = 64_000_000

type Init = Pick<StartNodeOptions, 'config' | 'log' | 'signal'>

/** Where there is no genesis file, peers are asked until one answers, and it is written. Rejects with ConfigError. */
export async function loadGenesis(init: Init, network: Network): Promise<Genesis> {
  const { genesisFile: file, bootstrap } = init.config
  if (existsSync(file)) return readGenesis(file)
  if (bootstrap.length === 0) throw new ConfigError('missing', file, 'there is no genesis file and no peer to ask for one')
  const genesis = await fromPeers(init, 'genesis', (address) => askForGenesis(address, network))
  await writeFileWhole(file, `${JSON.stringify(genesis, null, 2)}\n`)
  return genesis
}

/** The genesis of a peer's network, asked for over a connection that ends with it; null where the peer does not answer. */
export async function genesisOf(address: string, privateKey: Identity['privateKey']): Promise<Genesis | null> {
  const nothing = { onGossip: async () => 'ignore' as const, onRequest: async () => [], onPeerConnected: () => undefined, onPeerDisconnected: () => undefined }
  const network = await createLibp2pNetwork({ privateKey, listen: [], handlers: nothing })
  try {
    return await askForGenesis(address, network)
  } catch {
    return null
  } finally {
    await network.stop()
  }
}

/** The state that the genesis goes on from, null where it begins anew. Rejects with ConfigError. */
export async function loadCheckpoint(genesis: Genesis, init: Init, network: Network): Promise<LedgerState | null> {
  if (genesis.checkpoint === undefined) return null
  const file = checkpointFile(init.config.genesisFile)
  if (existsSync(file)) {
    const state = stateOfCheckpoint(genesis, new Uint8Array(await readFile(file)))
    if (state === null) throw new ConfigError('invalid', file, 'is not the state that the genesis goes on from')
    return state
  }
  if (init.config.bootstrap.length === 0) throw new ConfigError('missing', file, 'there is no state to go on from and no peer to ask for it')
  const { bytes, state } = await fromPeers(init, 'state', (address) => askForState(address, genesis, network))
  await writeFileWhole(file, bytes)
  return state
}

/** Copies what this node kept of the network that its own goes on from, once. */
export async function carryPast(genesis: Genesis, storePath: string): Promise<void> {
  const { checkpoint } = genesis
  if (checkpoint === undefined || existsSync(storePath)) return
  const old = join(dirname(storePath), checkpoint.network.slice(0, 16))
  const draft = `${storePath}.draft`
  if (existsSync(old)) await copyPast(old, draft, checkpoint.height)
  else await forgetPast(draft, checkpoint.height)
  await rename(draft, storePath)
}

// Asks the given peers in turn until one answers; only an interruption ends it.
async function fromPeers<T>({ config, log, signal }: Init, what: string, ask: (address: string) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    for (const address of config.bootstrap) {
      signal.throwIfAborted()
      try {
        return await ask(address)
      } catch (error) {
        if (attempt % WARNING_EVERY === 0) log('warn', `a peer that is to give the ${what} is not reached; trying on`, { address, error: error instanceof Error ? error.message : String(error) })
      }
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}

async function askForGenesis(address: string, network: Network): Promise<Genesis> {
  for (const frame of await askPeer(address, network, { type: 'genesis' }, '')) if (frame.type === 'genesis') return frame.genesis
  throw new Error('it gave none')
}

async function askForState(address: string, genesis: Genesis, network: Network): Promise<{ bytes: Uint8Array; state: LedgerState }> {
  const pieces: Uint8Array[] = []
  for (let offset = 0, total = 1; offset < total && total <= STATE_BYTES_MAX; ) {
    const frames = await askPeer(address, network, { type: 'checkpoint', offset }, networkId(genesis))
    const before = offset
    for (const frame of frames) {
      if (frame.type !== 'piece' || frame.offset !== offset) continue
      pieces.push(frame.bytes)
      offset += frame.bytes.length
      ;({ total } = frame)
    }
    if (offset === before) throw new Error('it gave none')
  }
  const bytes = concat(pieces)
  const state = stateOfCheckpoint(genesis, bytes)
  if (state === null) throw new Error('it gave another state than the genesis names')
  return { bytes, state }
}

async function askPeer(address: string, network: Network, request: Request, networkName: string): Promise<Opened[]> {
  const peer = await network.dial(address)
  const frames = await network.request(peer, encodeRequest(request))
  return frames.flatMap((bytes) => {
    const result = openFrame(bytes, { network: networkName, verify })
    return result.ok ? [result.opened] : []
  })
}
