import { AgentError } from '../agent.ts'
import type { AgentErrorCode } from '../agent.ts'
import { loadSecret } from '../secret.ts'
import { attemptCall, chargeOf } from './attempts.ts'
import type { CallManner, ProviderEvent } from './attempts.ts'
import { createBreaker } from './breaker.ts'
import type { BreakerInit, Trouble } from './breaker.ts'
import type { Endpoint } from './exchange.ts'
import { createGate } from './gate.ts'
import { limitsLength } from './limits.ts'
import type { Limits } from './limits.ts'
import { listModels } from './list-models.ts'
import { boundOf, outputTokensDefault } from './metering.ts'
import type { ModelCall } from './model.ts'
import type { ProviderConfig } from './provider-config.ts'
import type { Spending } from './spending.ts'

/** One endpoint behind its queue, its limits and its fuse. */
export interface Provider {
  readonly config: ProviderConfig
  readonly running: number
  readonly waiting: number
  /** What keeps it from being called now, for a round of its owner or for one of others; null: nothing. */
  hindrance(isOwn: boolean): Hindrance | null
  /** The reply and what it cost: its text as it comes, or all at once. Throws AgentError, or the signal's reason. */
  call(call: ModelCall, manner: CallManner, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void>
  close(): void
}

export interface Hindrance {
  state: 'down' | 'rate-limited' | 'busy' | 'over-limit'
  /** For people. */
  reason: string
}

export interface ProviderInit {
  config: ProviderConfig
  limits: Limits
  spending: Spending
  /** First pause before a provider that is down is looked at again. */
  probeMs?: number | undefined
}

export const CONCURRENCY_DEFAULT = 2
const WAITING_MAX_DEFAULT = 64

const CODE_OF_TROUBLE: Readonly<Record<Trouble['kind'], AgentErrorCode>> = { down: 'unreachable', refusing: 'refused', 'rate-limited': 'rate-limited' }

const PROBE_MS_DEFAULT = 1_000
const PROBE_MS_MAX = 60_000
const PROBE_TIMEOUT_MS = 5_000

/** A prompt of usual length: there has to be room for one, for a provider to count as able. */
const USUAL_PROMPT = [{ role: 'user' as const, content: ' '.repeat(2_000) }]

/** Nothing was spent in it yet; no round has this id. */
const NEW_ROUND = ''

/** @throws AgentError `refused` where the key cannot be read */
export async function createProvider({ config, limits, spending, probeMs = PROBE_MS_DEFAULT }: ProviderInit): Promise<Provider> {
  const endpoint = await createEndpoint(config)
  const { concurrency = CONCURRENCY_DEFAULT, waitingMax = WAITING_MAX_DEFAULT } = config
  const gate = createGate({ concurrency, waitingMax })
  const probe: BreakerInit['probe'] = async (kind) => {
    const { isThere, isUp } = await listModels(endpoint, AbortSignal.timeout(PROBE_TIMEOUT_MS))
    return kind === 'refusing' ? isThere : isUp
  }
  const breaker = createBreaker({ probe, pauseMs: probeMs, pauseMsMax: PROBE_MS_MAX })
  return {
    config,
    get running() {
      return gate.running
    },
    get waiting() {
      return gate.waiting
    },
    hindrance(isOwn) {
      const { trouble } = breaker
      if (trouble !== null) return { state: trouble.kind === 'refusing' ? 'down' : trouble.kind, reason: trouble.message }
      if (gate.running >= concurrency && gate.waiting >= waitingMax) return { state: 'busy', reason: `${gate.running} calls are under way and ${gate.waiting} wait` }
      const bound = boundOf({ messages: USUAL_PROMPT, maxTokens: limitTokens(config, limits, undefined) }, config.price)
      const refusal = spending.refusal(chargeOf(config, { job: 'answer', round: NEW_ROUND, isOwn }, bound))
      return refusal === null ? null : { state: 'over-limit', reason: refusal }
    },
    async *call(asked, manner, signal) {
      const { trouble } = breaker
      if (trouble !== null) throw new AgentError(CODE_OF_TROUBLE[trouble.kind], `not called: ${trouble.message}`)
      const call = complete(asked, config, limits)
      assertRoomForOthers(call, config, spending)
      const leave = await gate.enter(signal, call.purpose.isOwn)
      try {
        yield* attemptCall({ config, endpoint, spending, breaker }, call, manner, signal)
      } finally {
        leave()
      }
    },
    close: () => breaker.close(),
  }
}

/**
 * Says at once, and not only when a place in line has come free, that others have used up what they may have: peers wait for the pass.
 * Where calls for others are under way, these may leave some of what is set aside for them.
 *
 * @throws AgentError `budget-refused`
 */
function assertRoomForOthers({ purpose, ...call }: ModelCall, config: ProviderConfig, spending: Spending): void {
  if (purpose.isOwn || spending.servesOthers()) return
  const refusalFor = (isOwn: boolean): string | null => spending.refusal(chargeOf(config, { ...purpose, isOwn }, boundOf(call, config.price)))
  const refusal = refusalFor(true) === null ? refusalFor(false) : null
  if (refusal !== null) throw new AgentError('budget-refused', refusal)
}

/** A call with what the configuration adds to it. */
function complete(asked: ModelCall, config: ProviderConfig, limits: Limits): ModelCall {
  const maxTokens = limitTokens(config, limits, asked.maxTokens)
  const temperature = asked.temperature ?? config.temperature
  return { ...asked, ...(maxTokens === undefined ? {} : { maxTokens }), ...(temperature === undefined ? {} : { temperature }) }
}

/** How long a reply may get: what was asked for, within what the provider allows. Where a limit depends on it there has to be a bound. */
function limitTokens({ maxTokens, perDay = {} }: ProviderConfig, limits: Limits, asked: number | undefined): number | undefined {
  const isMetered = limitsLength(limits.perRound, limits.perDay, limits.othersPerDay, perDay)
  const own = maxTokens ?? (isMetered ? outputTokensDefault : undefined)
  return asked === undefined || own === undefined ? (asked ?? own) : Math.min(asked, own)
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
