/**
 * The state after the last final block with its proof, from the genesis on: what a newcomer can begin with, and a new network.
 * SPEC.md, "Checkpoints".
 */
import { z } from 'zod'
import { bytesUpTo } from '../bodies.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import type { Message, Verify } from '../envelope.ts'
import { encodeFrame, openFrame, type Boundary, type FinalBlock } from '../frames.ts'
import { genesisSchema, networkId, type Genesis } from '../genesis.ts'
import { stateRoot, type Electorate, type LedgerState } from '../ledger/state.ts'
import type { Effect } from './events.ts'
import { KEYS, type Reading } from './keys.ts'
import { persist, type Machine } from './machine-state.ts'
import { keepItem } from './phases.ts'
import { finalBlock, serveBoundaries } from './serve.ts'
import { findNeeded, isFinal, keepBlock, keepProof, neededItems, openState, verifyBoundary } from './snapshot.ts'

/** What is wrong with a checkpoint. */
export type CheckpointFault = 'malformed' | 'wrong-network' | 'bad-boundary' | 'unsound-certificate' | 'wrong-state-root'

const someBytes = bytesUpTo(256_000_000)
const checkpointSchema = z.strictObject({ genesis: genesisSchema, boundaries: z.array(someBytes), head: someBytes, state: someBytes, items: z.array(someBytes).default([]) })

export interface Checkpoint {
  /** What a genesis names. */
  name: NonNullable<Genesis['checkpoint']>
  /** The genesis of the network whose state it is. */
  genesis: Genesis
  state: LedgerState
  /** The last block, and the ends of all epochs before it. */
  head: FinalBlock
  boundaries: Boundary[]
  /** What the open rounds of the state refer to; null where something of it is not there. */
  items: Message[] | null
}

/** The checkpoint of a machine as bytes; null before the first final block, or while that is still being written. */
export function* makeCheckpoint({ ledger, head, items, config }: Machine): Reading<Uint8Array | null> {
  const needed = neededItems(ledger).flatMap((id) => items.get(id)?.bytes ?? [])
  const boundaries: Uint8Array[] = []
  for (let epoch = firstEpoch(config.genesis) + 1; epoch <= ledger.epoch; epoch++) boundaries.push(...(yield* serveBoundaries(epoch, 1)))
  const block = yield* finalBlock(ledger.height)
  if (block === null || head.view === 0) return null
  return encode({ genesis: config.genesis, boundaries, head: encodeFrame({ type: 'history', parts: [], blocks: [block] }), state: encode(ledger), items: needed })
}

/** Opens a checkpoint: every step from its genesis to its state is verified. Costs the signatures of one block per epoch. */
export function openCheckpoint(bytes: Uint8Array, verify: Verify): { ok: true; checkpoint: Checkpoint } | { ok: false; code: CheckpointFault } {
  const parsed = checkpointSchema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) return { ok: false, code: 'malformed' }
  const { genesis, head, state: encoded, items } = parsed.data
  const context = { network: networkId(genesis), verify }
  const opened = openFrame(head, context)
  const block = opened.ok && opened.opened.type === 'history' ? opened.opened.blocks[0] : undefined
  if (block === undefined) return { ok: false, code: 'malformed' }
  const proven = openBoundaries(genesis, parsed.data.boundaries, context)
  const voters = proven?.electorates.find(({ epoch }) => epoch === block.message.body.epoch)
  if (proven === null || voters === undefined) return { ok: false, code: 'bad-boundary' }
  if (!isFinal(voters, block)) return { ok: false, code: 'unsound-certificate' }
  const state = openState(encoded, block.message.body.stateRoot)
  if (state === null || state.height !== block.message.body.height) return { ok: false, code: 'wrong-state-root' }
  if (proven.electorates.at(-1)?.epoch !== state.epoch) return { ok: false, code: 'bad-boundary' }
  const name = { network: context.network, epoch: state.epoch, height: state.height, stateRoot: stateRoot(state), record: state.lastRecord }
  return { ok: true, checkpoint: { name, genesis, state, head: block, boundaries: proven.boundaries, items: findNeeded(state, items) } }
}

// Who votes in each epoch: the founders in the first one, and then whom each boundary names.
function openBoundaries(genesis: Genesis, encoded: readonly Uint8Array[], context: { network: string; verify: Verify }): { boundaries: Boundary[]; electorates: Electorate[] } | null {
  const founders = genesis.members.filter(({ weight }) => weight > 0).map(({ id, weight }) => ({ member: id, weight }))
  let voters: Electorate = { epoch: firstEpoch(genesis), validators: founders }
  const boundaries: Boundary[] = []
  const electorates = [voters]
  for (const bytes of encoded) {
    const opened = openFrame(bytes, context)
    const next = opened.ok && opened.opened.type === 'boundary' ? verifyBoundary(voters, opened.opened) : null
    if (next === null) return null
    boundaries.push((opened as { opened: Boundary }).opened)
    electorates.push((voters = next))
  }
  return { boundaries, electorates }
}

/**
 * What the empty store of a newcomer has to hold for it to begin after a checkpoint. Null where the checkpoint lacks what its
 * open rounds refer to.
 */
export function storeAfter({ state, head, boundaries, items }: Checkpoint): { key: string; value: Uint8Array | null }[] | null {
  if (items === null) return null
  const out: Effect[] = []
  keepProof(out, boundaries, state.height)
  keepBlock(out, head)
  for (const item of items) keepItem(out, item)
  const { bodyHash: hash, body } = head.message
  persist(out, KEYS.state, encode({ state, head: { hash, view: body.view } }))
  return out.flatMap((effect) => (effect.type === 'persist' ? effect.changes : []))
}

function firstEpoch({ checkpoint }: Genesis): number {
  return checkpoint === undefined ? 0 : checkpoint.epoch + 1
}

/** The checkpoint that a genesis names, from the encoded state; null if it is another one. */
export function stateOfCheckpoint({ checkpoint }: Genesis, encoded: Uint8Array): LedgerState | null {
  return checkpoint === undefined ? null : openState(encoded, checkpoint.stateRoot)
}
