import { describe, expect, it } from 'vitest'
import { CHECKABLE_KINDS, check, formatColouringTask, formatCountdownTask, generateTask, parseTourTask } from '../../protocol/index.ts'
import type { AgentComparison, JudgedAnswer } from './agent.ts'
import { createSolverAgent } from './solver-agent.ts'
import { SOLVER_STRATEGIES } from './solver-strategies.ts'
import type { SolverStrategy } from './solver-strategies.ts'

const judged = (text: string, value: string | null = null): JudgedAnswer => ({ author: 'a', text, value })

async function judgePair(strategy: SolverStrategy, kind: 'tour' | 'colouring' | 'countdown', prompt: string, answers: JudgedAnswer[]): Promise<AgentComparison | undefined> {
  const request = { task: { round: 'r', kind, prompt, reference: null }, answers, pairs: [{ left: 0, right: 1 }] }
  return (await createSolverAgent({ strategy }).judge(request, new AbortController().signal))[0]
}

describe('solver judges', () => {
  it('the exhaustive judge always agrees with the checker', async () => {
    for (const kind of CHECKABLE_KINDS) {
      const prompt = generateTask(kind, 'agree')
      const task = { round: 'r', kind, prompt, reference: null }
      const solved = await Promise.all(SOLVER_STRATEGIES.map((strategy) => createSolverAgent({ strategy }).answer(task, new AbortController().signal)))
      const answers = [...solved.map((answer) => judged(answer?.text ?? '')), judged('none')]
      const comparisons = await createSolverAgent({ strategy: 'exhaustive' }).judge({ task, answers, pairs: [] }, new AbortController().signal)
      expect(comparisons.length).toBe(15)
      const measure = (index: number): number => {
        const result = check(kind, prompt, answers[index]?.text ?? '')
        return result.ok ? result.quality : 0
      }
      for (const { left, right, verdict } of comparisons) {
        const quality = measure(left) - measure(right)
        if (quality !== 0) expect(verdict).toBe(quality > 0 ? 'left' : 'right')
      }
    }
  })

  it('is consistent when the same pair is shown the other way round', async () => {
    const prompt = generateTask('tour', 'mirror')
    const count = parseTourTask(prompt)?.cities.length ?? 0
    const given = JSON.stringify(Array.from({ length: count }, (_, index) => index))
    const solved = await createSolverAgent({ strategy: 'greedy' }).answer({ round: 'r', kind: 'tour', prompt, reference: null }, new AbortController().signal)
    const answers = [judged(given, '99999'), judged(solved?.text ?? '', solved?.value ?? null)]
    for (const strategy of SOLVER_STRATEGIES) {
      expect((await judgePair(strategy, 'tour', prompt, answers))?.verdict).toBe('right')
      expect((await judgePair(strategy, 'tour', prompt, [...answers].reverse()))?.verdict).toBe('left')
    }
  })

  it('the hasty judge believes claims, and ties where one is missing', async () => {
    const prompt = formatCountdownTask({ numbers: [2, 3, 4], target: 24 })
    const [lie, truth] = [judged('FINAL ANSWER: 2', '24'), judged('FINAL ANSWER: 2*3*4', '20')]
    expect((await judgePair('hasty', 'countdown', prompt, [lie, truth]))?.verdict).toBe('left')
    expect((await judgePair('greedy', 'countdown', prompt, [lie, truth]))?.verdict).toBe('right')
    expect((await judgePair('hasty', 'countdown', prompt, [judged('2'), truth]))?.verdict).toBe('tie')
  })

  it('a cheap judge misses what it does not look at', async () => {
    const prompt = formatCountdownTask({ numbers: [1, 2, 3, 4], target: 25 })
    const answers = [judged('FINAL ANSWER: 25'), judged('FINAL ANSWER: 2*3*4')]
    expect((await judgePair('greedy', 'countdown', prompt, answers))?.verdict).toBe('left')
    for (const strategy of ['careful', 'searching', 'exhaustive'] as const) expect((await judgePair(strategy, 'countdown', prompt, answers))?.verdict).toBe('right')
  })

  it('prefers a legal colouring with more colours to a conflict that it sees', async () => {
    const prompt = formatColouringTask({ vertices: 3, edges: [[0, 1], [1, 2]] })
    const answers = [judged('[0,0,0]', '1'), judged('[0,1,2]', '3')]
    expect((await judgePair('hasty', 'colouring', prompt, answers))?.verdict).toBe('left')
    for (const strategy of ['greedy', 'careful', 'searching', 'exhaustive'] as const) expect((await judgePair(strategy, 'colouring', prompt, answers))?.verdict).toBe('right')
  })
})
