/** What the stores say at the end of a run: one chain, and a ledger that it leads to. */
import { decodeCanonical } from '../encoding.ts'
import { openEnvelope, type Message } from '../envelope.ts'
import { applyBlock } from '../ledger/apply-block.ts'
import { genesisState, stateRoot, type LedgerState } from '../ledger/state.ts'
import { KEYS } from '../machine/keys.ts'
import { readResult } from '../machine/restore.ts'
import { verifySimulated } from './members.ts'
import { drive, isHonest, type SimNode, type World } from './types.ts'

/**
 * Replays one node's stored blocks from genesis: the state they lead to must be the node's own. Every other honest node
 * must have stored the same blocks.
 */
export function checkReplay(world: World, node: SimNode): string[] {
  const ledger = node.machine?.ledger
  if (ledger === undefined) return [`node ${node.index} is down`]
  let state = genesisState(world.genesis, world.network)
  for (let height = 1; height <= ledger.height; height++) {
    const replayed = replayBlock(world, node, state, height)
    if (replayed === null) return [`node ${node.index} can't replay block ${height}`]
    state = replayed
  }
  const hashes = finalHashes(node)
  const others = world.nodes.filter((other) => isHonest(other) && [...finalHashes(other)].some(([key, hash]) => (hashes.get(key) ?? hash) !== hash))
  return [
    ...(stateRoot(state) === stateRoot(ledger) ? [] : [`node ${node.index} replays to another state`]),
    ...others.map((other) => `node ${other.index} stored another chain than node ${node.index}`),
  ]
}

function finalHashes({ store }: SimNode): Map<string, string> {
  const entries = [...store].filter(([key]) => key.startsWith('final/'))
  return new Map(entries.map(([key, value]) => [key, (decodeCanonical(value) as { hash: string }).hash]))
}

function replayBlock(world: World, node: SimNode, state: LedgerState, height: number): LedgerState | null {
  const { network, parameters } = { network: world.network, parameters: world.genesis.parameters }
  const message = (key: string): Message | undefined => {
    const bytes = node.store.get(key)
    const opened = bytes === undefined ? null : openEnvelope(bytes, network, verifySimulated)
    return opened?.ok === true ? opened.message : undefined
  }
  const final = node.store.get(KEYS.final(height))
  const proposal = final === undefined ? undefined : message(`proposal/${(decodeCanonical(final) as { hash: string }).hash}`)
  if (proposal?.kind !== 'proposal') return null
  const applied = applyBlock(state, proposal.body, {
    rules: { network, parameters },
    open: (envelope) => openEnvelope(envelope, network, verifySimulated),
    verify: verifySimulated,
    item: (id) => message(`item/${id}`),
    result: (_, hash) => drive(node, readResult(hash)) ?? 'missing',
  })
  return applied.ok ? applied.state : null
}
