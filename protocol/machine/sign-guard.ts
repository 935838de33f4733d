/** The sign guard: one body for one slot, for as long as this node can vouch for its memory. SPEC.md, "Slots and the sign guard". */
import { z } from 'zod'
import { isQuorum, sha256 } from '../../consensus/index.ts'
import { hashSchema, type Body, type MessageKind } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { sealEnvelope, type Message } from '../envelope.ts'
import { encodeFrame } from '../frames.ts'
import { slotOf } from '../slot.ts'
import type { Effect } from './events.ts'
import { KEYS } from './keys.ts'
import { noteOpened, persist, type Machine } from './machine-state.ts'
import { GUARD_CAUSES, hasForgotten, stopSigning } from './self-watch.ts'

/** Views that may pass, beyond those known, before a node that has forgotten what it signed signs again. */
const VIEWS_MARGIN = 10
/** Standstill ticks that a node waits for the answers of a quorum before it makes do with those it is connected to. */
const PATIENCE_TICKS = 10

/** What an observer keeps of its reasons in the store. */
export const guardSchema = z.strictObject({
  cause: z.enum(GUARD_CAUSES),
  through: z.number().int().min(0).nullable(),
  rounds: z.array(hashSchema).nullable(),
})

/**
 * Signs a body for its slot once. The same body again gives the stored message; another body is refused and reported,
 * null. What is signed is persisted before whatever effect sends it. A node that may not sign gets null.
 * @throws TypeError for a kind that binds to nothing
 */
export function signOnce<K extends MessageKind>(machine: Machine, out: Effect[], kind: K, body: Body<K>): Message<K> | null {
  const slot = slotOf(kind, body)
  if (slot === null) throw new TypeError(`a ${kind} binds to nothing`)
  const bodyHash = sha256(encode(body))
  const held = machine.own.get(slot) as Message<K> | undefined
  if ((held?.bodyHash ?? machine.guard.forgiven.get(slot) ?? bodyHash) !== bodyHash) {
    out.push({ type: 'notify', notice: { type: 'refused-to-sign', slot } })
    return null
  }
  if (held !== undefined) return held
  if (!maySign(machine)) return null
  const message = sealEnvelope(machine.rules.network, kind, body, machine.config.signer)
  machine.own.set(slot, message as unknown as Message)
  noteOpened(machine, message as unknown as Message)
  persist(out, KEYS.own(slot), message.bytes)
  return message
}

/** Drops an own message that can never be asked for again: its round is closed, or its view far behind. */
export function forgetOwn(machine: Machine, out: Effect[], slot: string): void {
  if (machine.own.delete(slot)) persist(out, KEYS.own(slot), null)
}

/** Whether this node takes part. What it heard from itself about a round may matter only now that the round is open. */
export function maySign(machine: Machine): boolean {
  if (machine.guard.mode === 'active' && hasForgotten(machine)) stopSigning(machine, 'forgotten')
  return machine.guard.mode === 'active'
}

/** Asks what a peer has heard of this node, as long as that is in doubt. */
export function askWhatWasSaid({ guard }: Machine, out: Effect[], to: string | null): void {
  if (guard.mode !== 'active') out.push({ type: 'request', to, request: { type: 'said' } })
}

/** Asks again, at every standstill tick: the members that have not answered and, to hear of a copy that runs, anybody. */
export function askAgain(machine: Machine, out: Effect[]): void {
  const { guard, connected, ledger } = machine
  if (guard.mode === 'active') return
  if (guard.answered.size > 0) guard.ticks += 1
  const silent = [...connected].filter((peer) => ledger.members[peer] !== undefined && !guard.answered.has(peer))
  for (const peer of silent.length > 0 ? silent : [null]) askWhatWasSaid(machine, out, peer)
}

/** The answer: what this node remembers of what `member` signed, and its last presence. */
export function saidBy(machine: Machine, member: string): Uint8Array[] {
  const { near, far } = machine.watch.get(member) ?? { near: [], far: [] }
  const signed = [...far, ...near].map(([slot, said]) => encodeFrame({ type: 'signed', author: member, slot, ...said }))
  const presence = machine.presence.get(member)
  const fresh = presence !== undefined && presence.seenMs >= machine.nowMs - 3 * machine.rules.parameters.presenceMs
  return fresh ? [...signed, encodeFrame({ type: 'envelope', bytes: presence.bytes })] : signed
}

/** A member has told all it has heard of this node. */
export function noteAnswer({ guard, ledger }: Machine, from: string): void {
  if (ledger.members[from] !== undefined) guard.answered.add(from)
}

/** A peer has told what it has of the chain: whether this node has caught up with what it knows of. */
export function noteChain({ guard, agreement, head, ledger, presence }: Machine): void {
  const heights = [...presence.values()].map(({ height }) => height)
  guard.level = agreement.final.block === head.hash && heights.every((height) => height <= ledger.height + 1)
}

/**
 * Looks whether this node may sign from now on, and returns whether that is new. SPEC.md, "Slots and the sign guard", has the rules.
 */
export function reviewGuard(machine: Machine, out: Effect[]): boolean {
  const { guard, agreement } = machine
  maySign(machine)
  agreement.silent = guard.mode !== 'active'
  const resumes = guard.mode === 'asking' ? isInformed(machine) : guard.mode === 'observing' && isPast(machine)
  if (resumes) {
    const wasObserving = guard.mode === 'observing'
    Object.assign(guard, { mode: 'active', cause: null, through: null, rounds: null, changed: wasObserving } satisfies Partial<Machine['guard']>)
    agreement.silent = false
  }
  if (guard.changed) tell(machine, out)
  return resumes
}

function tell({ guard }: Machine, out: Effect[]): void {
  guard.changed = false
  const { cause, through, rounds } = guard
  persist(out, KEYS.guard, cause === null ? null : encode({ cause, through, rounds }))
  out.push({ type: 'notify', notice: { type: 'signing', mode: guard.mode, cause } })
}

// Answers of a quorum: whatever was certified, one of them knows. Where fewer are connected, all of those, after a while.
function isInformed({ guard, connected, ledger, self }: Machine): boolean {
  const { validators, members } = ledger
  if (isQuorum(validators, [self])) return true
  const isAnswered = [...connected].every((peer) => members[peer] === undefined || guard.answered.has(peer))
  const isPatient = guard.ticks >= PATIENCE_TICKS && guard.answered.size > 0 && isAnswered
  return guard.level && (isPatient || isQuorum(validators, new Set([self, ...guard.answered])))
}

// All that may have been signed is past: the views, and then the rounds that were open by then. A copy that runs is never past.
function isPast(machine: Machine): boolean {
  const { guard, agreement, head, ledger, self } = machine
  if (guard.cause === 'second-copy' || !guard.level || guard.answered.size === 0) return false
  if (ledger.members[self] === undefined) return true
  if (guard.through === null) {
    guard.through = agreement.view + VIEWS_MARGIN
    guard.changed = true
  }
  if (guard.rounds === null && head.view > guard.through) {
    guard.rounds = Object.keys(ledger.rounds)
    guard.changed = true
  }
  return guard.rounds !== null && guard.rounds.every((round) => ledger.rounds[round] === undefined) && !hasForgotten(machine)
}
