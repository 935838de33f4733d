import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BallotContent } from '../bodies.ts'
import { formatCountdownTask } from '../checkers/checkers.ts'
import { acceptedHash, rankRound } from './rank.ts'
import { anyRound, ballotOf, MEMBERS, rulesWith, transcriptOf, type RoundInit } from './test/transcripts.ts'
import { pairsFor } from './transcript.ts'

const OPEN = rulesWith({ pairing: 'open' })

function countedIn(init: RoundInit, rules = OPEN) {
  return rankRound(transcriptOf(init), rules).input.comparisons
}

describe('a comparison counts', () => {
  const answers = ['a', 'b', 'c', 'd']

  it('if both answers exist and differ', () => {
    const ballot = ballotOf([1, 2, 'left'], [1, 4, 'left'], [9, 1, 'left'], [2, 2, 'tie'])
    expect(countedIn({ answers, ballots: [ballot] })).toMatchObject([{ judge: 0, left: 1, right: 2, verdict: 'left' }])
  })

  it('if neither answer is the judge own one, unless the network allows that', () => {
    const ballot = ballotOf([0, 1, 'left'], [2, 0, 'right'], [1, 2, 'tie'])
    expect(countedIn({ answers, ballots: [ballot] })).toHaveLength(1)
    expect(countedIn({ answers, ballots: [ballot] }, rulesWith({ pairing: 'open', selfBallots: true }))).toHaveLength(3)
  })

  it('if the judge was asked for the pair, in whichever order it answers', () => {
    const rules = rulesWith()
    const twelve = Array.from({ length: 12 }, (_, index) => `v${index}`)
    const transcript = transcriptOf({ answers: twelve })
    const all: [number, number, 'left'][] = twelve.flatMap((_, left) => twelve.map((_, right): [number, number, 'left'] => [left, right, 'left']))
    const asked = pairsFor(MEMBERS[3] as string, transcript.answers, transcript.pairSeed as string, rules)
    const counted = countedIn({ answers: twelve, ballots: [null, null, null, ballotOf(...all)] }, rules)
    const keyOf = ({ left, right }: { left: number; right: number }): string => [left, right].sort((a, b) => a - b).join()
    expect(new Set(counted.map(keyOf))).toEqual(new Set(asked.map(keyOf)))
    expect(counted).toHaveLength(2 * asked.length)
    expect(asked.length).toBeLessThan((11 * 10) / 2)
    expect(asked.every(({ left, right }) => left !== 3 && right !== 3)).toBe(true)
  })

  it('for nobody where a schedule is wanted and none was agreed', () => {
    const transcript = { ...transcriptOf({ answers, ballots: [ballotOf([1, 2, 'left'])] }), pairSeed: null }
    expect(rankRound(transcript, rulesWith()).input.comparisons).toEqual([])
  })

  it('once per judge and pair, however often it is said', () => {
    const once: BallotContent[] = [ballotOf([1, 2, 'left']), ballotOf([0, 2, 'right']), ballotOf([0, 1, 'right']), ballotOf([1, 2, 'right'])]
    const often = once.map((ballot, judge) => (judge === 3 ? { comparisons: Array.from({ length: 500 }, () => ballot.comparisons).flat() } : ballot))
    expect(rankRound(transcriptOf({ answers, ballots: often }), OPEN).decision).toEqual(rankRound(transcriptOf({ answers, ballots: once }), OPEN).decision)
  })

  it('never points outside the answers and players, whatever ballots say', () => {
    fc.assert(fc.property(anyRound, fc.boolean(), (init, scheduled) => {
      const { input } = rankRound(transcriptOf(init), scheduled ? rulesWith() : OPEN)
      for (const { judge, left, right } of input.comparisons) {
        expect(input.answerWeights[judge]).toBeDefined()
        expect(left).not.toBe(right)
        expect([input.answers[left], input.answers[right]]).not.toContain(undefined)
        expect([input.answers[left]?.author, input.answers[right]?.author]).not.toContain(judge)
      }
    }))
  })
})

describe('evaluation of answers', () => {
  it('is by the truth where it was revealed: equal values are equally right', () => {
    const { quality, source } = rankRound(transcriptOf({ task: { kind: 'number' }, answers: ['1/2', '0.5', '2', 'x'], accepted: ['0.50'] }), OPEN)
    expect({ quality, source }).toEqual({ quality: [1_000_000, 1_000_000, 0, 0], source: 'truth' })
  })

  it('accepts free text by the hash of it', () => {
    const accepted = [acceptedHash('Because.')]
    const { quality } = rankRound(transcriptOf({ task: { kind: 'text' }, answers: ['x', 'y'], texts: ['Because.', 'Because!'], accepted }), OPEN)
    expect(quality).toEqual([1_000_000, 0])
  })

  it('is by the checker where the task has one, and by the truth if there is both', () => {
    const task = { kind: 'countdown', prompt: formatCountdownTask({ numbers: [2, 3, 7], target: 42 }) } as const
    const [answers, texts] = [['1', '2'], ['2*3*7', 'nonsense']]
    expect(rankRound(transcriptOf({ task, answers, texts }), OPEN)).toMatchObject({ source: 'checker', quality: [1_000_000, 0] })
    expect(rankRound(transcriptOf({ task, answers, texts, accepted: [acceptedHash('nonsense')] }), OPEN)).toMatchObject({ source: 'truth', quality: [0, 1_000_000] })
    expect(rankRound(transcriptOf({ task: { ...task, prompt: 'What?' }, answers, texts }), OPEN)).toMatchObject({ source: 'none', quality: null })
  })

  it('is none for a truth that was not revealed, even where there is a checker', () => {
    for (const kind of ['label', 'countdown'] as const) {
      expect(rankRound(transcriptOf({ task: { kind }, answers: ['a', 'b'], accepted: null, truthCommitted: true }), OPEN)).toMatchObject({ source: 'none', quality: null })
    }
  })

  it('is none without truth and checker', () => {
    expect(rankRound(transcriptOf({ answers: ['a', 'b'] }), OPEN)).toMatchObject({ source: 'none', quality: null })
  })
})

describe('clusters', () => {
  it('hold equal answers, and are named by their canonical value', () => {
    const { input, values } = rankRound(transcriptOf({ task: { kind: 'choice' }, answers: ['a', '(A)', 'b', '?'] }), OPEN)
    expect(input.answers.map(({ cluster }) => cluster)).toEqual([0, 0, 1, 2])
    expect(values).toEqual(['A', 'B', null])
  })
})
