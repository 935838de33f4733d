/** What a node says unasked: its presence, and during a standstill everything of its own that may have been lost. */
import { certificatesSince, isPending } from '../../consensus/index.ts'
import { sealEnvelope, type Message } from '../envelope.ts'
import { encodeFrame } from '../frames.ts'
import { requestChain } from './chain.ts'
import type { Effect } from './events.ts'
import { want, type Machine } from './machine-state.ts'

const OPENS_RESENT_MAX = 16

/** Publishes this member's presence and, unless `again` is false, sets the timer for the next time. Not guarded: it binds to nothing. */
export function announce(machine: Machine, out: Effect[], again = true): void {
  if (again) out.push({ type: 'timer', name: 'presence', ms: machine.rules.parameters.presenceMs })
  if (machine.ledger.members[machine.self] === undefined) return
  const links = [...machine.connected].filter((peer) => machine.ledger.members[peer] !== undefined).length
  const body = { sequence: Math.max(0, Math.floor(machine.nowMs)), ...machine.config.agent, links }
  const message = sealEnvelope(machine.rules.network, 'presence', body, machine.config.signer)
  out.push({ type: 'publish', message: message as unknown as Message })
}

/** Re-sends over streams, bounded, if nothing moved since the last tick although something should (rule 7). */
export function resend(machine: Machine, out: Effect[]): void {
  if (machine.ledger.members[machine.self] === undefined) {
    askToJoin(machine, out)
    // Members do not count on a stranger when they pass gossip on: the block that takes it in may never reach it.
    requestChain(machine, out, null)
  }
  const progress = progressOf(machine)
  const stuck = progress === machine.progress && isUnfinished(machine)
  machine.progress = progress
  if (!stuck) return
  const frames = ownMessages(machine).map(({ bytes }) => encodeFrame({ type: 'envelope', bytes }))
  for (const certificate of certificatesSince(machine.agreement, machine.head.view + 1)) frames.unshift(encodeFrame({ type: 'certificate', certificate }))
  if (frames.length > 0) out.push({ type: 'send', to: 'everybody', frames })
  out.push({ type: 'request', to: null, request: { type: 'certificates', fromView: machine.agreement.final.view + 1 } })
  requestChain(machine, out, null)
  want(machine, out, wantedHashes(machine), null)
}

// Each time with another sequence: gossip passes the same bytes on only once. Not guarded: it says the same every time.
function askToJoin(machine: Machine, out: Effect[]): void {
  const body = { sequence: Math.max(0, Math.floor(machine.nowMs)) }
  const message = sealEnvelope(machine.rules.network, 'join', body, machine.config.signer)
  out.push({ type: 'publish', message: message as unknown as Message })
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
  return isPending(machine.agreement) || wantedHashes(machine).length > 0 || machine.pool.opens.size > 0 || machine.rounds.size > 0
}

function ownMessages(machine: Machine): Message[] {
  const opens = [...machine.pool.opens.values()].slice(0, OPENS_RESENT_MAX)
  const current = [...machine.own].flatMap(([slot, message]) => {
    const [first, , view] = slot.split('/')
    if (first === 'vote' || first === 'proposal') return Number(view) > machine.agreement.final.view ? [message] : []
    const round = machine.ledger.rounds[first as string]
    return round !== undefined && 'phase' in message.body && message.body.phase === round.phase ? [message] : []
  })
  return [...opens, ...current, ...machine.pool.late.values()]
}
