import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Agent } from '../agents/agent.ts'
import { createOpenAiAgent } from '../agents/openai.ts'
import { sayJson, startChatServer, type ChatServer } from '../agents/openai-fixture.ts'
import { readQuestion, sayVerdict } from '../agents/prompting/judge-fixture.ts'
import { limitsSchema } from '../agents/providers/limits.ts'
import type { RoundDetail } from '../service.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from '../test/memory-network.ts'

let server: ChatServer
let network: MemoryNetwork
/** How long the model takes. */
let paceMs = 0
beforeAll(async () => {
  server = await startChatServer()
  server.behave((seen, response, count) => {
    const question = readQuestion(seen.body.messages)
    const say = sayJson(question !== null ? sayVerdict(question, 'tie') : 'It is 42.\nFINAL ANSWER: 42', [100, 20])
    void sleep(paceMs).then(() => say(seen, response, count))
  })
})
afterAll(() => server.close())

const createLimited = (limits: object): Promise<Agent> =>
  createOpenAiAgent({ providers: [{ id: 'small', baseUrl: server.baseUrl, model: 'small' }], limits: limitsSchema.parse(limits), canaryEvery: 0 })

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

describe('a node whose model is behind limits', () => {
  beforeAll(async () => {
    network = await startMemoryNetwork([await createLimited({ othersPerDay: { calls: 1 }, perRound: { calls: 3 } }), createScriptedAgent('42'), createScriptedAgent('41')])
  })
  afterAll(() => network.stop())

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
})

describe('a node that others have used up what they may have of', () => {
  beforeAll(async () => {
    network = await startMemoryNetwork([await createLimited({ othersPerDay: { calls: 0 } }), ...['42', '41', '40'].map(createScriptedAgent)])
    await vi.waitFor(() => nodeAt(1).service.peers().forEach((peer) => expect(peer.present).toBe(true)))
  })
  afterAll(() => network.stop())

  it('passes at once in rounds of others, and is not benched for it', async () => {
    const { member } = nodeAt(0)
    for (let count = 0; count < 3; count++) {
      const round = await play(nodeAt(1))
      expect([spoke(round), refusals(round.round).length]).toEqual([[false, false], 2])
      // Far below the time that members have to answer and to judge.
      for (const { durationMs } of round.timings) expect(durationMs).toBeLessThan(4_000)
    }
    expect(nodeAt(1).machine.ledger.members[member]).toMatchObject({ benchedUntil: 0, judgeBenchedUntil: 0 })
    expect(nodeAt(1).service.peers().find(({ memberId }) => memberId === member)).toMatchObject({ canAnswer: true, canJudge: true })
  })

  it('is waited for in the rounds of its owner, where a quorum could go on without it', async () => {
    paceMs = 300
    onTestFinished(() => void (paceMs = 0))
    const own = await play(nodeAt(0))
    expect([spoke(own), own.answers.length, refusals(own.round)]).toEqual([[true, true], 4, []])
  })
})
