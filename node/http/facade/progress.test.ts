import { describe, expect, it } from 'vitest'
import type { NodeEvent, RoundDetail, RoundPhase } from '../../service.ts'
import { closeRound, createServiceFixture } from '../service-fixture.ts'
import { createProgress } from './progress.ts'

const { service } = createServiceFixture()
const { round: id } = await service.ask({ prompt: 'x', kind: 'text' })
const fresh = { ...((await service.round(id)) as RoundDetail), openedHeight: null }
const open = { ...fresh, openedHeight: 7 }
const answers = ['Ann', 'Bart', 'Cleo'].map((name) => ({ member: name, name, text: name, value: null, cluster: null }))
const entered = (phase: RoundPhase): NodeEvent => ({ type: 'phase-entered', round: id, phase, height: 1 })

describe('progress', () => {
  it('is told phase by phase, each once', () => {
    const progress = createProgress(service)
    expect(progress({ round: fresh, events: [] })).toEqual([`Round ${id.slice(0, 8)}: asked the network, 3 members present.`])
    expect(progress({ round: fresh, events: [] })).toEqual([])
    expect(progress({ round: open, events: [entered('answer-commit')] })).toEqual(['Members write their answers, sealed until all are in.'])
    expect(progress({ round: { ...open, phase: 'ballot-commit', answers }, events: [entered('answer-reveal'), entered('ballot-commit')] })).toEqual([
      'The answers are in and are opened.',
      '3 members answered: Ann, Bart, Cleo. They compare the answers.',
    ])
    const comparisons = ['Ann', 'Bart'].map((judge) => ({ judge, left: 'Ann', right: 'Cleo', verdict: 'left' as const, reason: null }))
    const failed: NodeEvent = { type: 'agent-error', code: 'timeout', message: 'no reply within 5 ms', round: id }
    expect(progress({ round: { ...open, phase: 'closing', answers, comparisons }, events: [failed] })).toEqual([
      '2 members judged, with 2 verdicts. The result is being agreed on.',
      "This node's own model failed (timeout): no reply within 5 ms",
    ])
    const closed = closeRound({ ...open }, 'won')
    const led = { ...closed, answers, ranking: { answers: [], clusters: [], agreementMicro: 420_000 } }
    expect([progress({ round: led, events: [] }), progress({ round: led, events: [] })]).toEqual([['The answer of quiet-red-fox won, ahead by 0.42 of all support.'], []])
  })

  it('never goes back, though events come later than what is known', () => {
    const progress = createProgress(service)
    const alone = { ...open, phase: 'closing' as const, answers: answers.slice(0, 1) }
    expect(progress({ round: alone, events: [] }).at(-1)).toBe('1 member answered: Ann. There is nothing to compare.')
    expect(progress({ round: alone, events: [entered('answer-commit'), entered('answer-reveal'), entered('closing')] })).toEqual([])
  })

  it('says at once that the round will be unrated', () => {
    const lonely = createProgress({ status: () => ({ ...service.status(), membersPresent: 1 }) })
    expect(lonely({ round: fresh, events: [] })).toEqual([`Round ${id.slice(0, 8)}: asked the network, 1 member present. Below 3 the round is unrated.`])
  })

  it('names no more members than can be read', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ ...(answers[0] as (typeof answers)[number]), name: `m${index}` }))
    expect(createProgress(service)({ round: { ...open, phase: 'ballot-commit', answers: many }, events: [] }).at(-1)).toMatch(/^40 members answered: m0, .*, m11 and 28 more\./)
  })
})
