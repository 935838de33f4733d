import { randomBytes } from 'node:crypto'
import { answerSchema, ballotSchema, LIMITS, type Effect, type Event } from '../../protocol/index.ts'
import { AgentError, type Agent, type AgentTask } from '../agents/agent.ts'
import type { Limits } from '../agents/providers/limits.ts'

type AskAgent = Extract<Effect, { type: 'ask-agent' }>

/** Calls to the agent, one per round and job; each ends in one event, unless it is stopped. */
export interface AgentCalls {
  ask: (effect: AskAgent) => void
  stopOne: (round: string, job: AskAgent['job']) => void
  stop: () => void
}

export interface AgentCallsInit {
  agent: Agent
  /** Whose rounds it answers and judges besides its owner's. */
  askers: Readonly<Limits['askers']>
  /** Who asked a round; null where that is not known. */
  askerOf: (round: string) => string | null
  self: string
  dispatch: (event: Event) => void
  onError: (error: AgentError, round: string) => void
}

/**
 * Hands tasks to the agent and its replies to the machine. A failure is reported and counts as a pass, so that nobody
 * waits for a member whose model is down or whose owner wants to spend no more.
 */
export function createAgentCalls({ agent, askers, askerOf, self, dispatch, onError }: AgentCallsInit): AgentCalls {
  const running = new Map<string, AbortController>()

  const call = async (effect: AskAgent, signal: AbortSignal): Promise<void> => {
    const { round, job } = effect
    const asker = askerOf(round)
    const isOwn = asker === self
    if (!isOwn && !mayAsk(asker, askers)) throw new AgentError('budget-refused', 'the limits of this node say that it works on no rounds of this asker')
    const task: AgentTask = { round, kind: effect.task.kind, prompt: effect.task.prompt, reference: effect.task.reference, isOwn }
    const answer = effect.job === 'answer' ? await askForAnswer(agent, task, signal) : null
    const ballot = effect.job === 'judge' ? await askForBallot(agent, task, effect, signal) : null
    if (signal.aborted) return
    const salt = new Uint8Array(randomBytes(32))
    dispatch(job === 'answer' ? { type: 'answered', round, answer, salt } : { type: 'judged', round, ballot, salt })
  }

  return {
    ask(effect) {
      const { round, job } = effect
      const key = `${round}/${job}`
      if (running.has(key)) return
      const controller = new AbortController()
      running.set(key, controller)
      call(effect, controller.signal)
        .catch((error: unknown) => {
          if (controller.signal.aborted) return
          onError(error instanceof AgentError ? error : new AgentError('malformed-reply', messageOf(error), { cause: error }), round)
          const salt = new Uint8Array(randomBytes(32))
          dispatch(job === 'answer' ? { type: 'answered', round, answer: null, salt } : { type: 'judged', round, ballot: null, salt })
        })
        .finally(() => running.delete(key))
    },
    stopOne: (round, job) => running.get(`${round}/${job}`)?.abort(new Error('the phase is over')),
    stop() {
      for (const controller of running.values()) controller.abort(new Error('the node stops'))
    },
  }
}

function mayAsk(asker: string | null, askers: AgentCallsInit['askers']): boolean {
  return askers === 'anyone' || (askers !== 'self' && asker !== null && askers.includes(asker))
}

async function askForAnswer(agent: Agent, task: AgentTask, signal: AbortSignal) {
  const answer = await agent.answer(task, signal)
  return answer === null ? null : answerSchema.parse({ text: answer.text, value: answer.value })
}

async function askForBallot(agent: Agent, task: AgentTask, effect: Extract<AskAgent, { job: 'judge' }>, signal: AbortSignal) {
  const answers = effect.answers.map(({ author, content }) => ({ author, ...content }))
  const comparisons = await agent.judge({ task, answers, pairs: effect.pairs }, signal)
  const kept = comparisons.slice(0, LIMITS.comparisonsMax).map(({ left, right, verdict, reason }) => ({
    left,
    right,
    verdict,
    ...(reason === undefined ? {} : { reason: reason.slice(0, LIMITS.reasonLengthMax) }),
  }))
  return kept.length === 0 ? null : ballotSchema.parse({ comparisons: kept })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
