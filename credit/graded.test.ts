import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeededStream } from '../consensus/index.ts'
import { priorOfSingles } from './control.ts'
import { creditFromShares } from './credit-from-shares.ts'
import type { Grader } from './graded.ts'
import { creditFromGrades, weightedMedian } from './graded.ts'
import { orderFrom, votingGame } from './test/games.ts'
import { createWork, evaluateUnits, leafCoalition } from './work.ts'
import type { Game } from './game.ts'

const voting = votingGame([9, 7, 5, 4, 4, 3, 2, 1], 18)
const game: Game = { players: 8, value: (members) => 600_000 * voting.value(members) }
const work = createWork({ plan: { kind: 'pairs', units: 80 }, seed: 's', players: 8 })
const truth = evaluateUnits(game, work, 0, 80)
const order = [0, 1, 2, 3, 4, 5, 6, 7]
const SPREAD = 90_000

/** A grader off by a spread at most, evenly; `bias` is added where player 5 is in and taken off where it is not. */
function grader(seed: string, bias = 0, weight = 1): Grader {
  const stream = createSeededStream(seed)
  const grade = (value: number, sign: number): number => value + stream.below(2 * SPREAD + 1) - SPREAD + sign * bias
  return {
    weight,
    units: truth.map((values, unit) => values.map((value, position) => grade(value, leafCoalition(work, unit, position)[5] === 1 ? 1 : -1))),
    grandValues: [grade(600_000, 1), grade(600_000, 1)],
  }
}

const graders = (honest: number, liars: number, bias: number): Grader[] =>
  [...Array.from({ length: honest }, (_, index) => grader(`honest/${index}`)), ...Array.from({ length: liars }, (_, index) => grader(`liar/${index}`, bias))]

const creditOf = (all: readonly Grader[]): number[] => {
  const graded = creditFromGrades({ graders: all, work, order })
  return (graded?.credit.credit ?? []).map((numerator) => numerator / 1_000)
}

describe('graded credit', () => {
  it('is that of the values where everybody grades alike', () => {
    const exact = { weight: 1, units: truth, grandValues: [600_000] }
    const graded = creditFromGrades({ graders: [exact, exact, exact], work, order })
    const alone = truth.slice(0, 8).map(([value]) => value as number)
    const shares = truth.map((values, unit) => ({ unit, values }))
    const computed = creditFromShares({ shares, work, grandValue: 600_000, prior: { ...priorOfSingles(alone), order } })
    expect(graded).toEqual({ credit: { ...computed, credit: graded?.credit.credit, evaluations: 3 * 160 }, noise: 0 })
    // Rounded once more than a computed one.
    for (const [player, numerator] of (graded?.credit.credit ?? []).entries()) expect(Math.abs(numerator - (computed?.credit[player] as number))).toBeLessThanOrEqual(1)
  })

  it('sums to the median of v(N), whatever is graded', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.string(), fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(5)), { minLength: 1, maxLength: 5 }), (said) => {
      const graded = creditFromGrades({ graders: said.map(([seed, bias, weight]) => grader(seed, bias, weight)), work, order })
      expect(graded?.credit.credit.reduce((sum, numerator) => sum + numerator, 0)).toBe((graded?.credit.grandValue as number) * 1_000)
    }), { numRuns: 15 })
  })

  it('is moved by liars below a third by a small part of what honest grades differ, however far they go', () => {
    const honest = creditOf(graders(11, 0, 0))
    for (const bias of [SPREAD / 2, SPREAD, 3 * SPREAD, 100 * SPREAD]) {
      expect(Math.abs((creditOf(graders(11, 4, bias))[5] as number) - (honest[5] as number))).toBeLessThan(0.3 * SPREAD)
    }
  })

  it('does not depend on the order of the graders', () => {
    const all = graders(5, 2, SPREAD)
    expect(creditOf(orderFrom(3, 7).map((index) => all[index] as Grader))).toEqual(creditOf(all))
  })

  it('hears nobody without weight, unless nobody has any', () => {
    const [a, b] = [grader('a'), grader('b', 5 * SPREAD, 0)]
    expect(creditOf([a, b])).toEqual(creditOf([a]))
    expect(creditOf([{ ...a, weight: 0 }])).toEqual(creditOf([a]))
  })

  it('tells how far single grades are off', () => {
    const graded = creditFromGrades({ graders: graders(11, 0, 0), work, order })
    expect(graded?.noise).toBeGreaterThan(0.5 * SPREAD)
    expect(graded?.noise).toBeLessThan(SPREAD)
  })

  it('needs graders of the same units, and of v(N)', () => {
    expect(creditFromGrades({ graders: [], work, order })).toBeNull()
    const [a, b] = [grader('a'), grader('b')]
    expect(() => creditFromGrades({ graders: [a, { ...b, units: b.units.slice(1) }], work, order })).toThrow(RangeError)
    expect(() => creditFromGrades({ graders: [a, { ...b, grandValues: [] }], work, order })).toThrow(RangeError)
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
