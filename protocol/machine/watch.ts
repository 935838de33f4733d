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

type Said = Pick<Signed, 'kind' | 'bodyHash' | 'signature'>
type Slots = Map<string, Said>

/** What each member was seen to sign last, by slot: slots of what goes on now apart from all others, of which anybody can make up any number. */
export type Watch = Map<string, { near: Slots; far: Slots }>

/** Slots remembered of one member. Of the near ones that is hundreds of views or rounds, of the others some forty views. */
const NEAR_MAX = 1_024
const FAR_MAX = 256
/** Views and opens from the current one that are near. */
const VIEWS_NEAR = 64
const OPENS_NEAR = 16

export function createWatch(): Watch {
  return new Map()
}

/** Whether a slot belongs to what goes on now: an open round, a view or an open close to the last one. There are only so many of them. */
export function isNear({ ledger, head }: { ledger: LedgerState; head: { view: number } }, { author, slot }: Pick<Signed, 'author' | 'slot'>): boolean {
  const [first, second, third] = (slot ?? '').split('/') as [string, string?, string?]
  if (first === 'vote' || first === 'proposal') return Number(second) === ledger.epoch && Math.abs(Number(third) - head.view) <= VIEWS_NEAR
  if (first === 'open') return Math.abs(Number(second) - (ledger.members[author]?.opened ?? 0)) <= OPENS_NEAR
  return ledger.rounds[first] !== undefined
}

/** Remembers what was signed, and returns a breach if its author has signed something else for the same slot and is not convicted. */
export function noteSigned(watch: Watch, state: LedgerState, { author, kind, slot, bodyHash, signature }: Signed, near: boolean): Breach | null {
  const known = state.members[author] !== undefined || state.former[author] !== undefined
  if (slot === null || !known) return null
  const both = watch.get(author) ?? { near: new Map<string, Said>(), far: new Map<string, Said>() }
  watch.set(author, both)
  const earlier = both.near.get(slot) ?? both.far.get(slot)
  if (earlier === undefined) {
    const slots = near ? both.near : both.far
    slots.set(slot, { kind, bodyHash, signature })
    if (slots.size > (near ? NEAR_MAX : FAR_MAX)) slots.delete(slots.keys().next().value as string)
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
