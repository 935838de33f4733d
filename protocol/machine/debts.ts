/** What members owe: reveals and truths that come too late to count, shown as long as that still helps. SPEC.md, "What is owed". */
import { CREDIT_PHASES, type Body } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import type { Item } from '../ledger/items.ts'
import { findOwed } from '../ledger/owed.ts'
import type { Owed } from '../ledger/state.ts'
import { LIMITS } from '../limits.ts'
import type { Secret } from '../sealed.ts'
import type { Effect, Verdict } from './events.ts'
import { KEYS } from './keys.ts'
import { persist, type Machine, type Means, type Truth } from './machine-state.ts'
import { forgetOwn, signOnce } from './sign-guard.ts'

/** Shows what this node owes, if it still has it: it was away, or took over several blocks at once. */
export function payDebts(machine: Machine, out: Effect[]): void {
  for (const owed of ownDebts(machine)) {
    const means = meansOf(machine, owed)
    if (means === null) continue
    const { round, phase } = owed
    const message =
      phase === 'evaluate'
        ? signOnce(machine, out, 'truth', { round, phase, ...(means as Truth) })
        : signOnce(machine, out, 'reveal', { round, phase, ...(means as Secret) })
    if (message === null || keepLate(machine, message).verdict !== 'accept') continue
    out.push({ type: 'publish', message })
  }
}

function ownDebts({ ledger, self }: Machine): Owed[] {
  return ledger.owed.filter(({ member }) => member === self)
}

function meansOf(machine: Machine, { round, phase }: Owed): Means | null {
  const local = machine.rounds.get(round)
  const held = phase === 'evaluate' ? local?.truth : local?.secrets.get(phase)
  return held ?? machine.debts.get(`${round}/${phase}`) ?? null
}

/** Whether the author owes something there. */
export function isOwed({ ledger }: Machine, { author, body }: Item): boolean {
  return ledger.owed.some(({ member, round, phase }) => member === author && round === body.round && phase === body.phase)
}

/** Somebody shows what it owes. Only what pays is kept: anything else would be material for no block. */
export function keepLate(machine: Machine, item: Item): Verdict {
  const { late } = machine.pool
  const key = `${item.author}/${item.slot}`
  // [ignore] No block has room for it, or it is known.
  if (item.bytes.length > LIMITS.blockBytesMax) return { verdict: 'ignore', code: 'phase-closed' }
  if (late.has(key)) return { verdict: 'ignore', code: 'slot-taken' }
  // [reject] It does not open what its author had committed to.
  if (findOwed(machine.ledger, item, machine.rules) === undefined) return { verdict: 'reject', code: 'unfit-item' }
  late.set(key, item as Message<'reveal' | 'truth'>)
  return { verdict: 'accept' }
}

/** What a closed round still needs of this node's secrets stays; the others are let go. */
export function keepMeans(machine: Machine, out: Effect[], round: string): void {
  for (const phase of ['grade', ...CREDIT_PHASES]) persist(out, KEYS.secret(round, phase), null)
  for (const phase of ['answer-reveal', 'ballot-reveal', 'evaluate'] as const) {
    const owed = ownDebts(machine).find((debt) => debt.round === round && debt.phase === phase)
    const means = owed === undefined ? null : meansOf(machine, owed)
    if (means === null) persist(out, KEYS.secret(round, phase), null)
    else machine.debts.set(`${round}/${phase}`, means)
  }
}

/** Forgets debts that are paid or collected. */
export function settleDebts(machine: Machine, out: Effect[]): void {
  for (const [key, message] of machine.pool.late) if (findOwed(machine.ledger, message, machine.rules) === undefined) machine.pool.late.delete(key)
  for (const slot of machine.debts.keys()) {
    const [round, phase] = slot.split('/') as [string, Body<'reveal'>['phase']]
    if (ownDebts(machine).some((debt) => debt.round === round && debt.phase === phase)) continue
    machine.debts.delete(slot)
    persist(out, KEYS.secret(round, phase), null)
    forgetOwn(machine, out, slot)
  }
}
