/** Messages about members: who comes, goes or changes its key, and who broke the protocol. */
import type { Body } from '../bodies.ts'
import { sealEnvelope, type Message } from '../envelope.ts'
import { checkBreach, isProven } from '../ledger/breach.ts'
import { checkMembership } from '../ledger/members.ts'
import type { LedgerCode } from '../ledger/context.ts'
import type { Effect, MembershipRequest, Verdict } from './events.ts'
import type { Machine } from './machine-state.ts'

/** Newcomers that wait to be admitted. */
const POOLED_MAX = 1_024

/** Somebody wants to join, leave, or go over to another key. */
export function receiveMembership(machine: Machine, message: Message<'join' | 'leave' | 'rotate'>): Verdict {
  const { membership } = machine.pool
  const { verify } = machine.config
  // [ignore] The state does not allow it, or too many strangers wait. Members are few, and never kept out by them.
  const code = checkMembership(machine.ledger, message, { rules: machine.rules, verify })
  if (code !== null) return { verdict: 'ignore', code: 'not-valid-now' }
  if (message.kind === 'join' && membership.size >= POOLED_MAX && !membership.has(message.author)) return { verdict: 'ignore', code: 'buffer-full' }
  membership.set(message.author, message)
  return { verdict: 'accept' }
}

/** Somebody reports a breach. */
export function receiveEvidence(machine: Machine, { body: breach }: Message<'evidence'>): Verdict {
  const { breaches } = machine.pool
  // [ignore] One breach of the member waits already, or nothing is to be recorded.
  if (breaches.has(breach.member)) return { verdict: 'ignore', code: 'slot-taken' }
  if (checkBreach(machine.ledger, breach) !== null) return { verdict: 'ignore', code: 'not-valid-now' }
  // [reject] A signature does not hold.
  if (!isProven(breach, machine.rules.network, machine.config.verify)) return { verdict: 'reject', code: 'unfit-item' }
  breaches.set(breach.member, { breach, published: true })
  return { verdict: 'accept' }
}

/** Tells others of the breaches that this node has seen itself. */
export function publishBreaches(machine: Machine, out: Effect[]): void {
  for (const waiting of machine.pool.breaches.values()) {
    if (waiting.published) continue
    waiting.published = true
    out.push({ type: 'publish', message: evidenceOf(machine, waiting.breach) })
  }
}

export function evidenceOf(machine: Machine, breach: Body<'evidence'>): Message {
  return sealEnvelope(machine.rules.network, 'evidence', breach, machine.config.signer)
}

/**
 * Asks for a change of this node's own membership. Each time with another sequence: gossip passes the same bytes on only
 * once. Not guarded: the ledger takes the first that is valid. Returns why it is not possible now, or null.
 */
export function requestMembership(machine: Machine, out: Effect[], request: MembershipRequest): LedgerCode | null {
  const { kind, ...rest } = request
  const body = { sequence: Math.max(0, Math.floor(machine.nowMs)), ...rest }
  const message = sealEnvelope(machine.rules.network, kind, body as never, machine.config.signer)
  const code = checkMembership(machine.ledger, message, { rules: machine.rules, verify: machine.config.verify })
  if (code !== null) return code
  machine.pool.membership.set(machine.self, message)
  out.push({ type: 'publish', message })
  return null
}

/** Forgets what a final block has settled. */
export function settleMembership(machine: Machine): void {
  const { breaches, membership } = machine.pool
  for (const [member, { breach }] of breaches) if (checkBreach(machine.ledger, breach) !== null) breaches.delete(member)
  const context = { rules: machine.rules, verify: machine.config.verify }
  for (const [author, message] of membership) if (checkMembership(machine.ledger, message, context) !== null) membership.delete(author)
}
