import { describe, expect, it } from 'vitest'
import type { Agent, AgentTask, ChatEvent, ChatRequest } from '../agents/agent.ts'
import { createSolverAgent } from '../agents/solver-agent.ts'
import type { SoloRequest } from '../service/solo.ts'
import { createSolo } from './solo.ts'

const never = new AbortController().signal
const request: SoloRequest = { kind: 'text', prompt: 'as a task', reference: 'mine', messages: [{ role: 'user', content: 'as a message' }], temperature: 0.5 }

async function all(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const seen: ChatEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

/** An agent that notes what it is asked, and can do what is said. */
function createNoting(abilities: { chats: boolean; answers: boolean }): { agent: Agent; asked: (AgentTask | ChatRequest)[] } {
  const asked: (AgentTask | ChatRequest)[] = []
  const chat = async function* (conversation: ChatRequest): AsyncGenerator<ChatEvent, void, void> {
    asked.push(conversation)
    yield { type: 'end', finish: 'length', usage: null }
  }
  const answer: Agent['answer'] = async (task) => {
    asked.push(task)
    return { text: 'an answer', value: 'its value' }
  }
  const base = createSolverAgent({ strategy: 'hasty' })
  return { agent: { ...base, canAnswer: abilities.answers, answer, ...(abilities.chats ? { chat } : {}) }, asked }
}

describe('the own agent', () => {
  it('holds the conversation where it can, and is given nothing else', async () => {
    const { agent, asked } = createNoting({ chats: true, answers: true })
    const solo = createSolo(agent)
    expect([solo.means, await all(solo.converse(request, never))]).toEqual(['chat', [{ type: 'end', finish: 'length', usage: null }]])
    expect(asked).toEqual([{ messages: request.messages, temperature: 0.5 }])
  })

  it('is put a task of its owner where it cannot, or where the kind is no text', async () => {
    for (const [chats, kind] of [[false, 'text'], [true, 'number']] as const) {
      const { agent, asked } = createNoting({ chats, answers: true })
      const solo = createSolo(agent)
      expect([solo.means, await all(solo.converse({ ...request, kind }, never))]).toEqual([
        chats ? 'chat' : 'answer',
        [{ type: 'text', text: 'an answer' }, { type: 'end', finish: 'stop', usage: null }],
      ])
      expect(asked).toEqual([{ round: expect.stringMatching(/^solo-/) as string, kind, prompt: 'as a task', reference: 'mine', isOwn: true }])
    }
  })

  it('says so where it can do neither, or has no answer', async () => {
    const { agent, asked } = createNoting({ chats: false, answers: false })
    const mute = createSolo(agent)
    expect(mute.means).toBe('none')
    for (const solo of [mute, createSolo(createSolverAgent({ strategy: 'hasty' }))]) {
      await expect(all(solo.converse(request, never))).rejects.toMatchObject({ code: 'unsupported-task', message: expect.stringContaining('solver:hasty') as string })
    }
    expect(asked).toEqual([])
  })
})
