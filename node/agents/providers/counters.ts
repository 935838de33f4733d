import type { Caps, Limits } from './limits.ts'
import { addAmount, NOTHING } from './spending-record.ts'
import type { Amount, Amounts, SpendingRecord } from './spending-record.ts'

/** What one call wants to spend at most, and on whose account. */
export interface Charge {
  provider: string
  /** Limits of this provider alone. */
  providerPerDay: Caps
  round: string | null
  isOwn: boolean
  amount: Amount
}

/** The record of a node as its limits see it. */
export interface Counters {
  /** Begins a new day where one has begun, and forgets rounds of long ago. */
  turn(): void
  /** Why a charge does not fit, null if it does; `beside` is what other processes have spent today. */
  refusal(charge: Charge, beside: Amounts): string | null
  /** Adds an amount to all that a charge counts for; to its round only while that is counted. */
  add(charge: Charge, amount: Amount): void
  /** Counts a round from now on, if rounds have a limit. */
  noteRound(round: string | null): void
}

/** Rounds are over long before; their counts are forgotten then, and of more than these those of the oldest. */
const ROUND_MS_MAX = 6 * 3_600_000
const ROUNDS_MAX = 2_000

const DAY_MS = 24 * 3_600_000

export function createCounters(limits: Limits, record: SpendingRecord, now: () => number): Counters {
  const turn = (): void => {
    const day = dayOf(now())
    if (record.day < day) Object.assign(record, { day, isUnknown: false, providers: {}, others: NOTHING })
    // The clock was far ahead: what was counted then counts for today, and no longer.
    if (record.day > dayOf(now() + DAY_MS)) record.day = day
    for (const round in record.rounds) {
      if ((record.rounds[round]?.atMs ?? 0) >= now() - ROUND_MS_MAX) break
      delete record.rounds[round]
    }
  }
  return {
    turn,
    refusal({ provider, providerPerDay, round, isOwn, amount }, beside) {
      turn()
      const inRound = round === null ? null : (record.rounds[round]?.amount ?? NOTHING)
      const overRound = inRound === null ? null : exceeded('the limit per round', limits.perRound, addAmount(inRound, amount), limits.currency)
      const days: [string, Caps, Amount][] = [
        ['the limit per day', limits.perDay, [...Object.values(record.providers), ...Object.values(beside)].reduce(addAmount, NOTHING)],
        ["the limit per day for others' rounds", isOwn ? {} : limits.othersPerDay, record.others],
        [`the limit per day of ${provider}`, providerPerDay, addAmount(record.providers[provider] ?? NOTHING, beside[provider] ?? NOTHING)],
      ]
      const unknown = record.isUnknown ? days.find(([, caps]) => isSet(caps)) : undefined
      if (unknown !== undefined) return `what was spent today is not known, and ${unknown[0]} is taken for used up`
      return overRound ?? days.map(([what, caps, spent]) => exceeded(what, caps, addAmount(spent, amount), limits.currency)).find((over) => over !== null) ?? null
    },
    add({ provider, round, isOwn }, amount) {
      record.providers[provider] = addAmount(record.providers[provider] ?? NOTHING, amount)
      if (!isOwn) record.others = addAmount(record.others, amount)
      const known = round === null ? undefined : record.rounds[round]
      if (known !== undefined) known.amount = atLeastNothing(addAmount(known.amount, amount))
    },
    noteRound(round) {
      if (round === null || !isSet(limits.perRound) || record.rounds[round] !== undefined) return
      record.rounds[round] = { atMs: now(), amount: NOTHING }
      const rounds = Object.keys(record.rounds)
      if (rounds.length > ROUNDS_MAX) delete record.rounds[rounds[0] as string]
    },
  }
}

/** Whether anything is limited. */
export function isSet(caps: Caps): boolean {
  return Object.values(caps).some((cap) => cap !== undefined)
}

// A round that was forgotten and comes back is counted from nothing, whatever is settled of before.
function atLeastNothing({ costMicro, tokens, calls }: Amount): Amount {
  return { costMicro: Math.max(0, costMicro), tokens: Math.max(0, tokens), calls: Math.max(0, calls) }
}

function exceeded(what: string, caps: Caps, { costMicro, tokens, calls }: Amount, currency: string): string | null {
  const say = (most: string): string => `${what} of ${most} would be exceeded`
  if (caps.calls !== undefined && calls > caps.calls) return say(`${caps.calls} calls`)
  if (caps.tokens !== undefined && tokens > caps.tokens) return say(`${caps.tokens} tokens`)
  if (caps.cost !== undefined && costMicro > Math.round(caps.cost * 1_000_000)) return say(`${caps.cost} ${currency}`)
  return null
}

/** The day in UTC, as 2026-11-20. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
