/** One call of a provider: its attempts, each within the limits. */
import { sleep } from '../abort.ts'
import type { ChatEvent } from '../agent.ts'
import type { Breaker } from './breaker.ts'
import type { Charge } from './counters.ts'
import { exchange, ExchangeError } from './exchange.ts'
import type { Endpoint } from './exchange.ts'
import { boundOf, costOf } from './metering.ts'
import type { CallPurpose, ModelCall, TokenUsage } from './model.ts'
import type { ProviderConfig } from './provider-config.ts'
import type { Spending } from './spending.ts'
import type { Amount } from './spending-record.ts'

export interface CallManner {
  /** Whether nobody takes over: then it is worth to wait longer. */
  isLast: boolean
  /** Whether the text is wanted as it comes. */
  isStreamed: boolean
}

export type ProviderEvent = ChatEvent | { type: 'cost'; costMicro: number }

/** What attempts are made with. */
export interface AttemptMeans {
  config: ProviderConfig
  endpoint: Endpoint
  spending: Spending
  breaker: Breaker
}

const ATTEMPTS_MAX_DEFAULT = 4
const RETRY_MS_DEFAULT = 500

/** A server that asks for a longer pause than this is not waited for. */
const RETRY_AFTER_MS_MAX = 60_000

/** The same where another provider is there to take over, and how often this one is tried then. */
const SHORT_RETRY_AFTER_MS_MAX = 1_000
const SHORT_ATTEMPTS_MAX = 2

/**
 * The reply and what it cost. Attempts that fail before any text was given are repeated, as long as that may help.
 * @throws ExchangeError, AgentError `budget-refused`, or the signal's reason
 */
export async function* attemptCall(means: AttemptMeans, call: ModelCall, { isLast, isStreamed }: CallManner, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void> {
  const { attemptsMax = ATTEMPTS_MAX_DEFAULT, retryMs = RETRY_MS_DEFAULT } = means.config
  const [most, waitMsMax] = isLast ? [attemptsMax, RETRY_AFTER_MS_MAX] : [Math.min(attemptsMax, SHORT_ATTEMPTS_MAX), SHORT_RETRY_AFTER_MS_MAX]
  for (let count = 1; ; count++) {
    let hasBegun = false
    try {
      for await (const event of attemptOnce(means, call, isStreamed, signal)) {
        hasBegun = true
        if (event.type === 'end') means.breaker.succeed()
        yield event
      }
      return
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      const { retryAfterMs } = error
      if (hasBegun || retryAfterMs === null || retryAfterMs > waitMsMax || count >= most) {
        if (error.trouble !== 'call') means.breaker.fail(error.trouble, error.message, retryAfterMs ?? 0)
        throw error
      }
      await sleep(Math.max(retryMs * 2 ** (count - 1) * (0.5 + Math.random() / 2), retryAfterMs), signal)
    }
  }
}

/** One attempt: its most is reserved before, what it took is settled after. A text that is not wanted as it comes is given whole. */
async function* attemptOnce({ config, endpoint, spending }: AttemptMeans, call: ModelCall, isStreamed: boolean, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void> {
  const bound = boundOf(call, config.price)
  const { settle } = await spending.reserve(chargeOf(config, call.purpose, bound))
  let spent = bound
  let whole = ''
  try {
    for await (const event of exchange(isStreamed ? { ...endpoint, stream: true } : endpoint, call, signal)) {
      if (event.type === 'text' && !isStreamed) {
        whole += event.text
        continue
      }
      if (event.type === 'end') {
        spent = spentOf(event.usage, bound, config)
        if (!isStreamed) yield { type: 'text', text: whole }
      }
      yield event
    }
    yield { type: 'cost', costMicro: spent.costMicro }
  } catch (error) {
    // What broke off half-way is paid for, nobody knows how much.
    if (error instanceof ExchangeError && !error.isCharged) spent = { costMicro: 0, tokens: 0, calls: 1 }
    throw error
  } finally {
    settle(spent)
  }
}

export function chargeOf({ id, perDay = {} }: ProviderConfig, { round, isOwn }: CallPurpose, amount: Amount): Charge {
  return { provider: id, providerPerDay: perDay, round, isOwn, amount }
}

function spentOf(usage: TokenUsage | null, bound: Amount, { price }: ProviderConfig): Amount {
  if (usage === null) return bound
  return { costMicro: costOf(usage, price), tokens: usage.inputTokens + usage.outputTokens, calls: 1 }
}
