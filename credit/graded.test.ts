import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeededStream } from '../consensus/index.ts'
import { roundCredit } from './credit-result.ts'
import { computeExactCredit } from './exact.ts'
import type { Grader } from './graded.ts'
import { gradedErrors, gradeNoise, middleGrades, weightedMedian } from './graded.ts'
import { createRoundGame } from './round-game.ts'
import { orderFrom } from './test/games.ts'
import type { Round } from './test/rounds.ts'

const PLAYERS = 8
const SPREAD = 90_000
const FAVOURED = 5

/** Everybody answers and judges; who comes first is mostly right, whoever judges. */
const round: Round = {
  ranking: {
    answers: Array.from({ length: PLAYERS }, (_, author) => ({ author, cluster: author })),
    comparisons: Array.from({ length: PLAYERS }, (_, judge) => judge).flatMap((judge) =>
      orderFrom(judge, PLAYERS).flatMap((left, place, order) => {
        const right = order[(place + 1) % PLAYERS] as number
        return judge === left || judge === right ? [] : [{ judge, left, right, verdict: (left < right) === ((judge + left) % 4 > 0) ? ('left' as const) : ('right' as const), weight: 1_000_000 }]
      })),
    answerWeights: Array.from({ length: PLAYERS }, () => 1_000_000),
  },
  quality: [800_000, 700_000, 650_000, 600_000, 500_000, 450_000, 300_000, 250_000],
}

/** A grader off by a spread at most, evenly; `bias` is added to the favoured answer and taken off all others. */
function grader(seed: string, bias = 0, weight = 1, draws = 2): Grader {
  const stream = createSeededStream(seed)
  const grade = (value: number): number => Math.max(0, Math.min(1_000_000, value + stream.below(2 * SPREAD + 1) - SPREAD))
  return { weight, grades: round.quality.map((value, answer) => Array.from({ length: draws }, () => grade(value + (answer === FAVOURED ? bias : -bias)))) }
}

const graders = (honest: number, liars: number, bias: number): Grader[] =>
  [...Array.from({ length: honest }, (_, index) => grader(`honest/${index}`)), ...Array.from({ length: liars }, (_, index) => grader(`liar/${index}`, bias))]

const gameOf = (all: readonly Grader[]) => createRoundGame({ ranking: round.ranking, quality: middleGrades(all, PLAYERS) })
const creditOf = (all: readonly Grader[]): number[] => roundCredit(computeExactCredit(gameOf(all)))

describe('credit from middle grades', () => {
  it('is moved by liars below a third by a small part of what honest grades differ, however far they go', () => {
    const honest = creditOf(graders(11, 0, 0))
    for (const bias of [SPREAD / 2, SPREAD, 3 * SPREAD, 100 * SPREAD]) {
      expect(Math.abs((creditOf(graders(11, 4, bias))[FAVOURED] as number) - (honest[FAVOURED] as number))).toBeLessThan(0.3 * SPREAD)
    }
  })

  it('is within two standard errors of the truth as often as it says', () => {
    const truth = computeExactCredit(createRoundGame(round))
    const inside = Array.from({ length: 60 }, (_, trial) => {
      const all = Array.from({ length: 7 }, (_, index) => grader(`${trial}/${index}`))
      const errors = gradedErrors(all, round.ranking)
      return computeExactCredit(gameOf(all)).credit.filter((numerator, player) => Math.abs(numerator - (truth.credit[player] as number)) / truth.denominator <= 2 * (errors[player] as number)).length
    })
    const part = inside.reduce((sum, count) => sum + count, 0) / (60 * PLAYERS)
    expect(part).toBeGreaterThan(0.9)
    expect(part).toBeLessThan(0.995)
  })

  it('has no such error where all grade alike', () => {
    const one: Grader = { weight: 3, grades: round.quality.map((value) => [value]) }
    expect(gradedErrors([one, one, one], round.ranking)).toEqual(round.quality.map(() => 0))
    expect(creditOf([one, one, one])).toEqual(roundCredit(computeExactCredit(createRoundGame(round))))
  })
})

describe('how far grades differ', () => {
  it('is told of draws and of graders', () => {
    const uniform = SPREAD / Math.sqrt(3)
    const { draws, graders: between } = gradeNoise(Array.from({ length: 11 }, (_, index) => grader(`g${index}`, 0, 1, 4)))
    expect(Math.abs((draws as number) - uniform)).toBeLessThan(0.15 * uniform)
    // A mean of four draws.
    expect(Math.abs(between - uniform / 2)).toBeLessThan(0.3 * (uniform / 2))
  })

  it('is not known of draws where each answer has one', () => {
    expect(gradeNoise([{ weight: 1, grades: [[5], [7]] }, { weight: 1, grades: [[5], [9]] }])).toEqual({ draws: null, graders: 1 })
    expect(gradeNoise([])).toEqual({ draws: null, graders: 0 })
  })
})

describe('the middle grade', () => {
  it('does not depend on the order of the graders, and hears nobody without weight, unless nobody has any', () => {
    const all = graders(5, 2, SPREAD)
    expect(middleGrades(orderFrom(3, 7).map((index) => all[index] as Grader), PLAYERS)).toEqual(middleGrades(all, PLAYERS))
    const [a, b] = [grader('a'), grader('b', 5 * SPREAD, 0)]
    expect(middleGrades([a, b], PLAYERS)).toEqual(middleGrades([a], PLAYERS))
    expect(middleGrades([{ ...a, weight: 0 }], PLAYERS)).toEqual(middleGrades([a], PLAYERS))
  })

  it('is the median of the graders\' means', () => {
    const all: Grader[] = [{ weight: 1, grades: [[100, 301]] }, { weight: 1, grades: [[500]] }, { weight: 1, grades: [[900, 0, 0]] }]
    expect(middleGrades(all, 1)).toEqual([300])
    expect(() => middleGrades(all, 2)).toThrow(RangeError)
    expect(() => middleGrades([{ weight: 1, grades: [[]] }], 1)).toThrow(RangeError)
  })
})

describe('the weighted median', () => {
  it('has half of the weight on either side', () => {
    const anyWeighted = fc.array(fc.tuple(fc.integer({ min: -100, max: 100 }), fc.nat(5)), { minLength: 1, maxLength: 12 }).filter((pairs) => pairs.some(([, weight]) => weight > 0))
    fc.assert(fc.property(anyWeighted, (pairs) => {
      const [values, weights] = [pairs.map(([value]) => value), pairs.map(([, weight]) => weight)]
      const median = weightedMedian(values, weights)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const weightWhere = (holds: (value: number) => boolean): number => pairs.reduce((sum, [value, weight]) => sum + (holds(value) ? weight : 0), 0)
      expect(2 * weightWhere((value) => value < median)).toBeLessThanOrEqual(total)
      expect(2 * weightWhere((value) => value > median)).toBeLessThanOrEqual(total)
      const repeated = pairs.flatMap(([value, weight]) => Array.from({ length: weight }, () => value)).sort((a, b) => a - b)
      expect(median).toBe(Math.floor(((repeated[Math.floor((total - 1) / 2)] as number) + (repeated[Math.floor(total / 2)] as number)) / 2))
    }))
    expect(() => weightedMedian([1], [0])).toThrow(RangeError)
  })
})
