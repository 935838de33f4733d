import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, everySituation, isInProbation, observe, observeJudging, poolTrial, PROBATION_TRIALS } from './reputation.ts'
import { readAnswering, readJudging, testify, type PartOf, type Testimony } from './testimony.ts'
import type { Judging, JudgingTrial, Posterior, Trial } from './types.ts'

const MICRO = 1_000_000
const win: Trial = { success: MICRO, failure: 0 }
const loss: Trial = { success: 0, failure: MICRO }
const judged = (trial: Trial): JudgingTrial => ({ ...everySituation(() => ({ success: 0, failure: 0 })), first: trial })

/** What somebody has shown: who, and whether the member was right. */
type Word = readonly [asker: string | null, trial: Trial]

function hear(words: readonly Word[], partOf: PartOf, known: Testimony[] = []): Testimony[] {
  return words.reduce((all, [asker, trial]) => testify(all, asker, { answering: trial, judging: judged(trial) }, partOf), known)
}

/** Voting weights, and the parts that follow from them. */
function partsOf(weights: Record<string, number>): PartOf {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  return (asker) => Math.floor(((weights[asker] ?? 0) / total) * MICRO)
}

/** Up to twelve voters, of whom those named `friend-*` have at most a third of the weight together. */
const anyVoters = fc.tuple(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 8 })).map(([friends, others]) => {
  const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0)
  const scale = Math.ceil((2 * sum(friends)) / sum(others))
  return Object.fromEntries<number>([...friends.map((weight, index) => [`friend-${index}`, weight] as const), ...others.map((weight, index) => [`other-${index}`, weight * scale] as const)])
})
const repeat = (asker: string | null, trial: Trial, times: number): Word[] => Array.from({ length: times }, () => [asker, trial])

describe('testimony', () => {
  it('of an asker with all voting weight, and what the ledger has seen itself, reads as the plain record', () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 150 }), fc.constantFrom('a', null), (outcomes, asker) => {
      const trials = outcomes.map((right) => (right ? win : loss))
      const known = hear(trials.map((trial) => [asker, trial]), partsOf({ a: 5 }))
      expect(readAnswering(known, partsOf({ a: 5 }))).toEqual(trials.reduce<Posterior>((record, trial) => observe(record, trial), emptyPosterior()))
      expect(readJudging(known, partsOf({ a: 5 }))).toEqual(trials.reduce<Judging>((record, trial) => observeJudging(record, judged(trial)), emptyJudging()))
    }), { numRuns: 30 })
  })

  it('of askers with a third of the voting weight together leaves anybody in probation, however often they show it', () => {
    fc.assert(fc.property(anyVoters, fc.integer({ min: 1, max: 60 }), fc.boolean(), (weights, times, right) => {
      const partOf = partsOf(weights)
      const friends = Object.keys(weights).filter((name) => name.startsWith('friend'))
      const known = hear([...friends, 'a stranger'].flatMap((friend) => repeat(friend, right ? win : loss, times)), partOf)
      expect(isInProbation(readAnswering(known, partOf))).toBe(true)
      expect(isInProbation(poolTrial(readJudging(known, partOf)))).toBe(true)
    }), { numRuns: 50 })
  })

  it('of askers with a third of the voting weight together counts less than eight trials more than that of all others', () => {
    fc.assert(fc.property(anyVoters, fc.integer({ min: 0, max: 60 }), fc.array(fc.nat(30), { minLength: 8, maxLength: 8 }), (weights, times, honest) => {
      const partOf = partsOf(weights)
      const words = Object.keys(weights).flatMap((name, index) => (name.startsWith('friend') ? repeat(name, win, times) : repeat(name, loss, honest[index % 8] as number)))
      const known = hear(words, partOf)
      for (const { success, failure } of [readAnswering(known, partOf), poolTrial(readJudging(known, partOf))]) expect(success).toBeLessThan(failure + PROBATION_TRIALS * MICRO)
    }), { numRuns: 50 })
  })

  it('of many askers counts in full where they have shown alike, and takes a member out of probation', () => {
    const partOf = partsOf(Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`v${index}`, 10])))
    const words = Array.from({ length: 70 }, (_, round): Word => [`v${round % 7}`, round % 10 < 7 ? win : loss])
    const { success, failure, count } = readAnswering(hear(words, partOf), partOf)
    expect(count).toBe(70)
    expect(success + failure).toBeGreaterThan(55 * MICRO)
    expect(success / (success + failure)).toBeCloseTo(0.7, 1)
  })

  it('counts up to eight trials, whoever it is of, so that a network whose askers weigh little still learns', () => {
    for (const partOf of [partsOf({ a: 1, b: 9 }), partsOf({ b: 1 })]) {
      const sizeAfter = (times: number): number => readAnswering(hear(repeat('a', win, times), partOf), partOf).success
      expect([sizeAfter(1), sizeAfter(5) > 3.8 * MICRO, sizeAfter(50) > 7.9 * MICRO]).toEqual([MICRO, true, true])
      const turned = readAnswering(hear([...repeat('a', win, 50), ...repeat('a', loss, 40)], partOf), partOf)
      expect(turned.success).toBeLessThan(turned.failure)
    }
  })

  it('of one asker takes nothing from what others have shown', () => {
    const partOf = partsOf({ a: 10, b: 10, c: 10, d: 10 })
    const words = ['b', 'c', 'd'].flatMap((asker) => repeat(asker, win, 20))
    const before = hear(words, partOf)
    const after = hear(repeat('a', loss, 100), partOf, before)
    expect(after.filter(({ asker }) => asker !== 'a')).toEqual(before)
    expect(readAnswering(after, partOf).success).toBe(readAnswering(before, partOf).success)
  })

  it('of askers without voting weight is that of one', () => {
    const known = hear([...repeat('x', win, 3), ...repeat('y', win, 3)], partsOf({ a: 1 }))
    expect(known.map(({ asker }) => asker)).toEqual([''])
    expect(known[0]?.answering.count).toBe(6)
  })

  it('reads alike in whatever order askers have spoken', () => {
    const partOf = partsOf({ a: 3, b: 2, c: 1 })
    const words = [...repeat('a', win, 12), ...repeat('b', loss, 9), ...repeat('c', win, 20), ...repeat(null, loss, 1)]
    expect(hear(words, partOf)).toEqual(hear([...words].reverse(), partOf))
  })

  it('remembers sixty-four askers, those who have shown most', () => {
    const weights = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`v${String(index).padStart(2, '0')}`, 1]))
    const known = hear(Object.keys(weights).flatMap((asker, index) => repeat(asker, win, index < 10 ? 1 : 2)), partsOf(weights))
    expect(known).toHaveLength(64)
    expect(known.every(({ answering }) => answering.count === 2)).toBe(true)
  })

  it('is nothing where nobody has spoken', () => {
    expect(readAnswering([], partsOf({ a: 1 }))).toEqual(emptyPosterior())
    expect(readJudging([], partsOf({ a: 1 }))).toEqual(emptyJudging())
  })
})
