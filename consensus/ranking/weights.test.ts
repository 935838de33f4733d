import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kin } from './kin.ts'
import { emptyJudging, emptyPosterior, everySituation, isInProbation, observe, observeJudging, poolTrial } from './reputation.ts'
import { anyOrder } from './test/rounds.ts'
import { SITUATIONS, type Judging, type JudgingTrial, type Posterior, type Situation } from './types.ts'
import { freezeWeights, type JudgeWeight, type Standing } from './weights.ts'

const MICRO = 1_000_000
const win = { success: MICRO, failure: 0 }
const loss = { success: 0, failure: MICRO }
const nothing = { success: 0, failure: 0 }

function record(successes: number, failures: number): Posterior {
  let posterior = emptyPosterior()
  for (let round = 0; round < successes + failures; round++) {
    const isSuccess = Math.floor(((round + 1) * successes) / (successes + failures)) > Math.floor((round * successes) / (successes + failures))
    posterior = observe(posterior, isSuccess ? win : loss)
  }
  return posterior
}

/** A judge whose last rounds were these, one trial each, in turn. */
function judgeBy(rounds: number, hits: Partial<Record<Situation, number>>): Judging {
  const situations = SITUATIONS.filter((situation) => hits[situation] !== undefined)
  let judging = emptyJudging()
  for (let round = 0; round < rounds; round++) {
    const trial = everySituation((situation) => {
      const size = situations.includes(situation) ? Math.floor(MICRO / situations.length) : 0
      const success = Math.floor(size * (hits[situation] ?? 0))
      return { success, failure: size - success }
    })
    judging = observeJudging(judging, trial)
  }
  return judging
}

function standing(id: string, changes: Partial<Standing> = {}): Standing {
  return { id, answering: emptyPosterior(), judging: emptyJudging(), kin: [], ...changes }
}

const judge = (judging: Judging): JudgeWeight => freezeWeights([standing('a', { judging })]).judgeWeights[0] as JudgeWeight
const anyPosterior = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })).map(([successes, failures]) => record(successes, failures))
const anyHits = fc.record(everySituation(() => fc.constantFrom(0, 0.1, 0.5, 0.8, 1)))
const anyJudging = fc.tuple(fc.nat({ max: 60 }), anyHits).map(([rounds, hits]) => judgeBy(rounds, hits))
const anyKin: fc.Arbitrary<Kin[]> = fc.array(fc.record({ member: fc.constantFrom('a', 'b', 'c', 'd'), apart: fc.nat({ max: 3 * MICRO }), chance: fc.nat({ max: 40 * MICRO }) }), { maxLength: 3 })
const anyPlayers: fc.Arbitrary<Standing[]> = fc
  .array(fc.record({ answering: fc.oneof(fc.constant(emptyPosterior()), anyPosterior), judging: fc.oneof(fc.constant(emptyJudging()), anyJudging), kin: anyKin }), { maxLength: 9 })
  .map((players) => players.map((player, index) => ({ id: 'abcdefghi'[index] as string, ...player })))

/** Slow twin of one weight: the definition in floating point with library functions. */
function weighSlowly(judging: JudgingTrial, truly: Situation, falsely: Situation): number {
  const count = (situations: readonly Situation[], of: 'success' | 'failure'): number => situations.reduce((sum, situation) => sum + judging[situation][of] / MICRO, 0)
  const [right, all] = [count(SITUATIONS, 'success'), count(SITUATIONS, 'success') + count(SITUATIONS, 'failure')]
  const reliability = (right + 0.65 * 16) / (all + 16)
  const prior = Math.min(32, all + 16)
  const hit = (situation: Situation): { rate: number; trials: number } => {
    const trials = count([situation], 'success') + count([situation], 'failure') + prior
    return { rate: (count([situation], 'success') + reliability * prior) / trials, trials }
  }
  const [said, opposite] = [hit(truly), hit(falsely)]
  const ratio = Math.log(said.rate / (1 - opposite.rate))
  const deviation = Math.sqrt((1 - said.rate) / said.rate / said.trials + opposite.rate / (1 - opposite.rate) / opposite.trials)
  return Math.sign(ratio) * Math.max(0, Math.abs(ratio) - deviation)
}

describe('the weight of a judge', () => {
  it('is its log-likelihood ratio less one standard deviation, as the slow twin has it', () => {
    fc.assert(fc.property(anyJudging, (judging) => {
      const weight = judge(judging)
      for (const [truly, falsely] of [['first', 'second'], ['second', 'first'], ['own', 'rival'], ['rival', 'own']] as const) {
        expect(Math.abs(weight[truly] - weighSlowly(judging, truly, falsely) * MICRO)).toBeLessThan(10)
      }
    }))
  })

  it('is a little for a stranger, nearly nothing for a coin, negative for who is reliably wrong', () => {
    const [unknown, coin, wrong, right] = [judge(emptyJudging()), judge(judgeBy(100, { first: 0.5, second: 0.5 })), judge(judgeBy(100, { first: 0.1, second: 0.1 })), judge(judgeBy(100, { first: 0.9, second: 0.9 }))]
    expect(unknown.first).toBeGreaterThan(200_000)
    expect(coin.first).toBeLessThan(100_000)
    expect(wrong.first).toBeLessThan(-MICRO)
    expect(right.first).toBeGreaterThan(MICRO)
    expect([unknown.known, judge(judgeBy(1, { first: 1 })).known, judge(judgeBy(4, { own: 0 })).known < MICRO / 2]).toEqual([0, 200_000, true])
    expect(right.known).toBeGreaterThan(900_000)
  })

  it('is nothing for who always says left, or always prefers its own answer', () => {
    expect(judge(judgeBy(100, { first: 1, second: 0 }))).toMatchObject({ first: 0, second: 0 })
    expect(judge(judgeBy(100, { own: 1, rival: 0 }))).toMatchObject({ own: 0, rival: 0 })
  })

  it('is more for a verdict against a bias than for one with it', () => {
    const biased = judge(judgeBy(100, { first: 0.95, second: 0.6, own: 0.98, rival: 0.4 }))
    expect(biased.second).toBeGreaterThan(biased.first)
    expect(biased.rival).toBeGreaterThan(biased.own)
  })

  it('grows with the record, and is bounded', () => {
    const weights = [5, 10, 20, 40, 80].map((rounds) => judge(judgeBy(rounds, { first: 0.9, second: 0.9 })).first)
    expect(weights).toEqual([...weights].sort((a, b) => a - b))
    const faultless = judge(judgeBy(1000, { first: 1, second: 1 }))
    for (const situation of SITUATIONS) expect(faultless[situation]).toBeLessThan(4 * MICRO)
  })

  it('is spread evenly over situations while nothing is known of them', () => {
    const weight = judge(judgeBy(50, { first: 0.8, second: 0.8 }))
    expect(weight.own).toBe(weight.rival)
    expect(weight.first).toBe(weight.second)
  })
})

describe('the weight of an answerer', () => {
  const weigh = (...records: Posterior[]): number[] => freezeWeights(records.map((answering, index) => standing('abcdef'[index] as string, { answering }))).answerWeights

  it('is one for a newcomer, and for who cannot be told from the panel', () => {
    expect(weigh(emptyPosterior(), record(30, 30), record(30, 30))).toEqual([MICRO, MICRO, MICRO])
    expect(weigh(record(31, 30), record(30, 31))).toEqual([MICRO, MICRO])
  })

  it('is the squared ratio of its odds to those of the panel, one standard deviation towards it', () => {
    const [good, bad] = weigh(record(80, 20), record(20, 80)) as [number, number]
    const both = [record(80, 20), record(20, 80)]
    const sum = (of: 'success' | 'failure'): number => both.reduce((total, posterior) => total + posterior[of] / MICRO, 4)
    const panel = sum('success') / (sum('success') + sum('failure'))
    both.forEach(({ success, failure }, index) => {
      const trials = (success + failure) / MICRO + 8
      const mean = (success / MICRO + 8 * panel) / trials
      const deviation = Math.sqrt((mean * (1 - mean)) / (trials + 1))
      const skill = index === 0 ? mean - deviation : mean + deviation
      expect(([good, bad][index] as number) / MICRO).toBeCloseTo((skill / (1 - skill) / (panel / (1 - panel))) ** 2, 3)
    })
  })

  it('is more for a longer record of the same kind, and never nothing', () => {
    const others = [record(20, 20), record(20, 20)]
    const weights = [5, 20, 80].map((trials) => weigh(record(0.8 * trials, 0.2 * trials), ...others)[0] as number)
    expect(weights).toEqual([...weights].sort((a, b) => a - b))
    expect(Math.min(...weigh(record(0, 128), record(128, 0)))).toBeGreaterThan(0)
  })
})

describe('freezeWeights', () => {
  it('weighs everybody alike while nobody is known', () => {
    const { judgeWeights, answerWeights, anchorMicro } = freezeWeights(['a', 'b', 'c', 'd', 'e'].map((id) => standing(id)))
    expect(new Set(judgeWeights.map((weight) => JSON.stringify(weight))).size).toBe(1)
    expect(judgeWeights[0]?.share).toBe(MICRO)
    expect(answerWeights).toEqual([MICRO, MICRO, MICRO, MICRO, MICRO])
    expect(anchorMicro).toBe(0)
    expect(freezeWeights([])).toEqual({ judgeWeights: [], answerWeights: [], anchorMicro: 0 })
  })

  it('counts all newcomers together as one member, once anybody is known', () => {
    const known = standing('a', { answering: record(10, 10), judging: judgeBy(20, { first: 0.7, second: 0.7 }) })
    for (const newcomers of [1, 2, 3, 10]) {
      const { answerWeights, judgeWeights } = freezeWeights([known, ...Array.from({ length: newcomers }, (_, index) => standing(`n${index}`))])
      expect(answerWeights.slice(1).reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(MICRO)
      expect(judgeWeights.slice(1).reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(MICRO)
      expect([answerWeights[0], judgeWeights[0]?.share]).toEqual([MICRO, MICRO])
    }
  })

  it('counts newcomers the less, the more others have shown, also where all are in probation', () => {
    const joined = (trials: number): number => {
      const members = ['a', 'b', 'c', 'd'].map((id) => standing(id, { answering: record(trials, 0) }))
      const { judgeWeights } = freezeWeights([...members, ...Array.from({ length: 10 }, (_, index) => standing(`n${index}`))])
      expect(judgeWeights[0]?.share).toBe(MICRO)
      return judgeWeights.slice(4).reduce((sum, { share }) => sum + share, 0)
    }
    const sums = Array.from({ length: 8 }, (_, trials) => joined(trials))
    expect(sums[0]).toBe(10 * MICRO)
    expect(sums.every((sum, index) => index === 0 || sum < (sums[index - 1] as number))).toBe(true)
    expect(sums[4]).toBeLessThan(2 * MICRO)
  })

  it('counts a family of copies as less than two members in both roles', () => {
    const kin = (id: string): Kin[] => ['a', 'b', 'c', 'd'].filter((other) => other !== id).map((member) => ({ member, apart: 0, chance: 20 * MICRO }))
    const answering = record(30, 10)
    const { answerWeights, judgeWeights } = freezeWeights([...['a', 'b', 'c', 'd'].map((id) => standing(id, { answering, kin: kin(id) })), standing('e', { answering })])
    expect(answerWeights.slice(0, 4).reduce((sum, weight) => sum + weight, 0)).toBeLessThan(2 * (answerWeights[4] as number))
    expect(judgeWeights.slice(0, 4).reduce((sum, { share }) => sum + share, 0)).toBeLessThan(2 * MICRO)
  })

  it('anchors as many as are out of probation in one role or the other', () => {
    fc.assert(fc.property(anyPlayers, (players) => {
      const proven = players.filter(({ answering, judging }) => !isInProbation(answering) || !isInProbation(poolTrial(judging))).length
      expect(freezeWeights(players).anchorMicro).toBe(players.length === 0 ? 0 : Math.floor((proven * MICRO) / players.length))
    }))
  })

  it('is invariant under relabelling players, in integers', () => {
    fc.assert(fc.property(anyPlayers.chain((players) => anyOrder(players.length).map((order) => ({ players, order }))), ({ players, order }) => {
      const before = freezeWeights(players)
      const after = freezeWeights(order.map((index) => players[index] as Standing))
      expect(after).toEqual({ ...before, judgeWeights: order.map((index) => before.judgeWeights[index]), answerWeights: order.map((index) => before.answerWeights[index]) })
      expect([...before.answerWeights, ...before.judgeWeights.flatMap((weight) => SITUATIONS.map((situation) => weight[situation]).concat(weight.share, weight.known))].every(Number.isSafeInteger)).toBe(true)
      expect(before.answerWeights.every((weight) => weight >= 0)).toBe(true)
    }))
  })

  it('takes a judge of whom nothing was said for a stranger', () => {
    expect(judge(observeJudging(emptyJudging(), everySituation(() => nothing)))).toEqual(judge(emptyJudging()))
  })
})
