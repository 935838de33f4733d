import { AgentError } from '../agent.ts'
import type { ChatEvent } from '../agent.ts'
import type { ProviderEvent } from './attempts.ts'
import type { Model, ModelCall, ModelReply } from './model.ts'
import { CONCURRENCY_DEFAULT } from './provider.ts'
import type { Provider } from './provider.ts'

/**
 * Several providers as one model: the first that gives a reply gives it. The next is tried where one cannot be reached, is busy, refuses,
 * or is at a limit, as long as no text has been shown.
 */
export function createFailover(providers: readonly [Provider, ...Provider[]]): Model {
  const [first] = providers

  async function* call(asked: ModelCall, isStreamed: boolean, signal: AbortSignal): AsyncGenerator<ProviderEvent, void, void> {
    const failures: AgentError[] = []
    for (const [index, provider] of providers.entries()) {
      let hasBegun = false
      try {
        for await (const event of provider.call(asked, { isStreamed, isLast: index === providers.length - 1 }, signal)) {
          hasBegun = true
          yield event
        }
        return
      } catch (error) {
        if (signal.aborted || !(error instanceof AgentError)) throw error
        failures.push(error)
        if (hasBegun) throw error
      }
    }
    throw summarise(failures, providers)
  }

  return {
    name: first.config.model,
    concurrency: first.config.concurrency ?? CONCURRENCY_DEFAULT,
    async complete(asked, signal) {
      let reply: ModelReply = { text: '', finish: 'stop', usage: null, costMicro: 0 }
      for await (const event of call(asked, false, signal)) {
        if (event.type === 'text') reply.text += event.text
        else if (event.type === 'end') reply = { ...reply, finish: event.finish, usage: event.usage }
        else reply.costMicro = event.costMicro
      }
      return reply
    },
    async *stream(asked, signal): AsyncGenerator<ChatEvent, void, void> {
      for await (const event of call(asked, true, signal)) if (event.type !== 'cost') yield event
    },
  }
}

/** One error for all: that of the only provider, or what each of several says. Limits are to blame where nothing else is. */
function summarise(failures: readonly AgentError[], providers: readonly Provider[]): AgentError {
  const [only, ...more] = failures as [AgentError, ...AgentError[]]
  if (more.length === 0) return only
  const code = failures.find((failure) => failure.code !== 'budget-refused')?.code ?? 'budget-refused'
  return new AgentError(code, failures.map(({ message }, index) => `${providers[index]?.config.id ?? ''}: ${message}`).join('; '))
}
