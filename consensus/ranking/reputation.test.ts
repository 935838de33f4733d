import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, everySituation, FAILED_JUDGING, MEMORY_TRIALS, observe, observeJudging, poolJudging, poolTrial, PROBATION_TRIALS, summarize } from './reputation.ts'
import { SITUATIONS, type Judging, type JudgingTrial, type Posterior, type Trial } from './types.ts'

const MICRO = 1_000_000
const anyTrial: fc.Arbitrary<Trial> = fc.tuple(fc.nat({ max: MICRO }), fc.nat({ max: MICRO })).map(([trial, part]) => {
  const success = Math.floor((trial * part) / MICRO)
  return { success, failure: trial - success }
})
const anyHistory = fc.array(fc.oneof(anyTrial, fc.constantFrom({ success: MICRO, failure: 0 }, { success: 0, failure: MICRO }, { success: 1, failure: 0 })), { maxLength: 300 })
const win = { success: MICRO, failure: 0 }
const loss = { success: 0, failure: MICRO }

function observeAll(trials: readonly Trial[]): Posterior {
  return trials.reduce<Posterior>((known, trial) => observe(known, trial), emptyPosterior())
}

describe('observe', () => {
  it('keeps non-negative integers of at most the memory', () => {
    fc.assert(fc.property(anyHistory, (history) => {
      const { success, failure, count } = observeAll(history)
      expect([success, failure, count].every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true)
      expect(success + failure).toBeLessThanOrEqual(MEMORY_TRIALS * MICRO)
      expect(count).toBe(history.filter((trial) => trial.success + trial.failure > 0).length)
    }))
  })

  it('agrees with exact decay by evidence / 128, and a sixteenth left where being right half as often is twenty times as likely', () => {
    const turning = fc.tuple(anyHistory, fc.nat(40), fc.nat(12)).map(([history, wins, losses]) => [...history, ...Array.from({ length: wins }, () => win), ...Array.from({ length: losses }, () => loss)])
    fc.assert(fc.property(turning, (history) => {
      let [right, wrong, doubt, slack] = [0, 0, 0, Infinity]
      for (const { success, failure } of history) {
        const promised = Math.min(0.75, (right + 1) / (right + wrong + 2))
        doubt = Math.max(0, doubt + (success / MICRO) * Math.log(1 / 2) + (failure / MICRO) * Math.log((1 - promised / 2) / (1 - promised)))
        slack = Math.min(slack, Math.abs(doubt - Math.log(20)))
        const left = (1 - (success + failure) / MICRO / MEMORY_TRIALS) / (doubt >= Math.log(20) ? 16 : 1)
        if (doubt >= Math.log(20)) doubt = 0
        ;[right, wrong] = [right * left + success / MICRO, wrong * left + failure / MICRO]
      }
      // Rounding may tip the scales where the odds come close to twenty.
      if (slack > 0.001) expect(Math.abs(observeAll(history).success / MICRO - right)).toBeLessThanOrEqual(0.001)
    }))
  })

  it('breaks off the record of a member that turns, within nine rounds, and of none that goes on', () => {
    for (const [wins, losses] of [[9, 1], [7, 3], [5, 5]] as const) {
      const cycle = Array.from({ length: wins + losses }, (_, round) => (Math.floor(((round + 1) * wins) / 10) > Math.floor((round * wins) / 10) ? win : loss))
      const steady = Array.from({ length: 10 }, () => cycle).flat()
      const before = observeAll(steady)
      expect(before.success + before.failure).toBeGreaterThan(60 * MICRO)
      const turned = Array.from({ length: 9 }, () => loss).reduce<Posterior>((known, trial) => observe(known, trial), before)
      expect(turned.success).toBeLessThan(0.3 * before.success)
    }
  })

  it('breaks off any good record at the fourth failure in a row, not before', () => {
    for (const wins of [20, 100]) {
      const record = observeAll(Array.from({ length: wins }, () => win))
      const after = (failures: number): Posterior => Array.from({ length: failures }, () => loss).reduce<Posterior>((known, trial) => observe(known, trial), record)
      expect(after(3).success).toBeGreaterThan(0.9 * record.success)
      expect(after(4).success).toBeLessThan(0.07 * record.success)
    }
  })

  it('forgets: after a thousand failures the early successes are gone', () => {
    const trials = [...Array.from({ length: 100 }, () => win), ...Array.from({ length: 1000 }, () => loss)]
    expect(observeAll(trials).success).toBeLessThan(0.1 * MICRO)
  })

  it('erases little where little is said: ten tenths of a trial decay like one whole', () => {
    const known = observeAll(Array.from({ length: 60 }, () => win))
    const tenths = Array.from({ length: 10 }, () => ({ success: 0, failure: MICRO / 10 })).reduce<Posterior>((faded, trial) => observe(faded, trial), known)
    expect(Math.abs(tenths.success - observe(known, loss).success)).toBeLessThan(2000)
    expect(Math.abs(tenths.doubt - observe(known, loss).doubt)).toBeLessThan(10_000)
  })

  it('is unchanged by a round without evidence', () => {
    const known = observeAll([win, loss])
    expect(observe(known, { success: 0, failure: 0 })).toEqual(known)
  })

  it('leaves its argument alone', () => {
    const known = Object.freeze(observeAll([win]))
    observe(known, loss)
    expect(known).toEqual(observeAll([win]))
  })

  it.each([[-1, 0], [0.5, 0], [MICRO, 1], [NaN, 0]])('throws RangeError on %d and %d', (success, failure) => {
    expect(() => observe(emptyPosterior(), { success, failure })).toThrow(RangeError)
  })
})

describe('observeJudging', () => {
  /** Up to one trial for each of the two orders of the pairs. */
  const double = (trial: JudgingTrial): JudgingTrial => everySituation((situation) => ({ success: 2 * trial[situation].success, failure: 2 * trial[situation].failure }))
  const anyJudgingTrial: fc.Arbitrary<JudgingTrial> = fc.tuple(anyTrial, fc.nat({ max: 15 })).map(([{ success, failure }, seed]) =>
    everySituation((situation) => {
      const place = SITUATIONS.indexOf(situation)
      return { success: seed % 4 === place ? success : 0, failure: seed >> 2 === place ? failure : 0 }
    }))
  const anyTrials = fc.array(anyJudgingTrial, { maxLength: 200 })
  const observed = (trials: readonly JudgingTrial[]): Judging => trials.reduce<Judging>((known, trial) => observeJudging(known, trial), emptyJudging())

  it('is over all situations what observe makes of the pooled trials', () => {
    fc.assert(fc.property(anyTrials, (trials) => {
      const pooled = poolJudging(observed(trials))
      const whole = observeAll(trials.map(poolTrial))
      expect(pooled.count).toBe(whole.count)
      // Each situation rounds down by itself.
      for (const of of ['success', 'failure'] as const) expect(Math.abs(pooled[of] - whole[of])).toBeLessThanOrEqual(4 * trials.length)
    }))
  })

  it('keeps non-negative integers of at most the memory', () => {
    fc.assert(fc.property(anyTrials, fc.boolean(), (trials, areDouble) => {
      const judging = observed(areDouble ? trials.map(double) : trials)
      for (const situation of SITUATIONS) expect(Object.values(judging[situation]).every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true)
      const { success, failure } = poolJudging(judging)
      expect(success + failure).toBeLessThanOrEqual(MEMORY_TRIALS * MICRO)
    }))
  })

  it('doubts a round that asked in both orders no more than one that asked in one', () => {
    fc.assert(fc.property(anyTrials, fc.nat({ max: MICRO }), (trials, success) => {
      const known = observed(trials)
      const trial = { ...everySituation(() => ({ success: 0, failure: 0 })), first: { success, failure: MICRO - success } }
      expect(observeJudging(known, double(trial)).doubt).toBe(observeJudging(known, trial).doubt)
    }))
  })

  it('lets a failed trial count against every situation alike', () => {
    expect(poolTrial(FAILED_JUDGING)).toEqual(loss)
    expect(new Set(SITUATIONS.map((situation) => FAILED_JUDGING[situation].failure)).size).toBe(1)
  })

  it('is unchanged by a round without evidence, and throws RangeError on more than one trial for each order', () => {
    const known = observeJudging(emptyJudging(), FAILED_JUDGING)
    expect(observeJudging(known, everySituation(() => ({ success: 0, failure: 0 })))).toEqual(known)
    expect(() => observeJudging(known, everySituation(() => ({ success: MICRO / 3, failure: 0 })))).toThrow(RangeError)
    expect(() => observeJudging(known, { ...FAILED_JUDGING, own: win })).not.toThrow()
    expect(() => observeJudging(known, { ...FAILED_JUDGING, own: win, rival: loss })).toThrow(RangeError)
  })
})

describe('summarize', () => {
  it('knows nothing of a newcomer', () => {
    expect(summarize(emptyPosterior())).toEqual({ mean: 500_000, low: 26_573, high: 973_427, count: 0, probation: true })
  })

  it('gives the mean and the normal 90 % interval of the Beta posterior', () => {
    fc.assert(fc.property(anyHistory, (history) => {
      const posterior = observeAll(history)
      const [a, b] = [posterior.success / MICRO + 1, posterior.failure / MICRO + 1]
      const mean = a / (a + b)
      const reach = 1.64 * Math.sqrt((a * b) / ((a + b) ** 2 * (a + b + 1)))
      const { low, high, ...rest } = summarize(posterior)
      expect(Math.abs(rest.mean - mean * MICRO)).toBeLessThanOrEqual(1)
      expect(Math.abs(low - Math.max(0, mean - reach) * MICRO)).toBeLessThan(20)
      expect(Math.abs(high - Math.min(1, mean + reach) * MICRO)).toBeLessThan(20)
    }))
  })

  it('is made of integers in order', () => {
    fc.assert(fc.property(anyHistory, (history) => {
      const { mean, low, high } = summarize(observeAll(history))
      expect([mean, low, high].every(Number.isInteger)).toBe(true)
      expect(0 <= low && low <= mean && mean <= high && high <= MICRO).toBe(true)
    }))
  })

  it('mirrors success and failure', () => {
    fc.assert(fc.property(anyHistory, (history) => {
      const posterior = observeAll(history)
      const straight = summarize(posterior)
      const mirrored = summarize({ ...posterior, success: posterior.failure, failure: posterior.success })
      expect(Math.abs(straight.low + mirrored.high - MICRO)).toBeLessThanOrEqual(4)
    }))
  })

  it('raises the lower end with every success at a fixed record', () => {
    let posterior = emptyPosterior()
    for (let round = 0; round < 100; round++) {
      const next = observe(posterior, win)
      expect(summarize(next).low).toBeGreaterThanOrEqual(summarize(posterior).low)
      posterior = next
    }
  })

  it('ends probation with the ninth full trial, or as many tenths', () => {
    const probation = (trials: Trial[]): boolean => summarize(observeAll(trials)).probation
    expect(probation(Array.from({ length: PROBATION_TRIALS }, () => win))).toBe(true)
    expect(probation(Array.from({ length: PROBATION_TRIALS + 1 }, () => win))).toBe(false)
    expect(probation(Array.from({ length: 80 }, () => ({ success: 100_000, failure: 0 })))).toBe(true)
    expect(probation(Array.from({ length: 90 }, () => ({ success: 100_000, failure: 0 })))).toBe(false)
  })
})
