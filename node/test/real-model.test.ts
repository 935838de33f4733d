/** A real model server: what it says is characters by chance, and all between it and the one who asks is what it is with any model. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Agent, ChatEvent } from '../agents/agent.ts'
import { createAgent, type AgentConfig } from '../agents/create-agent.ts'
import type { PeerageExtra } from '../http/facade/generation.ts'
import type { NodeStatus } from '../service.ts'
import { hasLlama, startLlamaServer, type LlamaServer, type Served } from './llama-server.ts'
import { ask, poll, startTestnet, untilAgreed, untilClosed, type Testnet, type TestNode } from './testnet-processes.ts'

const MEMBERS = 3
const TOKENS = 40

let server: LlamaServer
let testnet: Testnet
const configOf = (baseUrl: string): AgentConfig => ({ type: 'openai', baseUrl, model: 'tiny', stream: true, maxTokens: TOKENS, canaryEvery: 1 })
const nodeAt = (index: number): TestNode => testnet.nodes[index] as TestNode
const lastServed = (): Served => server.served.at(-1) as Served

/** What a model of node 0 says to OpenAI's own client. */
async function stream(model: string, content: string): Promise<{ texts: string[]; progress: string[]; usage: unknown; extra: PeerageExtra | undefined }> {
  const client = new OpenAI({ baseURL: `${nodeAt(0).client.url}/v1`, apiKey: 'none is needed', maxRetries: 0 })
  const heard = { texts: [] as string[], progress: [] as string[], usage: null as unknown, extra: undefined as PeerageExtra | undefined }
  for await (const chunk of await client.chat.completions.create({ model, messages: [{ role: 'user', content }], stream: true, stream_options: { include_usage: true } })) {
    const delta = (chunk.choices[0]?.delta ?? {}) as { content?: string | null; reasoning_content?: string }
    if (delta.content) heard.texts.push(delta.content)
    if (delta.reasoning_content) heard.progress.push(delta.reasoning_content)
    heard.usage = chunk.usage ?? heard.usage
    heard.extra = (chunk as { peerage?: PeerageExtra }).peerage ?? heard.extra
  }
  return heard
}

const spokenText = ({ pieces }: Served): string => pieces.join('')

describe.skipIf(!hasLlama)('a real model (skipped where PEERAGE_LLAMA names no folder with node-llama-cpp)', () => {
  beforeAll(async () => {
    server = await startLlamaServer()
    testnet = await startTestnet({ nodes: MEMBERS, agentOf: () => configOf(server.baseUrl) })
  }, 120_000)
  afterAll(async () => {
    await testnet?.stop()
    await server?.close()
  })

  it('streams its tokens through the agent as they come, and their count', async () => {
    const agent: Agent = await createAgent(configOf(server.baseUrl))
    const events: ChatEvent[] = []
    const ahead: number[] = []
    for await (const event of agent.chat?.({ messages: [{ role: 'user', content: 'Say something.' }] }, new AbortController().signal) ?? []) {
      if (event.type === 'text') ahead.push(lastServed().ended === 'running' ? 1 : 0)
      events.push(event)
    }
    const texts = events.flatMap((event) => (event.type === 'text' ? [event.text] : []))
    expect(texts.join('')).toBe(spokenText(lastServed()))
    expect(texts.length).toBeGreaterThan(10)
    expect(ahead[0]).toBe(1)
    expect(events.at(-1)).toMatchObject({ type: 'end', finish: 'length', usage: { outputTokens: TOKENS } })
    await agent.close()
  })

  it('stops speaking when nobody listens any more', async () => {
    const agent: Agent = await createAgent({ ...configOf(server.baseUrl), maxTokens: 5_000 } as AgentConfig)
    for await (const { type } of agent.chat?.({ messages: [{ role: 'user', content: 'Say much.' }] }, new AbortController().signal) ?? []) if (type === 'text') break
    const served = lastServed()
    await poll('the model stops', 10_000, async () => served.ended, (ended) => ended === 'cancelled')
    expect(served.outputTokens).toBeLessThan(2_500)
    await agent.close()
  })

  it("streams through a node's own API to OpenAI's client, as peerage/solo", async () => {
    const { texts, usage } = await stream('peerage/solo', 'Who are you?')
    expect(texts.join('')).toBe(spokenText(lastServed()))
    expect(texts.length).toBeGreaterThan(10)
    expect(usage).toMatchObject({ completion_tokens: TOKENS })
  })

  it("streams a rated round to OpenAI's client: what happens, then the answer of the winner", async () => {
    const { texts, progress, extra } = await stream('peerage', 'Which is heavier, a kilogram of feathers or a pound of lead?')
    expect(progress.length).toBeGreaterThan(2)
    expect(server.served.map(spokenText)).toContain(texts.join(''))
    expect(extra).toMatchObject({ mode: 'round', rated: true, winner: { name: expect.any(String) } })
    expect(extra?.ranking.length).toBe(MEMBERS)
  }, 120_000)

  it('answers and judges rounds of three nodes: they close, garbage verdicts are abstentions, and the judges come to rest', async () => {
    for (const asker of [nodeAt(1), nodeAt(2)]) {
      const id = await ask(asker, { prompt: 'Which is heavier, a kilogram of feathers or a pound of lead?', kind: 'text', answerMs: 60_000, judgeMs: 60_000 })
      const closed = await untilClosed(nodeAt(0), id, 120_000)
      expect(closed.answers.map(({ text }) => server.served.some((served) => spokenText(served) === text))).toEqual([true, true, true])
      expect([closed.comparisons, closed.winner !== null]).toEqual([[], true])
    }
    await untilAgreed(testnet.nodes)
    for (const { client } of testnet.nodes) {
      const { agent, health } = await client.get<NodeStatus>('status')
      expect(agent?.verdicts).toMatchObject({ clear: 0, failed: 0 })
      expect([(agent?.verdicts.unclear ?? 0) > 0, (agent?.canaries.asked ?? 0) >= 4, agent?.canaries.failed]).toEqual([true, true, agent?.canaries.asked])
      expect(health).toContain(agent?.restsBecause)
    }
  }, 240_000)
})
