/** The state after the last final block with its proof, from the genesis on: what a new network can begin with. SPEC.md, "Checkpoints". */
import { z } from 'zod'
import { bytesUpTo } from '../bodies.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import type { Verify } from '../envelope.ts'
import { encodeFrame, openFrame } from '../frames.ts'
import { genesisSchema, networkId, type Genesis } from '../genesis.ts'
import { stateRoot, type Electorate, type LedgerState } from '../ledger/state.ts'
import type { Reading } from './keys.ts'
import type { Machine } from './machine-state.ts'
import { finalBlock, serveBoundaries } from './serve.ts'
import { isFinal, openState, verifyBoundary } from './snapshot.ts'

/** What is wrong with a checkpoint. */
export type CheckpointFault = 'malformed' | 'wrong-network' | 'bad-boundary' | 'unsound-certificate' | 'wrong-state-root'

const someBytes = bytesUpTo(256_000_000)
const checkpointSchema = z.strictObject({ genesis: genesisSchema, boundaries: z.array(someBytes), head: someBytes, state: someBytes })

export interface Checkpoint {
  /** What a genesis names. */
  name: NonNullable<Genesis['checkpoint']>
  /** The genesis of the network whose state it is. */
  genesis: Genesis
  state: LedgerState
}

/** The checkpoint of a machine as bytes; null before the first final block, or while that is still being written. */
export function* makeCheckpoint({ ledger, head, config }: Machine): Reading<Uint8Array | null> {
  const boundaries: Uint8Array[] = []
  for (let epoch = firstEpoch(config.genesis) + 1; epoch <= ledger.epoch; epoch++) boundaries.push(...(yield* serveBoundaries(epoch, 1)))
  const block = yield* finalBlock(ledger.height)
  if (block === null || head.view === 0) return null
  return encode({ genesis: config.genesis, boundaries, head: encodeFrame({ type: 'history', parts: [], blocks: [block] }), state: encode(ledger) })
}

/** Opens a checkpoint: every step from its genesis to its state is verified. Costs the signatures of one block per epoch. */
export function openCheckpoint(bytes: Uint8Array, verify: Verify): { ok: true; checkpoint: Checkpoint } | { ok: false; code: CheckpointFault } {
  const parsed = checkpointSchema.safeParse(decodeCanonical(bytes))
  if (!parsed.success) return { ok: false, code: 'malformed' }
  const { genesis, boundaries, head, state: encoded } = parsed.data
  const network = networkId(genesis)
  const opened = openFrame(head, { network, verify })
  const block = opened.ok && opened.opened.type === 'history' ? opened.opened.blocks[0] : undefined
  if (block === undefined) return { ok: false, code: 'malformed' }
  const voters = electorateOf(genesis, boundaries, block.message.body.epoch, { network, verify })
  if (voters === null) return { ok: false, code: 'bad-boundary' }
  if (!isFinal(voters, block)) return { ok: false, code: 'unsound-certificate' }
  const state = openState(encoded, block.message.body.stateRoot)
  if (state === null || state.height !== block.message.body.height) return { ok: false, code: 'wrong-state-root' }
  const name = { network, epoch: state.epoch, height: state.height, stateRoot: stateRoot(state), record: state.lastRecord }
  return { ok: true, checkpoint: { name, genesis, state } }
}

// Who votes in an epoch: the founders in the first one, and then whom each boundary names.
function electorateOf(genesis: Genesis, boundaries: readonly Uint8Array[], epoch: number, context: { network: string; verify: Verify }): Electorate | null {
  const validators = genesis.members.filter(({ weight }) => weight > 0).map(({ id, weight }) => ({ member: id, weight }))
  let voters: Electorate | null = { epoch: firstEpoch(genesis), validators }
  for (const bytes of boundaries) {
    if (voters.epoch === epoch) break
    const opened = openFrame(bytes, context)
    voters = opened.ok && opened.opened.type === 'boundary' ? verifyBoundary(voters, opened.opened) : null
    if (voters === null) return null
  }
  return voters.epoch === epoch ? voters : null
}

function firstEpoch({ checkpoint }: Genesis): number {
  return checkpoint === undefined ? 0 : checkpoint.epoch + 1
}

/** The checkpoint that a genesis names, from the encoded state; null if it is another one. */
export function stateOfCheckpoint({ checkpoint }: Genesis, encoded: Uint8Array): LedgerState | null {
  return checkpoint === undefined ? null : openState(encoded, checkpoint.stateRoot)
}
