/** From one end of an epoch to a later one, without what lies between. SPEC.md, "Snapshots". */
import { concat } from 'uint8arrays/concat'
import type { Opened } from '../frames.ts'
import { beginEpoch } from './chain.ts'
import { forgetRound } from './commit.ts'
import type { Effect } from './events.ts'
import type { Machine } from './machine-state.ts'
import { storeItem } from './phases.ts'
import { keepProof, openSnapshot, verifyBoundary, type Snapshot } from './snapshot.ts'
import type { Jump, Offer, SyncFault } from './sync-state.ts'

const SNAPSHOT_BYTES_MAX = 64_000_000

/** Sets out for the newest snapshot that somebody offers, if one is ahead. */
export function startJump(machine: Machine, out: Effect[], usable: readonly (readonly [string, Offer])[]): void {
  const { sync, ledger, nowMs } = machine
  const newest = ([, { epochs }]: readonly [string, Offer]): number => Math.max(0, ...epochs)
  const [best] = [...usable].sort((a, b) => newest(b) - newest(a))
  if (sync.jump !== null || best === undefined || newest(best) <= ledger.epoch) return
  const { epoch, validators } = ledger
  sync.jump = { peer: best[0], epoch: newest(best), electorate: { epoch, validators }, boundaries: [], pieces: [], sinceMs: nowMs }
  askOn(out, sync.jump)
}

function askOn(out: Effect[], { peer, epoch, electorate, pieces }: Jump): void {
  const offset = pieces.reduce((sum, { length }) => sum + length, 0)
  const isThere = electorate.epoch === epoch
  out.push({ type: 'request', to: peer, request: isThere ? { type: 'snapshot', epoch, offset } : { type: 'boundaries', fromEpoch: electorate.epoch + 1 } })
}

/** A reply on the way; returns what is wrong with it, or null. The jump is over when it is done, or something is wrong. */
export function followJump(machine: Machine, out: Effect[], jump: Jump, frames: readonly Opened[]): SyncFault | null {
  if (frames.length === 0) return 'nothing-served'
  for (const frame of frames) {
    const fault = frame.type === 'boundary' ? takeBoundary(jump, frame) : frame.type === 'piece' ? takePiece(machine, out, jump, frame) : null
    if (fault !== null) return fault
    if (machine.sync.jump !== jump) return null
  }
  jump.sinceMs = machine.nowMs
  askOn(out, jump)
  return null
}

function takeBoundary(jump: Jump, boundary: Extract<Opened, { type: 'boundary' }>): SyncFault | null {
  if (jump.electorate.epoch === jump.epoch) return null
  const next = verifyBoundary(jump.electorate, boundary)
  if (next === null) return 'bad-boundary'
  jump.electorate = next
  jump.boundaries.push(boundary)
  return null
}

function takePiece(machine: Machine, out: Effect[], jump: Jump, { offset, total, bytes }: Extract<Opened, { type: 'piece' }>): SyncFault | null {
  const received = jump.pieces.reduce((sum, { length }) => sum + length, 0)
  if (jump.electorate.epoch !== jump.epoch || offset !== received || bytes.length === 0 || total > SNAPSHOT_BYTES_MAX) return 'bad-snapshot'
  jump.pieces.push(bytes)
  if (received + bytes.length < total) return null
  const whole = concat(jump.pieces)
  const root = jump.boundaries.at(-1)?.block.message.body.stateRoot ?? ''
  const snapshot = openSnapshot(whole, root)
  if (snapshot === null) return 'bad-snapshot'
  machine.sync.jump = null
  land(machine, out, jump, snapshot)
  return null
}

function land(machine: Machine, out: Effect[], { boundaries }: Jump, { state, items }: Snapshot): void {
  const from = machine.ledger.height
  keepProof(out, boundaries, state.height)
  const { message } = (boundaries.at(-1) as Jump['boundaries'][number]).block
  machine.ledger = state
  machine.head = { hash: message.bodyHash, view: message.body.view }
  for (const round of machine.rounds.keys()) if (state.rounds[round] === undefined) forgetRound(machine, out, round)
  for (const item of items) storeItem(machine, out, item)
  beginEpoch(machine, out)
  out.push({ type: 'notify', notice: { type: 'jumped', from, to: state.height } })
}
