/** Catching up with the network: which part of the chain is asked of whom. SPEC.md, "Sync". */
import type { AgreementEffect } from '../../consensus/index.ts'
import { requestChain, retryWaiting } from './chain.ts'
import type { Effect, Event } from './events.ts'
import { afterFinal, retryFinal } from './follow.ts'
import { takeHistory } from './history.ts'
import type { Machine } from './machine-state.ts'
import { followJump, startJump } from './jump.ts'
import { RANGE, type Offer, type SyncFault } from './sync-state.ts'

/** How many ranges are under way or wait for those before them, and of one peer. */
const RANGES_MAX = 6
const RANGES_PER_PEER_MAX = 2
/** A peer that takes longer for a range is asked for no more. */
const SLOW_MS = 5_000
/** Standstill ticks after which peers are given another chance, where nobody else is left. */
const FORGIVING_TICKS = 10
const OFFERS_MAX = 1_000

function rangeOf(height: number): number {
  return height - ((height - 1) % RANGE)
}

/** A peer says what it has. */
export function noteOffer({ sync }: Machine, peer: string, { height, horizon, epochs }: Offer): void {
  sync.offers.delete(peer)
  sync.offers.set(peer, { height, horizon, epochs })
  if (sync.offers.size > OFFERS_MAX) sync.offers.delete([...sync.offers.keys()][0] as string)
}

/** Asks for what is missing, of several peers at once; as much as may be under way. */
export function pursue(machine: Machine, out: Effect[]): void {
  const { sync, ledger, nowMs } = machine
  const usable = [...sync.offers].filter(([peer]) => machine.connected.has(peer) && !sync.dropped.has(peer))
  const target = Math.max(0, ...usable.map(([, { height }]) => height))
  if (sync.jump !== null) return
  if (wantsJump(machine, usable, target)) return startJump(machine, out, usable)
  const first = rangeOf(ledger.height + 1)
  for (let start = first; start <= target && start < first + RANGES_MAX * RANGE; start += RANGE) {
    if (sync.asked.has(start) || sync.arrived.has(start)) continue
    const fromHeight = Math.max(start, ledger.height + 1)
    const load = (peer: string): number => [...sync.asked.values()].filter((asked) => asked.peer === peer).length
    const [idlest] = usable
      .filter(([peer, { height, horizon }]) => horizon <= fromHeight && fromHeight <= height && load(peer) < RANGES_PER_PEER_MAX)
      .sort(([a], [b]) => load(a) - load(b))
    if (idlest === undefined) continue
    sync.asked.set(start, { peer: idlest[0], fromHeight, sinceMs: nowMs })
    out.push({ type: 'request', to: idlest[0], request: { type: 'chain', fromHeight, toHeight: start + RANGE - 1 } })
  }
}

// Somebody else's state is taken where nobody has the blocks that lead there, or this node does not care for them.
function wantsJump({ ledger, config, sync }: Machine, usable: readonly (readonly [string, Offer])[], target: number): boolean {
  if (target <= ledger.height || sync.asked.size > 0 || sync.arrived.size > 0) return false
  const isServed = usable.some(([, { height, horizon }]) => height > ledger.height && horizon <= ledger.height + 1)
  const ahead = Math.max(0, ...usable.flatMap(([, { epochs }]) => epochs)) - ledger.epoch
  // Whoever wants everything waits a while for somebody who has it.
  return ahead > 0 && (config.archive === false ? !isServed || ahead > 1 : !isServed && sync.stranded > 0)
}

/** A reply to `boundaries` or `snapshot`. */
export function receiveSnapshot(machine: Machine, out: Effect[], agreed: AgreementEffect[], event: Extract<Event, { type: 'frames' }>): void {
  const { sync } = machine
  const { jump } = sync
  const { height } = machine.ledger
  if (jump === null || jump.peer !== event.from) return
  const wrong = event.fault ?? followJump(machine, out, jump, event.frames)
  if (wrong !== null) drop(machine, out, event.from, wrong)
  if (sync.jump !== null) return
  if (machine.ledger.height > height) {
    agreed.length = 0
    settleHead(machine, out, agreed, height)
  }
  pursue(machine, out)
}

/** A reply to `chain`: a range waits until all before it are taken over; anything else counts if it follows on the head. */
export function receiveChain(machine: Machine, out: Effect[], agreed: AgreementEffect[], event: Extract<Event, { type: 'frames' }>): void {
  const { sync } = machine
  const { from, frames, fault } = event
  const { height } = machine.ledger
  const [start] = [...sync.asked].find(([, { peer, fromHeight }]) => peer === from && fromHeight === event.fromHeight) ?? []
  if (start === undefined) {
    const dropped = sync.dropped.get(from) ?? 'slow'
    if (dropped !== 'slow') return
    const wrong = takeHistory(machine, out, agreed, frames)
    if (wrong !== null) drop(machine, out, from, wrong)
    settleHead(machine, out, agreed, height)
    if (machine.ledger.height > height) requestChain(machine, out, from)
    return
  }
  sync.asked.delete(start)
  if ((fault ?? null) !== null || !frames.some((frame) => frame.type === 'history' && frame.blocks.length > 0)) drop(machine, out, from, fault ?? 'nothing-served')
  else sync.arrived.set(start, { peer: from, frames })
  pursue(machine, out)
  takeNext(machine, out, agreed)
}

/** Takes over the range that follows on the head, if it is there. One at a time: a node has other things to do, too. */
export function takeNext(machine: Machine, out: Effect[], agreed: AgreementEffect[]): void {
  const { sync } = machine
  const { height } = machine.ledger
  const start = rangeOf(height + 1)
  const next = sync.arrived.get(start)
  for (const range of sync.arrived.keys()) if (range <= start) sync.arrived.delete(range)
  if (next === undefined) return
  const wrong = takeHistory(machine, out, agreed, next.frames)
  if (wrong !== null || machine.ledger.height === height) drop(machine, out, next.peer, wrong ?? 'nothing-served')
  pursue(machine, out)
  if (sync.arrived.has(rangeOf(machine.ledger.height + 1))) out.push({ type: 'timer', name: 'sync', ms: 0 })
  if (sync.asked.size > 0 || sync.arrived.size > 0) return
  settleHead(machine, out, agreed, -1)
  // The chain has grown meanwhile.
  requestChain(machine, out, null)
}

// Rounds enter their phases only where this node has caught up: what is over by now wants nothing of it.
function settleHead(machine: Machine, out: Effect[], agreed: AgreementEffect[], before: number): void {
  if (machine.ledger.height > before) agreed.push(...afterFinal(machine, out))
  retryWaiting(machine, out, agreed)
  retryFinal(machine, out, agreed)
}

function drop({ sync, ledger }: Machine, out: Effect[], peer: string, code: SyncFault): void {
  sync.dropped.set(peer, code)
  if (sync.jump?.peer === peer) sync.jump = null
  for (const [start, asked] of sync.asked) if (asked.peer === peer) sync.asked.delete(start)
  for (const [start, arrived] of sync.arrived) if (arrived.peer === peer) sync.arrived.delete(start)
  out.push({ type: 'notify', notice: { type: 'peer-dropped', peer, code, height: ledger.height + 1 } })
}

/** A peer is gone: others are asked for what it was to give. */
export function forgetOffer(machine: Machine, out: Effect[], peer: string): void {
  const { sync } = machine
  sync.offers.delete(peer)
  if (sync.jump?.peer === peer) sync.jump = null
  for (const [start, asked] of sync.asked) if (asked.peer === peer) sync.asked.delete(start)
  pursue(machine, out)
}

/** At every standstill tick: slow peers are dropped, and what presences tell of is asked for. */
export function keepUp(machine: Machine, out: Effect[]): void {
  const { sync, nowMs, ledger } = machine
  for (const { peer, sinceMs } of [...sync.asked.values()]) {
    if (sinceMs + SLOW_MS <= nowMs && !sync.dropped.has(peer)) drop(machine, out, peer, 'slow')
  }
  if (sync.jump !== null && sync.jump.sinceMs + SLOW_MS <= nowMs) drop(machine, out, sync.jump.peer, 'slow')
  for (const [member, { height }] of machine.presence) {
    const offer = sync.offers.get(member)
    if (offer !== undefined && offer.height < height) offer.height = height
    if (offer === undefined && height > ledger.height && machine.connected.has(member)) out.push({ type: 'request', to: member, request: { type: 'offer' } })
  }
  pursue(machine, out)
  const wanted = [...sync.offers.values()].some(({ height }) => height > ledger.height)
  if (!wanted || sync.asked.size > 0 || sync.arrived.size > 0) sync.stranded = 0
  else if (sync.jump === null) sync.stranded += 1
  if (sync.stranded < FORGIVING_TICKS) return
  sync.stranded = 0
  sync.dropped.clear()
  pursue(machine, out)
}
