import { AgentError } from './agent.ts'
import type { Agent } from './agent.ts'
import { createPrompting } from './prompting/prompting.ts'
import type { CallPurpose } from './prompting/prompting.ts'
import { NO_LIMITS } from './providers/limits.ts'
import type { Limits } from './providers/limits.ts'
import type { Model } from './providers/model.ts'
import { createModelPool } from './providers/model-pool.ts'
import type { ProviderConfig } from './providers/provider-config.ts'
import { createSpending, unsavedRecord } from './providers/spending.ts'
import type { Spending } from './providers/spending.ts'
import { limitLength, modelLengthMax } from './text-limits.ts'

export interface OpenAiAgentOptions {
  /** OpenAI-compatible endpoints in the order in which they are tried. */
  providers: readonly ProviderConfig[]
  /** What may be spent; absent: anything, and it is not written down. */
  limits?: Limits | undefined
  spending?: Spending | undefined
  /** So many calls for verdicts to one canary, a pair whose right verdict is known; 0 for none. */
  canaryEvery?: number | undefined
  /** Whether judges see the steps of answers numbered, so that a reason can name the first wrong one. */
  markSteps?: boolean | undefined
  /** Takes what the owner should know of the model's judging. */
  log?: ((line: string) => void) | undefined
  /** First pause before a provider that is down is looked at again. */
  probeMs?: number | undefined
}

/**
 * An agent that asks models behind OpenAI-compatible endpoints: prompting/ has what they are asked, providers/ how.
 * @throws AgentError `refused` where a key cannot be read
 */
export async function createOpenAiAgent(options: OpenAiAgentOptions): Promise<Agent> {
  const { providers, limits = NO_LIMITS, spending = createSpending({ limits, ...unsavedRecord() }), probeMs } = options
  const pool = await createModelPool({ providers, limits, spending, probeMs })
  const { answering, judging } = pool
  const closing = new AbortController()
  const until = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal])
  const modelFor = ({ job }: CallPurpose): Model => {
    const model = job === 'answer' ? answering : judging
    if (model === null) throw new AgentError('unsupported-task', `no provider is there to ${job}`)
    return model
  }
  const prompting = createPrompting({
    ...options,
    concurrency: judging?.concurrency,
    complete: async (messages, signal, about) => {
      const purpose = { job: about.job, round: about.task.round, isOwn: about.task.isOwn ?? false }
      return (await modelFor(about).complete({ messages, purpose }, until(signal))).text
    },
  })
  return {
    model: limitLength((answering ?? judging)?.name ?? '', modelLengthMax),
    canAnswer: answering !== null,
    canJudge: judging !== null,
    ...prompting,
    ...(answering === null ? {} : { chat: (request, signal) => answering.stream({ ...request, purpose: { job: 'chat', round: null, isOwn: true } }, until(signal)) }),
    health: {
      providers: pool.health.providers,
      ability() {
        const { canAnswer, canJudge } = pool.health.ability()
        return { canAnswer, canJudge: canJudge && prompting.statistics().restsBecause === null }
      },
    },
    async close() {
      closing.abort(new AgentError('exited', 'the agent has been closed'))
      pool.close()
      await spending.flush()
    },
  }
}
