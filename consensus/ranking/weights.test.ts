import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyPosterior, observe, summarize } from './reputation.ts'
import { anyOrder } from './test/rounds.ts'
import type { Posterior } from './types.ts'
import { freezeWeights, type Standing } from './weights.ts'

const MICRO = 1_000_000

function record(successes: number, failures: number): Posterior {
  let posterior = emptyPosterior()
  for (let round = 0; round < successes + failures; round++) {
    const isSuccess = Math.floor(((round + 1) * successes) / (successes + failures)) > Math.floor((round * successes) / (successes + failures))
    posterior = observe(posterior, isSuccess ? { success: MICRO, failure: 0 } : { success: 0, failure: MICRO })
  }
  return posterior
}

const unknown = emptyPosterior()
const judge = (judging: Posterior): Standing => ({ answering: unknown, judging })
const answerer = (answering: Posterior): Standing => ({ answering, judging: unknown })
const anyPosterior = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })).map(([successes, failures]) => record(successes, failures))
const anyPlayers = fc.array(fc.record({ answering: fc.oneof(fc.constant(unknown), anyPosterior), judging: fc.oneof(fc.constant(unknown), anyPosterior) }), { maxLength: 12 })

function sumWhere(weights: readonly number[], keep: (index: number) => boolean): number {
  return weights.reduce((sum, weight, index) => (keep(index) ? sum + Math.abs(weight) : sum), 0)
}

describe('freezeWeights', () => {
  it('weighs everybody alike while nobody is known', () => {
    expect(freezeWeights([judge(unknown), judge(record(3, 0)), judge(record(0, 8))])).toEqual({ judgeWeights: [MICRO, MICRO, MICRO], answerWeights: [MICRO, MICRO, MICRO] })
    expect(freezeWeights([])).toEqual({ judgeWeights: [], answerWeights: [] })
  })

  it('weighs a judge by the log-odds at the end of its interval nearer to one half', () => {
    const posterior = record(45, 5)
    const low = summarize(posterior).low / MICRO
    const [weight] = freezeWeights([judge(posterior)]).judgeWeights
    expect(weight).toBeCloseTo(Math.log(low / (1 - low)) * MICRO, -1)
  })

  it('gives a judge that may be a coin no weight, and turns a reliably wrong one round', () => {
    const right = record(45, 5)
    const { judgeWeights } = freezeWeights([judge(right), judge(record(26, 24)), judge({ ...right, success: right.failure, failure: right.success })])
    expect(judgeWeights[0]).toBeGreaterThan(MICRO)
    expect(judgeWeights[1]).toBe(0)
    expect(Math.abs((judgeWeights[2] as number) + (judgeWeights[0] as number))).toBeLessThan(100)
  })

  it('bounds the weight of a judge, however long its record', () => {
    const faultless = { success: 128 * MICRO, failure: 0, count: 1000 }
    for (const weight of freezeWeights([judge(faultless), judge({ success: 0, failure: 128 * MICRO, count: 1000 })]).judgeWeights) {
      expect(Math.abs(weight)).toBeGreaterThan(3.8 * MICRO)
      expect(Math.abs(weight)).toBeLessThan(3.9 * MICRO)
    }
  })

  it('leaves judging to those in probation, equally, while nobody else weighs anything', () => {
    expect(freezeWeights([judge(record(26, 24)), judge(unknown), judge(record(2, 0))]).judgeWeights).toEqual([0, MICRO, MICRO])
  })

  it('lets all in probation together have at most a third of the weight of judging and of answering', () => {
    fc.assert(fc.property(anyPlayers, (players) => {
      const { judgeWeights, answerWeights } = freezeWeights(players)
      for (const [weights, side] of [[judgeWeights, 'judging'], [answerWeights, 'answering']] as const) {
        const isNew = (index: number): boolean => summarize((players[index] as Standing)[side]).probation
        const known = sumWhere(weights, (index) => !isNew(index))
        if (known > 0) expect(sumWhere(weights, isNew) * 2).toBeLessThanOrEqual(known)
      }
    }))
  })

  it('weighs all in probation alike, and an answerer never by nothing', () => {
    fc.assert(fc.property(anyPlayers, (players) => {
      const { judgeWeights, answerWeights } = freezeWeights(players)
      expect(new Set(judgeWeights.filter((_, index) => summarize((players[index] as Standing).judging).probation)).size).toBeLessThanOrEqual(1)
      expect(new Set(answerWeights.filter((_, index) => summarize((players[index] as Standing).answering).probation)).size).toBeLessThanOrEqual(1)
      expect([...judgeWeights, ...answerWeights].every(Number.isInteger)).toBe(true)
      expect(answerWeights.every((weight) => weight > 0)).toBe(true)
    }))
  })

  it('weighs an answerer by the lower end of its skill, so that a longer record of the same kind weighs more', () => {
    const { answerWeights } = freezeWeights([answerer(record(8, 2)), answerer(record(40, 10)), answerer(record(2, 8)), answerer(record(0, 50))])
    expect(answerWeights.slice(0, 2)).toEqual([summarize(record(8, 2)).low, summarize(record(40, 10)).low])
    expect(answerWeights[1]).toBeGreaterThan(answerWeights[0] as number)
    expect(answerWeights[2]).toBeLessThan(answerWeights[0] as number)
    expect(answerWeights[3]).toBe(1000)
  })

  it('gives ten copies of a newcomer no more than a third, and one newcomer no more than a mean member', () => {
    const known = Array.from({ length: 3 }, () => answerer(record(20, 5)))
    const mean = freezeWeights(known).answerWeights[0] as number
    const share = (copies: number): number => sumWhere(freezeWeights([...known, ...Array.from({ length: copies }, () => answerer(unknown))]).answerWeights, (index) => index >= 3)
    expect(share(1)).toBe(mean)
    expect(share(10)).toBeLessThanOrEqual(1.5 * mean)
  })

  it('is invariant under relabelling players', () => {
    fc.assert(fc.property(anyPlayers.chain((players) => anyOrder(players.length).map((order) => ({ players, order }))), ({ players, order }) => {
      const { judgeWeights, answerWeights } = freezeWeights(players)
      const moved = freezeWeights(order.map((index) => players[index] as Standing))
      expect(moved).toEqual({ judgeWeights: order.map((index) => judgeWeights[index]), answerWeights: order.map((index) => answerWeights[index]) })
    }))
  })
})
