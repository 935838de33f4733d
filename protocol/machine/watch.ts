/** Who signs two bodies for one slot. SPEC.md, "Evidence". */
import type { Breach, MessageKind } from '../bodies.ts'
import { checkBreach } from '../ledger/breach.ts'
import type { LedgerState } from '../ledger/state.ts'

/** A signed body, without the body. Messages are one, and so is each vote inside a certificate. */
export interface Signed {
  author: string
  kind: MessageKind
  slot: string | null
  bodyHash: string
  signature: Uint8Array
}

/** What each member was seen to sign last, by slot. */
export type Watch = Map<string, Map<string, Pick<Signed, 'kind' | 'bodyHash' | 'signature'>>>

/** Slots remembered of one member: some forty views or thirty rounds. */
const SLOTS_MAX = 256

export function createWatch(): Watch {
  return new Map()
}

/** Remembers what was signed, and returns a breach if its author has signed something else for the same slot and is not convicted. */
export function noteSigned(watch: Watch, state: LedgerState, { author, kind, slot, bodyHash, signature }: Signed): Breach | null {
  const known = state.members[author] !== undefined || state.former[author] !== undefined
  if (slot === null || !known) return null
  const slots = watch.get(author) ?? new Map<string, Pick<Signed, 'kind' | 'bodyHash' | 'signature'>>()
  watch.set(author, slots)
  const earlier = slots.get(slot)
  if (earlier === undefined) {
    slots.set(slot, { kind, bodyHash, signature })
    if (slots.size > SLOTS_MAX) slots.delete(slots.keys().next().value as string)
    return null
  }
  if (earlier.bodyHash === bodyHash) return null
  const inOrder = earlier.bodyHash < bodyHash
  const breach: Breach = {
    member: author,
    kind: kind as Breach['kind'],
    slot,
    hashes: inOrder ? [earlier.bodyHash, bodyHash] : [bodyHash, earlier.bodyHash],
    signatures: inOrder ? [earlier.signature, signature] : [signature, earlier.signature],
  }
  return checkBreach(state, breach) === null ? breach : null
}
