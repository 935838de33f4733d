import { AgentError } from '../agent.ts'
import { createCounters, dayOf, isSet } from './counters.ts'
import type { Charge } from './counters.ts'
import type { Limits } from './limits.ts'
import { emptyRecord, NOTHING, subtractAmount } from './spending-record.ts'
import type { Amount, Amounts, SpendingRecord } from './spending-record.ts'

export interface Reservation {
  /** Replaces what was reserved by what was spent; only the first time. */
  settle: (spent: Amount) => void
}

/** Keeps what a node spends within its owner's limits, over restarts. */
export interface Spending {
  /**
   * Sets the amount aside before it is spent; durably, where a limit is set. What is never settled, because the process died, counts as spent.
   * @throws AgentError `budget-refused` where that would go over a limit, or cannot be written down
   */
  reserve(charge: Charge): Promise<Reservation>
  /** Why the charge would be refused, null if it would not. */
  refusal(charge: Charge): string | null
  /** Whether calls for rounds of others are under way: what is set aside for them may come free. */
  servesOthers(): boolean
  /** What a provider has spent today, what is under way included. */
  today(provider: string): Amount
  /** Resolves when all that was settled is written down, as far as that is possible. */
  flush(): Promise<void>
}

export interface SpendingInit {
  limits: Limits
  record: SpendingRecord
  /** What other processes of this home have spent today, by provider. */
  elsewhere?: () => Promise<Amounts>
  /** Writes the record down; resolves when it is durable. */
  save: () => Promise<void>
  /** Milliseconds since 1970. */
  now: () => number
}

export function createSpending({ limits, record, elsewhere, save, now }: SpendingInit): Spending {
  const counters = createCounters(limits, record, now)
  const isLimited = ({ providerPerDay }: Charge): boolean => [limits.perRound, limits.perDay, limits.othersPerDay, providerPerDay].some(isSet)
  let beside: { day: string; amounts: Amounts } = { day: '', amounts: {} }
  let saving: Promise<void> = Promise.resolve()
  let openForOthers = 0
  const refusal = (charge: Charge): string | null => counters.refusal(charge, beside.day === dayOf(now()) ? beside.amounts : {})
  return {
    refusal,
    async reserve(charge) {
      beside = { day: dayOf(now()), amounts: (await elsewhere?.()) ?? {} }
      const refused = refusal(charge)
      if (refused !== null) throw new AgentError('budget-refused', refused)
      counters.noteRound(charge.round)
      counters.add(charge, charge.amount)
      const { day } = record
      let isOpen = true
      if (!charge.isOwn) openForOthers++
      const settle = (spent: Amount): void => {
        if (!isOpen) return
        isOpen = false
        if (!charge.isOwn) openForOthers--
        counters.turn()
        // What was reserved yesterday is counted there.
        if (record.day === day) counters.add(charge, subtractAmount(spent, charge.amount))
        saving = save().catch(() => undefined)
      }
      await save().catch((cause: unknown) => {
        // Without limits the record is for the eye only.
        if (!isLimited(charge)) return
        settle(NOTHING)
        throw new AgentError('budget-refused', 'what is spent cannot be written down', { cause })
      })
      return { settle }
    },
    servesOthers: () => openForOthers > 0,
    today(provider) {
      counters.turn()
      return record.providers[provider] ?? NOTHING
    },
    flush: () => saving,
  }
}

/** A record that lasts as long as the process. */
export function unsavedRecord(): Pick<SpendingInit, 'record' | 'save' | 'now'> {
  return { record: emptyRecord(dayOf(Date.now())), save: () => Promise.resolve(), now: () => Date.now() }
}
