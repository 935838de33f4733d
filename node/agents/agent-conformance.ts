import { expect, it } from 'vitest'
import type { Agent, AgentTask, JudgeRequest } from './agent.ts'

/** How to try one implementation of Agent. Each `create` makes a fresh agent; the suite closes it. */
export interface AgentTrial {
  create: () => Agent | Promise<Agent>
  /** A task that the agent answers, a request that it judges with at least one comparison. */
  task: AgentTask
  request: JudgeRequest
  /** A task and a request from which it abstains. Null for an agent that never does. */
  abstains: { task: AgentTask; request: JudgeRequest } | null
  /** Where calls would end before they can be aborted: slow ones. */
  slow?: { create: () => Agent | Promise<Agent>; task: AgentTask; request: JudgeRequest }
}

const never = (): AbortSignal => new AbortController().signal

async function use(create: AgentTrial['create'], body: (agent: Agent) => Promise<void>): Promise<void> {
  const agent = await create()
  try {
    await body(agent)
  } finally {
    await agent.close()
  }
}

/** The laws of the interface Agent, run by every implementation. */
export function describeAgentConformance(trial: AgentTrial): void {
  describeReplies(trial)
  describeAbstention(trial)
  describeEnding(trial)
}

function describeReplies(trial: AgentTrial): void {
  it('names its model in at most 100 characters', () =>
    use(trial.create, (agent) => {
      expect(agent.model.length > 0 && agent.model.length <= 100).toBe(true)
      return Promise.resolve()
    }))

  it('answers with text and value within the limits', () =>
    use(trial.create, async (agent) => {
      expect(agent.canAnswer).toBe(true)
      const answer = await agent.answer(trial.task, never())
      expect(typeof answer?.text).toBe('string')
      expect(Buffer.byteLength(answer?.text ?? '')).toBeLessThanOrEqual(65_536)
      expect(answer?.value === null || typeof answer?.value === 'string').toBe(true)
    }))

  it('judges only pairs it was asked for, in either order', () =>
    use(trial.create, async (agent) => {
      expect(agent.canJudge).toBe(true)
      const comparisons = await agent.judge(trial.request, never())
      expect(comparisons.length).toBeGreaterThan(0)
      const { answers, pairs } = trial.request
      for (const { left, right, verdict, reason } of comparisons) {
        expect(left !== right && left in answers && right in answers).toBe(true)
        expect(['left', 'right', 'tie']).toContain(verdict)
        expect((reason ?? '').length).toBeLessThanOrEqual(280)
        const asked = pairs.some((pair) => (pair.left === left && pair.right === right) || (pair.left === right && pair.right === left))
        expect(pairs.length === 0 || asked).toBe(true)
      }
    }))

  it('judges nothing where there are no two answers', () =>
    use(trial.create, async (agent) => {
      expect(await agent.judge({ ...trial.request, answers: trial.request.answers.slice(0, 1), pairs: [] }, never())).toEqual([])
    }))
}

function describeAbstention(trial: AgentTrial): void {
  it('abstains by null and by an empty list', async () => {
    const { abstains } = trial
    if (abstains === null) return expect(trial.abstains).toBeNull()
    return use(trial.create, async (agent) => {
      expect(await agent.answer(abstains.task, never())).toBeNull()
      expect(await agent.judge(abstains.request, never())).toEqual([])
    })
  })
}

function describeEnding(trial: AgentTrial): void {
  it('rejects with the reason of a signal that has aborted already', () =>
    use(trial.create, async (agent) => {
      const reason = new Error('no longer wanted')
      await expect(agent.answer(trial.task, AbortSignal.abort(reason))).rejects.toBe(reason)
      await expect(agent.judge(trial.request, AbortSignal.abort(reason))).rejects.toBe(reason)
    }))

  const slow = trial.slow
  if (slow !== undefined) {
    it('rejects promptly with the reason when the signal aborts', () =>
      use(slow.create, async (agent) => {
        for (const call of [(signal: AbortSignal) => agent.answer(slow.task, signal), (signal: AbortSignal) => agent.judge(slow.request, signal)]) {
          const controller = new AbortController()
          const reason = new Error('no longer wanted')
          const outcome = expect(call(controller.signal)).rejects.toBe(reason)
          await new Promise((resolve) => setTimeout(resolve, 30))
          const aborted = performance.now()
          controller.abort(reason)
          await outcome
          expect(performance.now() - aborted).toBeLessThan(1_000)
        }
      }))
  }

  it('closes twice without complaint', async () => {
    const agent = await trial.create()
    await agent.close()
    await agent.close()
  })
}
