/** Whether this node may sign: it may not while it cannot vouch for what it has signed before. SPEC.md, "Slots and the sign guard". */
import type { Agreement } from '../../consensus/index.ts'
import type { LedgerState } from '../ledger/state.ts'
import type { Signed } from './watch.ts'

/**
 * Why a node only observes. The store was lost (`note-missing`, `store-missing`), is older than what was signed
 * (`store-behind`, `forgotten`), or damaged; or somebody else signs with the same key.
 */
export const GUARD_CAUSES = ['note-missing', 'store-missing', 'store-behind', 'store-damaged', 'forgotten', 'second-copy'] as const
export type GuardCause = (typeof GUARD_CAUSES)[number]

/** What a node knows of its own past before it starts. */
export interface GuardInit {
  /** What is known to be lost. */
  loss: GuardCause | null
  /** Sequence of the last presence announced, -1 where that is not known. */
  lastPresence: number
  /** The owner says that nothing else signs with the key: what was lost is forgiven, but for what peers remember of it. */
  vouched: boolean
}

export interface SignGuard {
  /** Whether it listens for what it does not remember. */
  watches: boolean
  /** `asking`: just started, and hears from its peers what they have from it. `observing`: follows, serves, signs nothing. */
  mode: 'asking' | 'active' | 'observing'
  cause: GuardCause | null
  /** While observing: views that it may have signed in, and then the rounds that were open; null where not known yet. */
  through: number | null
  rounds: string[] | null
  /** What was heard from itself and is not in its memory, by slot. */
  heard: Map<string, string>
  /** What was heard before the owner's word took effect: not to be contradicted. */
  forgiven: Map<string, string>
  vouched: boolean
  lastPresence: number
  startedMs: number
  /** Members that have told what they heard; standstill ticks since the first did; whether the chain was caught up with. */
  answered: Set<string>
  ticks: number
  level: boolean
  /** Whether the owner and the store have to be told. */
  changed: boolean
}

/** What the guard looks at. */
export interface Remembering {
  self: string
  own: ReadonlyMap<string, { bodyHash: string }>
  ledger: LedgerState
  head: { view: number }
  agreement: Agreement
  guard: SignGuard
}

/** Messages heard from itself that are remembered for later, most. */
const HEARD_MAX = 1_024
/** Own votes and proposals this far below the last final view are forgotten. */
export const OWN_VIEWS_KEPT = 10

/** Without a past given, whoever runs the machine vouches for its memory, and all that is signed with its key. */
export function createSignGuard(init: GuardInit | undefined): SignGuard {
  const loss = init === undefined || init.vouched ? null : init.loss
  const mode = init === undefined ? 'active' : loss === null ? 'asking' : 'observing'
  return {
    watches: init !== undefined,
    mode,
    cause: loss,
    through: null,
    rounds: null,
    heard: new Map(),
    forgiven: new Map(),
    vouched: init?.vouched ?? false,
    lastPresence: init?.lastPresence ?? -1,
    startedMs: Infinity,
    answered: new Set(),
    ticks: 0,
    level: false,
    changed: mode === 'observing',
  }
}

/** Stops signing at once. Whoever observes already does so for longer. */
export function stopSigning({ guard, agreement }: Pick<Remembering, 'guard' | 'agreement'>, cause: GuardCause): void {
  if (guard.mode !== 'observing') {
    guard.level = false
    guard.answered.clear()
  }
  // The first cause tells most; but a second copy needs the owner, whatever else was lost.
  const told = cause === 'second-copy' ? cause : (guard.cause ?? cause)
  Object.assign(guard, { mode: 'observing', cause: told, through: null, rounds: null, changed: true } satisfies Partial<SignGuard>)
  agreement.silent = true
}

/** Something signed with this node's own key was heard, which it should remember unless it can't say anything there any more. */
export function hearSelf(machine: Remembering, { slot, bodyHash }: Pick<Signed, 'slot' | 'bodyHash'>): void {
  const { own, guard } = machine
  if (slot === null || !guard.watches || guard.heard.get(slot) === bodyHash) return
  const known = own.get(slot)?.bodyHash ?? guard.forgiven.get(slot)
  if (known === bodyHash) return
  if (known !== undefined) return stopSigning(machine, 'second-copy')
  if (guard.vouched && guard.mode === 'asking') return void guard.forgiven.set(slot, bodyHash)
  guard.heard.set(slot, bodyHash)
  if (guard.heard.size > HEARD_MAX) guard.heard.delete([...guard.heard.keys()][0] as string)
  if (isOpen(machine, slot)) stopSigning(machine, 'forgotten')
}

/** A presence of this node came back. One that it has not announced is of a copy that runs now, or of a past it does not know. */
export function hearOwnPresence(machine: Remembering, sequence: number): void {
  const { guard } = machine
  if (sequence <= guard.lastPresence || !guard.watches) return
  guard.lastPresence = sequence
  if (guard.vouched && guard.mode === 'asking' && sequence <= guard.startedMs) return
  stopSigning(machine, sequence > guard.startedMs ? 'second-copy' : 'forgotten')
}

/** Whether something heard from itself turns out to matter now: its round is open here. */
export function hasForgotten(machine: Remembering): boolean {
  for (const slot of machine.guard.heard.keys()) if (!machine.own.has(slot) && isOpen(machine, slot)) return true
  return false
}

/** Whether this node would have to remember what it signed for the slot, and could sign there again. */
function isOpen({ self, ledger, head, agreement }: Remembering, slot: string): boolean {
  const [first, second, third] = slot.split('/') as [string, string, string?]
  if (first === 'open') return Number(second) > (ledger.members[self]?.opened ?? Infinity)
  if (first !== 'vote' && first !== 'proposal') return ledger.rounds[first] !== undefined
  return Number(second) >= agreement.epoch && Number(third) >= head.view - OWN_VIEWS_KEPT
}
