import { AgentError } from '../agent.ts'
import type { AgentHealth } from '../agent.ts'
import { createFailover } from './failover.ts'
import type { Limits } from './limits.ts'
import type { Model } from './model.ts'
import { createProvider } from './provider.ts'
import type { Provider } from './provider.ts'
import { PROVIDER_ROLES } from './provider-config.ts'
import type { ProviderConfig, ProviderRole } from './provider-config.ts'
import type { ProviderStatus } from './provider-status.ts'
import type { Spending } from './spending.ts'

/** The models that a node answers and judges with, and how they are. */
export interface ModelPool {
  /** Null where no provider is there for it. */
  answering: Model | null
  judging: Model | null
  health: AgentHealth
  close(): void
}

export interface ModelPoolInit {
  providers: readonly ProviderConfig[]
  limits: Limits
  spending: Spending
  probeMs?: number | undefined
}

/** @throws AgentError `refused` where a key cannot be read; its message names the provider */
export async function createModelPool({ providers: configs, limits, spending, probeMs }: ModelPoolInit): Promise<ModelPool> {
  const providers = await Promise.all(configs.map((config) => createNamed({ config, limits, spending, probeMs })))
  const rolesOf = ({ config }: Provider): readonly ProviderRole[] => config.roles ?? PROVIDER_ROLES
  const thereFor = (role: ProviderRole): Provider[] => providers.filter((provider) => rolesOf(provider).includes(role))
  const modelFor = (role: ProviderRole): Model | null => {
    const [first, ...others] = thereFor(role)
    return first === undefined ? null : createFailover([first, ...others])
  }
  // What is set aside for a call under way may be all that a limit has left: that call is still worth to be waited for.
  const isOfUse = (provider: Provider): boolean => {
    const state = provider.hindrance(true)?.state
    return state === undefined || (state === 'over-limit' && provider.running > 0)
  }
  const isAble = (role: ProviderRole): boolean => thereFor(role).some(isOfUse)
  const describe = (provider: Provider): ProviderStatus => {
    const { id, model } = provider.config
    const { state, reason } = provider.hindrance(false) ?? { state: 'ok' as const, reason: null }
    const { running, waiting } = provider
    return { id, model, roles: [...rolesOf(provider)], state, reason, running, waiting, today: { ...spending.today(id) }, currency: limits.currency }
  }
  return {
    answering: modelFor('answer'),
    judging: modelFor('judge'),
    health: {
      ability: () => ({ canAnswer: isAble('answer'), canJudge: isAble('judge') }),
      providers: () => providers.map(describe),
    },
    close: () => providers.forEach((provider) => provider.close()),
  }
}

async function createNamed(init: Parameters<typeof createProvider>[0]): Promise<Provider> {
  return createProvider(init).catch((error: unknown) => {
    throw error instanceof AgentError ? new AgentError(error.code, `provider ${init.config.id}: ${error.message}`) : error
  })
}
