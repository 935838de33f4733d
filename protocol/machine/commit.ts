/** A block has become final: what is kept of it, and what is let go. */
import type { Certificate } from '../../consensus/index.ts'
import type { Block } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { RoundState } from '../ledger/state.ts'
import type { Effect } from './events.ts'
import { KEYS } from './keys.ts'
import { keepMeans, settleDebts } from './debts.ts'
import { localRound, noteClosed, openKnown, persist, type BlockNode, type Machine } from './machine-state.ts'
import { settleMembership } from './membership.ts'
import { storeItem } from './phases.ts'
import { forgetOwn } from './sign-guard.ts'

/** What the store keeps of a closed round, under KEYS.round: its height, the result's hash, and the round as it was agreed. */
export interface ClosedEntry {
  height: number
  hash: string
  round: RoundState
}

/** What the store keeps of a final block, under KEYS.final: its certificate, if one names it or a repeat of it. */
export interface FinalEntry {
  hash: string
  view: number
  certificate: Certificate | null
  /** Proposals in order, from the block to the one that the certificate names. */
  repeats: Uint8Array[]
}

/** Takes a block over. `repeats` lead from the last block of an epoch to the one that its certificate names. */
export function commitFinal(machine: Machine, out: Effect[], node: BlockNode, certificate: Certificate | null, repeats: BlockNode[]): void {
  const { state, closed, penalties } = node.applied as NonNullable<BlockNode['applied']>
  const { height, view, stateRoot: root } = node.block
  const before = machine.ledger
  machine.ledger = state
  machine.refused = null
  machine.head = { hash: node.hash, view }
  persist(out, KEYS.proposal(node.hash), node.message.bytes)
  persist(out, KEYS.unfinal(node.hash), null)
  persist(out, KEYS.final(height), encode({ hash: node.hash, view, certificate, repeats: repeats.map(({ message }) => message.bytes) } satisfies FinalEntry))
  for (const { round, hash, result, changes } of closed) {
    persist(out, KEYS.result(hash), encode(result))
    persist(out, KEYS.closed(height, round), encode({ hash }))
    persist(out, KEYS.round(round), encode({ height, hash, round: before.rounds[round] as RoundState } satisfies ClosedEntry))
    for (const change of changes) persist(out, KEYS.history(change.member, height, round), encode(change))
    const own = machine.rounds.get(round)?.resultHash
    if (own !== undefined && own !== null && own !== hash) {
      out.push({ type: 'notify', notice: { type: 'result-differs', round, own, certified: hash } })
    }
  }
  penalties.forEach((change, index) => persist(out, KEYS.history(change.member, height, `penalty-${index}`), encode(change)))
  takeOpens(machine, out, node.block)
  settleMembership(machine)
  settleDebts(machine, out)
  for (const [hash, other] of machine.blocks) {
    if (other.block.height > height) continue
    machine.blocks.delete(hash)
    if (hash !== node.hash && other.applied !== null) persist(out, KEYS.unfinal(hash), null)
  }
  out.push({ type: 'notify', notice: { type: 'block-final', height, hash: node.hash, view, stateRoot: root, entries: node.block.entries.length } })
  for (const each of closed) {
    forgetRound(machine, out, each.round)
    out.push({ type: 'notify', notice: { type: 'round-closed', height, closed: each } })
  }
}

// An open is embedded in its block: from here on it is an item of its round.
function takeOpens(machine: Machine, out: Effect[], block: Block): void {
  for (const entry of block.entries) {
    if (entry.type !== 'open') continue
    const opened = openKnown(machine, entry.envelope)
    if (!opened.ok || opened.message.kind !== 'open') continue
    const { message } = opened
    machine.pool.opens.delete(message.id)
    if (message.author === machine.self) forgetOwn(machine, out, message.slot as string)
    if (machine.ledger.rounds[message.id] === undefined) continue
    localRound(machine, message.id)
    storeItem(machine, out, message)
    out.push({ type: 'notify', notice: { type: 'round-opened', round: message.id, asker: message.author, height: block.height } })
  }
}

/** A closed round's messages stay in the store, for those who replay it; memory lets go of them. */
export function forgetRound(machine: Machine, out: Effect[], round: string): void {
  for (const [id, item] of machine.items) {
    const ofRound = id === round || ('round' in item.body && item.body.round === round)
    if (!ofRound) continue
    machine.items.delete(id)
    persist(out, KEYS.openItem(round, id), null)
  }
  keepMeans(machine, out, round)
  for (const slot of machine.own.keys()) if (slot.startsWith(`${round}/`)) forgetOwn(machine, out, slot)
  for (const [hash, result] of machine.results) if (result.round === round) machine.results.delete(hash)
  machine.rounds.delete(round)
  noteClosed(machine, round)
}
