import { AgentError } from '../agent.ts'
import type { Caps, Limits } from './limits.ts'
import { addAmount, emptyRecord, NOTHING, subtractAmount } from './spending-record.ts'
import type { Amount, SpendingRecord } from './spending-record.ts'

/** What one call wants to spend at most, and on whose account. */
export interface Charge {
  provider: string
  /** Limits of this provider alone. */
  providerPerDay: Caps
  round: string | null
  isOwn: boolean
  amount: Amount
}

export interface Reservation {
  /** Replaces what was reserved by what was spent; only the first time. */
  settle: (spent: Amount) => void
}

/** Keeps what a node spends within its owner's limits, over restarts. */
export interface Spending {
  /**
   * Sets the amount aside, durably, before it is spent. What is never settled, because the process died, counts as spent.
   * @throws AgentError `budget-refused` where that would go over a limit, or cannot be written down
   */
  reserve(charge: Charge): Promise<Reservation>
  /** Why the charge would be refused, null if it would not. */
  refusal(charge: Charge): string | null
  /** What a provider has spent today, what is under way included. */
  today(provider: string): Amount
  /** Resolves when all that was settled is written down, as far as that is possible. */
  flush(): Promise<void>
}

export interface SpendingInit {
  limits: Limits
  record: SpendingRecord
  /** What other processes of this home have spent today. */
  elsewhere?: () => Promise<Amount>
  /** Writes the record down; resolves when it is durable. */
  save: () => Promise<void>
  /** Milliseconds since 1970. */
  now: () => number
}

/** Rounds are over long before; their counts are forgotten then. */
const ROUND_MS_MAX = 6 * 3_600_000

export function createSpending({ limits, record, elsewhere, save, now }: SpendingInit): Spending {
  let beside: Amount = NOTHING

  const turn = (): void => {
    const day = dayOf(now())
    if (record.day < day) Object.assign(record, { day, isUnknown: false, providers: {}, others: NOTHING })
    for (const [round, { atMs }] of Object.entries(record.rounds)) if (atMs < now() - ROUND_MS_MAX) delete record.rounds[round]
  }

  const refusal = ({ provider, providerPerDay, round, isOwn, amount }: Charge): string | null => {
    turn()
    const total = Object.values(record.providers).reduce(addAmount, beside)
    const checks: [string, Caps, Amount][] = [
      ['the limit per round', round === null ? {} : limits.perRound, round === null ? NOTHING : (record.rounds[round]?.amount ?? NOTHING)],
      ['the limit per day', limits.perDay, total],
      ["the limit per day for others' rounds", isOwn ? {} : limits.othersPerDay, record.others],
      [`the limit per day of ${provider}`, providerPerDay, record.providers[provider] ?? NOTHING],
    ]
    for (const [what, caps, spent] of checks) {
      if (record.isUnknown && what !== checks[0]?.[0] && Object.values(caps).some((cap) => cap !== undefined)) {
        return `what was spent today is not known, and ${what} is taken for used up`
      }
      const over = exceeded(caps, addAmount(spent, amount))
      if (over !== null) return `${what} of ${over} would be exceeded`
    }
    return null
  }

  const add = ({ provider, round, isOwn }: Charge, amount: Amount): void => {
    record.providers[provider] = addAmount(record.providers[provider] ?? NOTHING, amount)
    if (!isOwn) record.others = addAmount(record.others, amount)
    if (round !== null) record.rounds[round] = { atMs: record.rounds[round]?.atMs ?? now(), amount: addAmount(record.rounds[round]?.amount ?? NOTHING, amount) }
  }

  return {
    refusal,
    async reserve(charge) {
      beside = (await elsewhere?.()) ?? NOTHING
      const refused = refusal(charge)
      if (refused !== null) throw new AgentError('budget-refused', refused)
      add(charge, charge.amount)
      const { day } = record
      let isOpen = true
      const settle = (spent: Amount): void => {
        if (!isOpen) return
        isOpen = false
        turn()
        // What was reserved yesterday is counted there.
        if (record.day === day) add(charge, subtractAmount(spent, charge.amount))
        void save().catch(() => undefined)
      }
      await save().catch((cause: unknown) => {
        settle(NOTHING)
        throw new AgentError('budget-refused', 'what is spent cannot be written down', { cause })
      })
      return { settle }
    },
    today(provider) {
      turn()
      return record.providers[provider] ?? NOTHING
    },
    flush: () => save().catch(() => undefined),
  }
}

function exceeded(caps: Caps, { costMicro, tokens, calls }: Amount): string | null {
  if (caps.calls !== undefined && calls > caps.calls) return `${caps.calls} calls`
  if (caps.tokens !== undefined && tokens > caps.tokens) return `${caps.tokens} tokens`
  if (caps.cost !== undefined && costMicro > Math.round(caps.cost * 1_000_000)) return `${caps.cost}`
  return null
}

/** A record that lasts as long as the process. */
export function unsavedRecord(): Pick<SpendingInit, 'record' | 'save' | 'now'> {
  return { record: emptyRecord(dayOf(Date.now())), save: () => Promise.resolve(), now: () => Date.now() }
}

/** The day in UTC, as 2026-11-20. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
