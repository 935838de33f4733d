import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Agent } from '../agents/agent.ts'
import type { RoundDetail } from '../service.ts'
import { createScriptedAgent, startMemoryNetwork, type MemoryNetwork, type MemoryNode } from './memory-network.ts'

/** Finds that 42 is right, each time a little differently, and that all else is half as good. */
function createGradingAgent(value: string, lenience: number): Agent {
  let calls = 0
  return {
    ...createScriptedAgent(value),
    grade: async ({ answers, draws }) => answers.map((answer) => Array.from({ length: draws }, () => ((answer.value === '42' ? 0.8 : 0.4) + lenience + (calls++ % 2) / 100))),
  }
}

let network: MemoryNetwork
let closed: RoundDetail
const nodeAt = (index: number): MemoryNode => network.nodes[index] as MemoryNode

beforeAll(async () => {
  const agents = [createGradingAgent('42', 0), createGradingAgent('42', 0.05), createGradingAgent('41', 0.1), createScriptedAgent('40')]
  network = await startMemoryNetwork(agents, { creditGrades: 2 })
  const { round } = await nodeAt(0).service.ask({ prompt: '6 x 7', kind: 'number', answerMs: 5_000, judgeMs: 5_000 })
  await vi.waitFor(async () => {
    for (const { service } of network.nodes) expect((await service.round(round))?.status).toBe('closed')
  }, { timeout: 20_000, interval: 20 })
  closed = (await nodeAt(0).service.round(round)) as RoundDetail
})
afterAll(() => network.stop())

it('a round whose answers are graded closes with values from the grades, without waiting for who cannot grade', () => {
  expect(closed).toMatchObject({ rated: true, evaluation: { source: 'grades', valueMicro: 855_000 }, credit: { method: 'exact', grandValueMicro: 855_000 } })
  expect(closed.timings.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['grade-commit', 'grade']))
  expect(closed.timings.find(({ phase }) => phase === 'grade-commit')?.durationMs).toBeLessThan(4_000)
  expect(closed.credit?.shares.reduce((sum, { numerator }) => sum + numerator, 0)).toBe(855_000 * (closed.credit?.denominator ?? 0))
})

it('shows who has graded which answer how', () => {
  const graders = new Set(closed.grades.map(({ grader }) => grader))
  expect([...graders].sort()).toEqual([0, 1, 2].map((index) => nodeAt(index).member).sort())
  expect(closed.grades).toHaveLength(3 * 4)
  // Two answers of the same words are one to a grader.
  const ofFirst = closed.grades.filter(({ grader }) => grader === nodeAt(0).member)
  const of42 = ofFirst.filter(({ author }) => author === nodeAt(0).member || author === nodeAt(1).member)
  expect(of42.map(({ gradesMicro }) => gradesMicro)).toEqual([of42[0]?.gradesMicro, of42[0]?.gradesMicro])
})

it('is explained by whom the answers were graded, and how far grades differ', async () => {
  for (const { service, member } of network.nodes) {
    const explanation = await service.explain(closed.round, member)
    expect(explanation).toMatchObject({ method: 'exact', grandValueMicro: 855_000, grading: { draws: 2, counts: true, weightMicro: 750_000 } })
    expect(explanation.grading?.graders.map(({ member: grader }) => grader).sort()).toEqual([0, 1, 2].map((index) => nodeAt(index).member).sort())
    expect(explanation.grading?.graderNoiseMicro).toBe(50_000)
    expect(explanation.grading?.drawNoiseMicro).toBeGreaterThan(0)
    expect(explanation.gradingErrorMicro).toBeGreaterThan(0)
  }
})
