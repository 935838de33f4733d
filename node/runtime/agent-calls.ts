import { randomBytes } from 'node:crypto'
import { answerSchema, ballotSchema, gradesSchema, LIMITS, type Effect, type Event, type GradesContent } from '../../protocol/index.ts'
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
    const { round } = effect
    const asker = askerOf(round)
    const isOwn = asker === self
    if (!isOwn && !mayAsk(asker, askers)) throw new AgentError('budget-refused', 'the limits of this node say that it works on no rounds of this asker')
    const task: AgentTask = { round, kind: effect.task.kind, prompt: effect.task.prompt, reference: effect.task.reference, isOwn }
    const said = await askAgent(agent, task, effect, signal)
    if (!signal.aborted) dispatch(said)
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
          dispatch(pass(effect))
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

function freshSalt(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

async function askAgent(agent: Agent, task: AgentTask, effect: AskAgent, signal: AbortSignal): Promise<Event> {
  const { round } = effect
  switch (effect.job) {
    case 'answer':
      return { type: 'answered', round, answer: await askForAnswer(agent, task, signal), salt: freshSalt() }
    case 'judge':
      return { type: 'judged', round, ballot: await askForBallot(agent, task, effect, signal), salt: freshSalt() }
    case 'grade':
      return { type: 'graded', round, grades: await askForGrades(agent, task, effect, signal), salt: freshSalt() }
  }
}

function pass({ job, round }: AskAgent): Event {
  const salt = freshSalt()
  switch (job) {
    case 'answer':
      return { type: 'answered', round, answer: null, salt }
    case 'judge':
      return { type: 'judged', round, ballot: null, salt }
    case 'grade':
      return { type: 'graded', round, grades: null, salt }
  }
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

async function askForGrades(agent: Agent, task: AgentTask, { answers, draws }: Extract<AskAgent, { job: 'grade' }>, signal: AbortSignal): Promise<GradesContent | null> {
  const grades = (await agent.grade?.({ task, answers, draws }, signal)) ?? []
  if (grades.length === 0) return null
  if (grades.length !== answers.length) throw new AgentError('malformed-reply', `the agent graded ${grades.length} of ${answers.length} answers`)
  return gradesSchema.parse({ grades: grades.map((each) => each.slice(0, draws).map((grade) => Math.round(grade * 1_000_000))) })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
