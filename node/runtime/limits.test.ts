import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createOpenAiAgent } from '../agents/openai.ts'
import { sayJson, startChatServer, type ChatServer } from '../agents/openai-fixture.ts'
import { readQuestion, sayVerdict } from '../agents/prompting/judge-fixture.ts'
import { limitsSchema } from '../agents/providers/limits.ts'
import type { RoundDetail } from '../service.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from '../test/memory-network.ts'

/** The first node has a model behind limits; the others answer without one. */
let server: ChatServer
let network: MemoryNetwork
beforeAll(async () => {
  server = await startChatServer()
  server.behave((seen, response, count) => {
    const question = readQuestion(seen.body.messages)
    sayJson(question !== null ? sayVerdict(question, 'tie') : 'It is 42.\nFINAL ANSWER: 42', [100, 20])(seen, response, count)
  })
  const limits = limitsSchema.parse({ othersPerDay: { calls: 1 }, perRound: { calls: 3 } })
  const limited = await createOpenAiAgent({ providers: [{ id: 'small', baseUrl: server.baseUrl, model: 'small' }], limits, canaryEvery: 0 })
  network = await startMemoryNetwork([limited, createScriptedAgent('42'), createScriptedAgent('41')])
})
afterAll(async () => {
  await network.stop()
  await server.close()
})

const nodeAt = (index: number): MemoryNode => network.nodes[index] as MemoryNode

async function play(asker: MemoryNode): Promise<RoundDetail> {
  const { round } = await asker.service.ask({ prompt: '6 x 7', kind: 'number', answerMs: 5_000, judgeMs: 5_000 })
  await vi.waitFor(async () => {
    for (const { service } of network.nodes) expect((await service.round(round))?.status).toBe('closed')
  }, { timeout: 20_000, interval: 20 })
  return (await nodeAt(0).service.round(round)) as RoundDetail
}
const spoke = ({ answers, comparisons }: RoundDetail): [answered: boolean, judged: boolean] => {
  const { member } = nodeAt(0)
  return [answers.some((answer) => answer.member === member), comparisons.some(({ judge }) => judge === member)]
}
const refusals = (round: string): unknown[] => nodeAt(0).events.filter((event) => event.type === 'agent-error' && event.code === 'budget-refused' && event.round === round)

it('a limit ends what a node does in rounds of others: it passes, says so, and the round closes without it', async () => {
  const first = await play(nodeAt(1))
  expect(spoke(first)).toEqual([true, false])
  expect(refusals(first.round)).toHaveLength(1)
  const second = await play(nodeAt(1))
  expect(spoke(second)).toEqual([false, false])
  expect(second.winner).not.toBeNull()
  expect([refusals(second.round).length, server.seen.length]).toEqual([2, 1])
})

it('the rounds of its owner have what is left, up to the limit of a round', async () => {
  const calls = server.seen.length
  const own = await play(nodeAt(0))
  expect(spoke(own)).toEqual([true, true])
  expect(server.seen.length - calls).toBe(3)
})
