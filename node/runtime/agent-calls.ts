import { randomBytes } from 'node:crypto'
import { answerSchema, ballotSchema, LIMITS, type Effect, type Event } from '../../protocol/index.ts'
import { AgentError, type Agent, type AgentTask } from '../agents/agent.ts'

type AskAgent = Extract<Effect, { type: 'ask-agent' }>

/** Calls to the agent, one per round and job; each ends in one event, unless it is stopped. */
export interface AgentCalls {
  ask: (effect: AskAgent) => void
  stopOne: (round: string, job: AskAgent['job']) => void
  stop: () => void
}

/**
 * Hands tasks to the agent and its replies to the machine. A failure is reported and counts as a pass, so that nobody
 * waits for a member whose model is down.
 */
export function createAgentCalls(init: {
  agent: Agent
  dispatch: (event: Event) => void
  onError: (error: AgentError, round: string) => void
}): AgentCalls {
  const { agent, dispatch, onError } = init
  const running = new Map<string, AbortController>()

  const call = async (effect: AskAgent, signal: AbortSignal): Promise<void> => {
    const { round, job } = effect
    const answer = job === 'answer' ? await askForAnswer(agent, effect, signal) : null
    const ballot = job === 'judge' ? await askForBallot(agent, effect, signal) : null
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

async function askForAnswer(agent: Agent, effect: AskAgent, signal: AbortSignal) {
  const answer = await agent.answer(taskOf(effect), signal)
  return answer === null ? null : answerSchema.parse({ text: answer.text, value: answer.value })
}

async function askForBallot(agent: Agent, effect: AskAgent, signal: AbortSignal) {
  if (effect.job !== 'judge') return null
  const answers = effect.answers.map(({ author, content }) => ({ author, ...content }))
  const comparisons = await agent.judge({ task: taskOf(effect), answers, pairs: effect.pairs }, signal)
  const kept = comparisons.slice(0, LIMITS.comparisonsMax).map(({ left, right, verdict, reason }) => ({
    left,
    right,
    verdict,
    ...(reason === undefined ? {} : { reason: reason.slice(0, LIMITS.reasonLengthMax) }),
  }))
  return kept.length === 0 ? null : ballotSchema.parse({ comparisons: kept })
}

function taskOf({ round, task }: AskAgent): AgentTask {
  return { round, kind: task.kind, prompt: task.prompt, reference: task.reference }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
