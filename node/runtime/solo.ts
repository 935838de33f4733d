import { randomUUID } from 'node:crypto'
import { AgentError, type Agent, type ChatEvent } from '../agents/agent.ts'
import type { Solo, SoloRequest } from '../service/solo.ts'

/** The owner's way to the node's own agent, past the network. */
export function createSolo(agent: Agent): Solo {
  const means = agent.chat !== undefined ? 'chat' : agent.canAnswer ? 'answer' : 'none'
  return {
    means,
    converse({ kind, prompt, reference, ...request }, signal) {
      if (agent.chat !== undefined && kind === 'text') return agent.chat(request, signal)
      return answerTask(agent, { kind, prompt, reference }, signal)
    },
  }
}

async function* answerTask(agent: Agent, { kind, prompt, reference }: Pick<SoloRequest, 'kind' | 'prompt' | 'reference'>, signal: AbortSignal): AsyncGenerator<ChatEvent, void, void> {
  const answer = agent.canAnswer ? await agent.answer({ round: `solo-${randomUUID()}`, kind, prompt, reference, isOwn: true }, signal) : null
  if (answer === null) throw new AgentError('unsupported-task', `The agent of this node (${agent.model}) has no answer to this ${kind} task${agent.chat === undefined ? ', and it does not hold conversations' : ''}.`)
  yield { type: 'text', text: answer.text }
  yield { type: 'end', finish: 'stop', usage: null }
}
