/** The state at the beginning of an epoch: kept for newcomers, proven by the certificates before it. SPEC.md, "Snapshots". */
import { isCertificateSound, sha256 } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import { readVouched, type Message } from '../envelope.ts'
import type { Boundary, FinalBlock } from '../frames.ts'
import { openRounds, restOf, rootOf, stateRoot, type Electorate, type LedgerState } from '../ledger/state.ts'
import { rememberedOf } from '../memo.ts'
import type { FinalEntry } from './commit.ts'
import type { Effect } from './events.ts'
import { KEYS } from './keys.ts'
import { persist, type Machine } from './machine-state.ts'

/** Snapshots kept, of the last epochs. */
const SNAPSHOTS_KEPT = 2

/** What the store keeps of the beginning of an epoch. */
export interface BoundaryEntry {
  height: number
  validators: Electorate['validators']
  rest: string
}

/** Keeps the state at the beginning of this epoch, and what proves it. Where an item is not at hand, the proof alone. */
export function keepSnapshot({ ledger, items }: Machine, out: Effect[]): void {
  const { epoch, height, validators } = ledger
  persist(out, KEYS.boundary(epoch), encode({ height, validators, rest: restOf(ledger) } satisfies BoundaryEntry))
  if (epoch > SNAPSHOTS_KEPT) persist(out, KEYS.snapshot(epoch - SNAPSHOTS_KEPT), null)
  const held = neededItems(ledger).map((id) => items.get(id)?.bytes)
  if (!held.includes(undefined)) persist(out, KEYS.snapshot(epoch), rememberedOf(ledger, 'snapshot', () => encode({ state: encode(ledger), items: held })))
}

/** What the next blocks refer to without carrying it: opens and items of the cuts so far, by id. */
export function neededItems(state: LedgerState): string[] {
  return openRounds(state).flatMap(([id, { cuts }]) => [id, ...Object.values(cuts).flatMap((cut) => cut.map(([, item]) => item))]).sort()
}

/** Who votes after a boundary, if those who vote before it have finalized it; null otherwise. */
export function verifyBoundary({ epoch, validators }: Electorate, boundary: Boundary): Electorate | null {
  const { block, rest } = boundary
  const next: Electorate = { epoch: boundary.epoch, validators: boundary.validators }
  const isNext = next.epoch === epoch + 1 && block.message.body.epoch === epoch && rootOf(next, rest) === block.message.body.stateRoot
  return isNext && isFinal({ epoch, validators }, block) ? next : null
}

/** Whether those who vote have finalized a block, or a repeat of it. */
export function isFinal({ epoch, validators }: Electorate, { message, repeats, certificate }: FinalBlock): boolean {
  if (certificate === null || certificate.kind !== 'finalize' || certificate.epoch !== epoch) return false
  let hash = message.bodyHash
  for (const { body, bodyHash } of repeats) {
    if (body.parent !== hash || body.height !== message.body.height) return false
    hash = bodyHash
  }
  return certificate.block === hash && isCertificateSound(validators, certificate)
}

export interface Snapshot {
  state: LedgerState
  items: Message[]
}

/** A snapshot whose state has this root and that holds all items that the state refers to; null for anything else. */
export function openSnapshot(bytes: Uint8Array, root: string): Snapshot | null {
  const { state: encoded, items: given } = (decodeCanonical(bytes) ?? {}) as { state?: unknown; items?: unknown }
  const state = openState(encoded, root)
  if (state === null || !Array.isArray(given)) return null
  const items = findNeeded(state, given)
  return items === null ? null : { state, items }
}

/** What the next blocks after a state refer to, found by its hashes in what is given; null where something is not there. */
export function findNeeded(state: LedgerState, given: readonly unknown[]): Message[] | null {
  const byHash = new Map(given.flatMap((item) => (item instanceof Uint8Array ? [[sha256(item), item] as const] : [])))
  const messages = neededItems(state).map((id) => byHash.get(id)).map((item) => (item === undefined ? null : readVouched(item)))
  return messages.every((opened) => opened?.ok === true) ? messages.map((opened) => (opened as { message: Message }).message) : null
}

/** The state behind a root. */
export function openState(encoded: unknown, root: string): LedgerState | null {
  const state = encoded instanceof Uint8Array ? (decodeCanonical(encoded) as LedgerState | null) : null
  return typeof state === 'object' && state !== null && stateRoot(state) === root ? state : null
}

/** Keeps the proof of a state that was taken over without the blocks before it, and that those are not known. */
export function keepProof(out: Effect[], boundaries: readonly Boundary[], height: number): void {
  for (const { block, epoch, validators, rest } of boundaries) {
    persist(out, KEYS.boundary(epoch), encode({ height: block.message.body.height, validators, rest } satisfies BoundaryEntry))
    keepBlock(out, block)
  }
  persist(out, KEYS.horizon, encode(height + 1))
  persist(out, KEYS.past, encode(height))
}

/** Keeps a final block that came with its proof. */
export function keepBlock(out: Effect[], { message, repeats, certificate }: FinalBlock): void {
  const { bodyHash: hash, body, bytes } = message
  persist(out, KEYS.final(body.height), encode({ hash, view: body.view, certificate, repeats: repeats.map((repeat) => repeat.bytes) } satisfies FinalEntry))
  persist(out, KEYS.proposal(hash), bytes)
}
