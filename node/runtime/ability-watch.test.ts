import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Event } from '../../protocol/index.ts'
import type { Agent } from '../agents/agent.ts'
import { createAbilityWatch } from './ability-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function createTrial(hasHealth = true) {
  const able = { canAnswer: true, canJudge: true }
  const events: Event[] = []
  const health = { ability: () => ({ ...able }), providers: () => [] }
  const agent: Agent = { model: 'm', canAnswer: true, canJudge: true, answer: async () => null, judge: async () => [], close: async () => undefined, ...(hasHealth ? { health } : {}) }
  return { able, events, watch: createAbilityWatch({ agent, dispatch: (event) => events.push(event), lookMs: 100 }) }
}

it('tells of each change once, and no more after its end', () => {
  const { able, events, watch } = createTrial()
  watch.start()
  vi.advanceTimersByTime(1_000)
  expect(events).toEqual([])
  able.canJudge = false
  vi.advanceTimersByTime(1_000)
  able.canJudge = true
  vi.advanceTimersByTime(1_000)
  watch.stop()
  able.canAnswer = false
  vi.advanceTimersByTime(1_000)
  expect(events).toEqual([{ type: 'ability', canAnswer: true, canJudge: false }, { type: 'ability', canAnswer: true, canJudge: true }])
})

it('tells at the start that the model is away, and nothing of an agent that always works', () => {
  const away = createTrial()
  away.able.canAnswer = false
  away.watch.start()
  const solver = createTrial(false)
  solver.watch.start()
  expect([away.events, solver.events]).toEqual([[{ type: 'ability', canAnswer: false, canJudge: true }], []])
})
