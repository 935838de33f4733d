import { sleep } from '../abort.ts'
import { AgentError } from '../agent.ts'
import type { ChatEvent } from '../agent.ts'
import { loadSecret } from '../secret.ts'
import { createBreaker } from './breaker.ts'
import { exchange, ExchangeError } from './exchange.ts'
import type { Endpoint } from './exchange.ts'
import { createGate } from './gate.ts'
import { listModels } from './list-models.ts'
import { limitsLength } from './limits.ts'
import type { Limits } from './limits.ts'
import { boundOf, costOf, outputTokensDefault } from './metering.ts'
import type { ModelCall, TokenUsage } from './model.ts'
import type { ProviderConfig } from './provider-config.ts'
import type { Charge, Spending } from './spending.ts'
import type { Amount } from './spending-record.ts'

/** One endpoint behind its queue, its limits and its fuse. */
export interface Provider {
  readonly config: ProviderConfig
  readonly running: number
  readonly waiting: number
  /** What keeps it from being called for others' rounds now; null: nothing. */
  hindrance(): Hindrance | null
  /**
   * The reply and what it cost: its text as it comes, or all at once. Attempts that fail before any text was given are repeated.
   * @throws AgentError, or the signal's reason
   */
  call(call: ModelCall, how: CallManner, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void>
  close(): void
}

export interface CallManner {
  /** Whether nobody takes over: then it is worth to wait longer. */
  isLast: boolean
  /** Whether the text is wanted as it comes. */
  isStreamed: boolean
}

export interface Hindrance {
  state: 'down' | 'rate-limited' | 'busy' | 'over-limit'
  /** The end of a sentence that begins with the provider's id. */
  reason: string
}

export type ProviderEvent = ChatEvent | { type: 'cost'; costMicro: number }

export interface ProviderInit {
  config: ProviderConfig
  limits: Limits
  spending: Spending
  /** First pause before a provider that is down is looked at again. */
  probeMs?: number | undefined
}

export const CONCURRENCY_DEFAULT = 2
const WAITING_MAX_DEFAULT = 64

/** A server that asks for a longer pause than this is not waited for. */
const RETRY_AFTER_MS_MAX = 60_000
const PROBE_TIMEOUT_MS = 5_000
const PROBE_PAUSE_MS_MAX = 60_000

/** A prompt of usual length: there has to be room for one, for a provider to count as able. */
const USUAL_PROMPT_BYTES = 2_000

/** @throws AgentError `refused` where the key cannot be read */
export async function createProvider(init: ProviderInit): Promise<Provider> {
  const { config, limits, spending } = init
  const endpoint = await createEndpoint(config)
  const { concurrency = CONCURRENCY_DEFAULT, waitingMax = WAITING_MAX_DEFAULT, attemptsMax = 4, retryMs = 500 } = config
  const gate = createGate({ concurrency, waitingMax })
  const probe = async (): Promise<boolean> => (await listModels(endpoint, AbortSignal.timeout(PROBE_TIMEOUT_MS))).isThere
  const breaker = createBreaker({ probe, pauseMs: init.probeMs ?? 1_000, pauseMsMax: PROBE_PAUSE_MS_MAX })
  const isMetered = limitsLength(limits.perRound, limits.perDay, limits.othersPerDay, config.perDay ?? {})
  const limitTokens = (asked: number | undefined): number | undefined => {
    const own = config.maxTokens ?? (isMetered ? outputTokensDefault : undefined)
    return asked === undefined || own === undefined ? (asked ?? own) : Math.min(asked, own)
  }
  const chargeOf = ({ round, isOwn }: ModelCall['purpose'], amount: Amount): Charge => ({ provider: config.id, providerPerDay: config.perDay ?? {}, round, isOwn, amount })

  /** One attempt: reserved before, settled after. */
  async function* attempt(call: ModelCall, isStreamed: boolean, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void> {
    const bound = boundOf(call, config.price)
    const { settle } = await spending.reserve(chargeOf(call.purpose, bound))
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

  async function* attempts(call: ModelCall, { isLast, isStreamed }: CallManner, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void> {
    const [most, waitMsMax] = isLast ? [attemptsMax, RETRY_AFTER_MS_MAX] : [Math.min(attemptsMax, 2), 1_000]
    for (let count = 1; ; count++) {
      let hasBegun = false
      try {
        for await (const event of attempt(call, isStreamed, signal)) {
          hasBegun = true
          yield event
        }
        return breaker.succeed()
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error
        const backoffMs = Math.max(retryMs * 2 ** (count - 1) * (0.5 + Math.random() / 2), error.retryAfterMs ?? 0)
        if (hasBegun || error.retryAfterMs === null || error.retryAfterMs > waitMsMax || count >= most) {
          if (error.trouble !== 'call') breaker.fail(error.trouble, error.message, error.retryAfterMs ?? 0)
          throw error
        }
        await sleep(backoffMs, signal)
      }
    }
  }

  return {
    config,
    get running() {
      return gate.running
    },
    get waiting() {
      return gate.waiting
    },
    hindrance() {
      const { trouble } = breaker
      if (trouble !== null) return { state: trouble.kind, reason: trouble.message }
      if (gate.running >= concurrency && gate.waiting >= waitingMax) return { state: 'busy', reason: `has ${gate.running} calls under way, and ${gate.waiting} wait` }
      const usual = { messages: [{ role: 'user' as const, content: ' '.repeat(USUAL_PROMPT_BYTES) }], maxTokens: limitTokens(undefined) }
      const refusal = spending.refusal(chargeOf({ job: 'answer', round: null, isOwn: false }, boundOf(usual, config.price)))
      return refusal === null ? null : { state: 'over-limit', reason: refusal }
    },
    async *call(asked, how, signal) {
      const maxTokens = limitTokens(asked.maxTokens)
      const temperature = asked.temperature ?? config.temperature
      const call = { ...asked, ...(maxTokens === undefined ? {} : { maxTokens }), ...(temperature === undefined ? {} : { temperature }) }
      const { trouble } = breaker
      if (trouble !== null && call.purpose.job !== 'test') throw new AgentError(trouble.kind === 'down' ? 'unreachable' : 'rate-limited', `not called: ${trouble.message}`)
      const leave = await gate.enter(signal, call.purpose.isOwn)
      try {
        yield* attempts(call, how, signal)
      } finally {
        leave()
      }
    },
    close: () => breaker.close(),
  }
}

async function createEndpoint(config: ProviderConfig): Promise<Endpoint> {
  return {
    baseUrl: config.baseUrl,
    model: config.model,
    secret: await loadSecret(config),
    stream: config.stream ?? false,
    timeoutMs: config.timeoutMs ?? 120_000,
    replyBytesMax: config.replyBytesMax ?? 2_000_000,
    dialect: { limitField: 'max_tokens', includesUsage: true },
  }
}

function spentOf(usage: TokenUsage | null, bound: Amount, { price }: ProviderConfig): Amount {
  if (usage === null) return bound
  return { costMicro: costOf(usage, price), tokens: usage.inputTokens + usage.outputTokens, calls: 1 }
}
