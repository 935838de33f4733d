/** What a node says unasked: its presence, and during a standstill everything of its own that may have been lost. */
import { certificatesSince, isPending } from '../../consensus/index.ts'
import { sealEnvelope, type Message } from '../envelope.ts'
import { encodeFrame } from '../frames.ts'
import { requestChain } from './chain.ts'
import type { Effect } from './events.ts'
import { want, type Machine } from './machine-state.ts'
import { evidenceOf, requestMembership } from './membership.ts'
import { keepUp } from './sync.ts'
import { retryJobs } from './phases.ts'

const POOLED_RESENT_MAX = 16

/** Publishes this member's presence and, unless `again` is false, sets the timer for the next time. Not guarded: it binds to nothing. */
export function announce(machine: Machine, out: Effect[], again = true): void {
  if (again) out.push({ type: 'timer', name: 'presence', ms: machine.rules.parameters.presenceMs })
  if (machine.ledger.members[machine.self] === undefined || machine.guard.mode !== 'active') return
  const links = [...machine.connected].filter((peer) => machine.ledger.members[peer] !== undefined).length
  const sequence = Math.max(machine.guard.lastPresence + 1, Math.floor(machine.nowMs))
  machine.guard.lastPresence = sequence
  const body = { sequence, model: machine.config.agent.model, ...machine.ability, links, height: machine.ledger.height }
  const message = sealEnvelope(machine.rules.network, 'presence', body, machine.config.signer)
  out.push({ type: 'publish', message: message as unknown as Message })
}

/** Re-sends over streams, bounded, if nothing moved since the last tick although something should (rule 7). */
export function resend(machine: Machine, out: Effect[]): void {
  if (machine.ledger.members[machine.self] === undefined) {
    if (wantsToJoin(machine) && machine.guard.mode === 'active') requestMembership(machine, out, { kind: 'join' })
    // Members do not count on a stranger when they pass gossip on: the block that takes it in may never reach it.
    requestChain(machine, out, null)
  }
  retryJobs(machine, out)
  const progress = progressOf(machine)
  const idle = progress === machine.progress
  machine.progress = progress
  keepUp(machine, out)
  if (!idle || !isUnfinished(machine)) return
  const frames = ownMessages(machine).map(({ bytes }) => encodeFrame({ type: 'envelope', bytes }))
  for (const certificate of certificatesSince(machine.agreement, machine.head.view + 1)) frames.unshift(encodeFrame({ type: 'certificate', certificate }))
  if (frames.length > 0) out.push({ type: 'send', to: 'everybody', frames })
  out.push({ type: 'request', to: null, request: { type: 'certificates', fromView: machine.agreement.final.view + 1 } })
  requestChain(machine, out, null)
  want(machine, out, wantedHashes(machine), null)
}

// Who was never a member, or was taken for gone. Who left on purpose has to say so.
function wantsToJoin({ ledger, self }: Machine): boolean {
  return (ledger.former[self]?.cause ?? 'absent') === 'absent'
}

// Without the throttles of requests that name no hash.
function wantedHashes(machine: Machine): string[] {
  return [...machine.wanted.keys()].filter((key) => !key.includes('/'))
}

// Everything whose change counts as progress.
function progressOf(machine: Machine): string {
  const heard = [...machine.rounds].map(([round, local]) => `${round}:${[...local.observations].map(([, held]) => held.size).join()}`)
  return [machine.ledger.height, machine.agreement.view, ...heard].join('/')
}

function isUnfinished(machine: Machine): boolean {
  const { opens, membership, breaches } = machine.pool
  const pooled = opens.size + membership.size + breaches.size
  return isPending(machine.agreement) || wantedHashes(machine).length > 0 || pooled > 0 || machine.rounds.size > 0
}

function ownMessages(machine: Machine): Message[] {
  const opens = [...machine.pool.opens.values()].slice(0, POOLED_RESENT_MAX)
  const membership = [...machine.pool.membership.values()].slice(0, POOLED_RESENT_MAX)
  const breaches = [...machine.pool.breaches.values()].slice(0, POOLED_RESENT_MAX).map(({ breach }) => evidenceOf(machine, breach))
  const current = [...machine.own].flatMap(([slot, message]): Message[] => {
    if (message.kind === 'vote' || message.kind === 'proposal') return message.body.view > machine.agreement.final.view ? [message] : []
    const round = machine.ledger.rounds[slot.split('/')[0] as string]
    return round !== undefined && 'phase' in message.body && message.body.phase === round.phase ? [message] : []
  })
  return [...opens, ...membership, ...breaches, ...current, ...machine.pool.late.values()]
}
