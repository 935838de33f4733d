import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encode } from '../encoding.ts'
import { resultSchema } from '../ledger/result.ts'
import { closeRound, computeShare, gameOf } from './close.ts'
import { explainCredit } from './explain.ts'
import { distinctAnswers, gradersOf, isToBeGraded } from './grades.ts'
import { anyRound, ballotOf, MEMBERS, rulesWith, transcriptOf, type RoundInit } from './test/transcripts.ts'

const RULES = rulesWith({ creditGrades: 2, pairing: 'open' })
const PLAIN = rulesWith({ pairing: 'open' })
const ROUND: RoundInit = {
  answers: ['a', 'b', 'c', 'd'],
  ballots: [ballotOf([1, 2, 'left'], [2, 3, 'left']), ballotOf([0, 2, 'left'], [0, 3, 'left']), ballotOf([0, 1, 'left'], [1, 3, 'left']), ballotOf([0, 1, 'right'], [0, 2, 'left'])],
}
const GRADES = [[900_000, 800_000], [500_000], [400_000, 300_000], [100_000]]
const graded = (grades: RoundInit['grades'], init: RoundInit = ROUND) => transcriptOf({ ...init, ...(grades === undefined ? {} : { grades }) })

describe('answers are graded', () => {
  it('where the genesis says so, and neither truth nor checker tells how good they are', () => {
    expect(isToBeGraded({ kind: 'text', hasTruth: false }, RULES)).toBe(true)
    expect(isToBeGraded({ kind: 'text', hasTruth: true }, RULES)).toBe(false)
    expect(isToBeGraded({ kind: 'tour', hasTruth: false }, RULES)).toBe(false)
    expect(isToBeGraded({ kind: 'text', hasTruth: false }, PLAIN)).toBe(false)
  })

  it('once each, however many have given them', () => {
    const contents = ['x', 'y', 'x', 'z', 'y'].map((text) => ({ content: { text, value: null } }))
    expect(distinctAnswers(contents)).toEqual({ contents: ['x', 'y', 'z'].map((text) => ({ text, value: null })), indices: [0, 1, 0, 2, 1] })
    expect(distinctAnswers([{ content: { text: 'x', value: null } }, { content: { text: 'x', value: '1' } }]).contents).toHaveLength(2)
  })
})

describe('grades count', () => {
  const playersOf = (grades: (number[][] | null)[], judgeWeights?: number[]): number[] => gradersOf(graded(grades, { ...ROUND, ...(judgeWeights === undefined ? {} : { judgeWeights }) }), RULES).graders.map(({ player }) => player)

  it('if they are of every answer, none more often than asked, and by a player', () => {
    expect(playersOf([GRADES, GRADES.slice(1), [...GRADES, [0]], [[1, 2, 3], [1], [1], [1]]])).toEqual([0])
    const stranger = { ...graded([GRADES]), grades: [{ author: MEMBERS[9] as string, content: { grades: GRADES } }] }
    expect(gradersOf(stranger, RULES).graders).toEqual([])
  })

  it('for everybody whose answer has the same words', () => {
    const same = transcriptOf({ ...ROUND, answers: ['a', 'b', 'a', 'c'], grades: [[[7], [8], [9]]] })
    expect(gradersOf(same, RULES).graders[0]?.grades).toEqual([[7], [8], [7], [9]])
  })

  it('if at least three members with more than two thirds of what all weigh have given them', () => {
    const suffice = (grades: (number[][] | null)[], judgeWeights?: number[]): boolean => gradersOf(graded(grades, { ...ROUND, ...(judgeWeights === undefined ? {} : { judgeWeights }) }), RULES).suffice
    expect(suffice([GRADES, GRADES, GRADES, null])).toBe(true)
    expect(suffice([GRADES, GRADES, null, null])).toBe(false)
    expect(suffice([GRADES, GRADES, null, null], [1_000_000, 1_000_000, 0, 0])).toBe(false)
    expect(suffice([GRADES, GRADES, GRADES, null], [1_000_000, 1_000_000, 1_000_000, 1_500_000])).toBe(false)
    expect(suffice([GRADES, GRADES, GRADES, null], [1_000_000, 1_000_000, 1_000_000, 1_499_999])).toBe(true)
    expect(suffice([GRADES, GRADES, GRADES, null], [0, 0, 0, 0])).toBe(true)
  })
})

describe('a round that enough have graded', () => {
  const transcript = graded([GRADES, GRADES, GRADES, [[1_000_000], [0], [0], [0]]])
  const result = closeRound(transcript, RULES)

  it('takes its values from the grades, and with them its credit, and says how far they differ', () => {
    expect(result).toMatchObject({
      rated: true,
      winner: 0,
      evaluation: { source: 'grades', micro: 850_000, success: false },
      credit: { method: 'exact', denominator: 12, grandValue: 850_000, bestSingle: { player: 0, value: 850_000 }, evaluations: 16 },
      grading: { draws: 2, graders: [0, 1, 2, 3], weight: 1_000_000, outcome: { quality: [850_000, 500_000, 350_000, 100_000] } },
    })
    expect(result.grading?.outcome?.drawNoise).toBeGreaterThan(0)
    expect(result.grading?.outcome?.graderNoise).toBeGreaterThan(0)
    expect(result.grading?.outcome?.creditError?.every((error) => error > 0)).toBe(true)
    expect(resultSchema.parse(result)).toEqual(result)
  })

  it('is explained by the middle grades', () => {
    const explanation = explainCredit(transcript, RULES, MEMBERS[0] as string)
    expect(explanation).toMatchObject({ grandValue: 850_000, pickWithout: 1, valueWithout: 500_000 })
    expect(gameOf(transcript, RULES).game.value(Uint8Array.of(0, 0, 0, 1))).toBe(100_000)
  })

  it('leaves reputation to the ballots', () => {
    const ungraded = closeRound(graded(undefined), PLAIN)
    expect([result.answering, result.judging, result.likeness]).toEqual([ungraded.answering, ungraded.judging, ungraded.likeness])
    expect(result.answers).toEqual(ungraded.answers)
  })

  it('shares the work where there are too many coalitions, by the same values', () => {
    const sampled = rulesWith({ creditGrades: 2, pairing: 'open', exactPlayersMax: 3, creditPairs: 1 })
    const { credit, grading } = closeRound(transcript, sampled)
    expect(credit).toMatchObject({ method: 'regression', grandValue: 850_000 })
    expect(credit?.credit.reduce((sum, numerator) => sum + numerator, 0)).toBe(850_000_000)
    expect(grading?.outcome).toMatchObject({ quality: [850_000, 500_000, 350_000, 100_000], creditError: null })
    const share = computeShare(transcript, sampled, MEMBERS[0] as string, new Uint8Array(32))
    const { game } = gameOf(transcript, sampled)
    const values = Array.from({ length: 16 }, (_, mask) => game.value(Uint8Array.from([0, 1, 2, 3], (player) => (mask >> player) & 1)))
    expect(share.blocks.flatMap((block) => block.values.flat()).every((value) => values.includes(value))).toBe(true)
  })
})

describe('a round that too few have graded', () => {
  it('closes as if nobody had been asked, and says so', () => {
    fc.assert(fc.property(anyRound, fc.array(fc.option(fc.constant(GRADES)), { maxLength: 2 }), (init, grades) => {
      const { grading, ...rest } = closeRound(transcriptOf({ ...init, grades }), RULES)
      const plain = closeRound(transcriptOf(init), PLAIN)
      expect(rest).toEqual(plain)
      expect(grading?.outcome ?? null).toBeNull()
      expect(grading !== undefined).toBe(plain.rated && plain.evaluation.source === 'consensus')
    }))
  })

  it('has a result of the same bytes where nobody grades, whatever is in it', () => {
    expect(encode(closeRound(graded([GRADES, GRADES, GRADES, GRADES]), PLAIN))).toEqual(encode(closeRound(graded(undefined), PLAIN)))
  })
})
