/** Taking over history that a quorum vouches for. SPEC.md, "Sync". */
import { isCertificateSound, receiveCertificate, sha256, type AgreementEffect, type Certificate } from '../../consensus/index.ts'
import { decodeVouched } from '../encoding.ts'
import { readVouched } from '../envelope.ts'
import type { FinalBlock, Opened } from '../frames.ts'
import { applyBlock } from '../ledger/apply-block.ts'
import type { LedgerContext } from '../ledger/context.ts'
import type { RoundResult } from '../ledger/result.ts'
import { beginEpoch } from './chain.ts'
import { commitFinal } from './commit.ts'
import type { Effect } from './events.ts'
import { noteVotes } from './follow.ts'
import { noteOpened, noteRefused, noteSpoken, type BlockNode, type Machine } from './machine-state.ts'
import { storeItem } from './phases.ts'
import type { HistoryFault } from './sync-state.ts'

type Parts = Map<string, Uint8Array>

/** Takes over the blocks of a reply to `chain` that follow on what is final here; returns what is wrong with one, or null. */
export function takeHistory(machine: Machine, out: Effect[], agreed: AgreementEffect[], frames: readonly Opened[]): HistoryFault | null {
  const first = out.length
  const parts: Parts = new Map()
  let stretch: FinalBlock[] = []
  let last: Certificate | null = null
  for (const frame of frames) {
    if (frame.type !== 'history') continue
    for (const part of frame.parts) parts.set(sha256(part), part)
    for (const block of frame.blocks) {
      if (block.message.body.height <= machine.ledger.height) continue
      stretch.push(block)
      if (block.certificate === null) continue
      const fault = takeStretch(machine, out, stretch, block.certificate, parts)
      if (fault !== null) return fault
      last = block.certificate
      stretch = []
    }
  }
  // The votes in it may contradict what their authors have told this node.
  if (last !== null) noteVotes(machine, last)
  if (last?.epoch === machine.agreement.epoch) agreed.push(...receiveCertificate(machine.agreement, last))
  else if (last !== null) agreed.length = 0
  joinChanges(out, first)
  return null
}

// Much of what is kept of an open round is let go when it closes, a few blocks on: only what is left of it is written.
function joinChanges(out: Effect[], first: number): void {
  const added = out.splice(first)
  const changes = new Map<string, Uint8Array | null>()
  for (const effect of added) if (effect.type === 'persist') for (const { key, value } of effect.changes) changes.set(key, value)
  if (changes.size > 0) out.push({ type: 'persist', changes: [...changes].map(([key, value]) => ({ key, value })) })
  out.push(...added.filter(({ type }) => type !== 'persist'))
}

// Blocks up to one that has a certificate. Nothing in them is looked at before that is found to be sound.
function takeStretch(machine: Machine, out: Effect[], stretch: readonly FinalBlock[], certificate: Certificate, parts: Parts): HistoryFault | null {
  const { epoch, validators } = machine.ledger
  if (certificate.kind !== 'finalize' || certificate.epoch !== epoch || !isCertificateSound(validators, certificate)) return 'unsound-certificate'
  if (!isLinked(machine, stretch, certificate)) return 'not-linked'
  for (const { message, repeats, certificate: own } of stretch) {
    const { body: block, bodyHash } = message
    const applied = applyBlock(machine.ledger, block, vouchedContext(machine, out, parts))
    if (!applied.ok) {
      if (applied.missing.length === 0) noteRefused(machine, out, block.height, applied.code)
      return applied.code
    }
    const isLast = applied.state.epoch !== block.epoch
    commitFinal(machine, out, { hash: bodyHash, block, message, applied }, own, isLast ? repeats.map(nodeOf) : [])
    if (isLast) beginEpoch(machine, out)
  }
  return null
}

function nodeOf(message: FinalBlock['message']): BlockNode {
  return { hash: message.bodyHash, block: message.body, message, applied: null }
}

// From the last final block to the one that the certificate names, by the hashes of parents.
function isLinked({ head, ledger }: Machine, stretch: readonly FinalBlock[], certificate: Certificate): boolean {
  let { hash } = head
  let { height } = ledger
  for (const { message, repeats } of stretch) {
    height += 1
    for (const { body, bodyHash } of [message, ...repeats]) {
      if (body.parent !== hash || body.height !== height || body.epoch !== ledger.epoch) return false
      hash = bodyHash
    }
  }
  return hash === certificate.block
}

/**
 * Context for blocks below a finalization. More than a third of the weight, and so somebody honest, has found them valid: it
 * has checked each signature in them and held each item that they select. Bytes of the same hash need no second check.
 */
function vouchedContext(machine: Machine, out: Effect[], parts: Parts): LedgerContext {
  return {
    rules: machine.rules,
    verify: () => true,
    open(envelope) {
      const opened = readVouched(envelope)
      if (opened.ok && opened.message.kind === 'open') noteOpened(machine, opened.message)
      return opened
    },
    item(id) {
      const held = machine.items.get(id)
      const part = held === undefined ? parts.get(id) : undefined
      const read = part === undefined ? null : readVouched(part)
      if (read?.ok !== true) return held
      noteSpoken(machine, read.message)
      storeItem(machine, out, read.message)
      return read.message
    },
    result(_, hash) {
      const part = parts.get(hash)
      return machine.results.get(hash) ?? (part === undefined ? 'missing' : (decodeVouched(part) as RoundResult))
    },
  }
}
