import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeededStream } from '../hash.ts'
import { fitBradleyTerry, PRIOR_WINS } from './bradley-terry.ts'
import { anyOrder } from './test/rounds.ts'

/** Slow twin: minorise-maximise (Hunter 2004) until nothing moves. */
function fitSlowly(wins: ArrayLike<number>, n: number): number[] {
  let strengths = Array.from({ length: n }, () => 1 / n)
  for (let sweep = 0; sweep < 200_000; sweep++) {
    const raw = strengths.map((own, i) => {
      let [won, met] = [0, 0]
      strengths.forEach((other, j) => {
        if (j === i) return
        won += (wins[i * n + j] as number) + PRIOR_WINS
        met += ((wins[i * n + j] as number) + (wins[j * n + i] as number) + 2 * PRIOR_WINS) / (own + other)
      })
      return won / met
    })
    const total = raw.reduce((sum, strength) => sum + strength, 0)
    const next = raw.map((strength) => strength / total)
    const moved = Math.max(...next.map((strength, i) => Math.abs(strength - (strengths[i] as number))))
    strengths = next
    if (moved < 1e-15) break
  }
  return strengths
}

/** Wins as judges of accuracy 3/4 with two orders each would give them on answers of falling quality. */
function judgeAtRandom(n: number, judges: number, seed: string): Float64Array {
  const stream = createSeededStream(seed)
  const wins = new Float64Array(n * n)
  for (let judge = 0; judge < judges; judge++) {
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        if (stream.below(3) === 0) continue
        const [better, worse] = stream.below(4) > 0 ? [i, j] : [j, i]
        wins[better * n + worse] = (wins[better * n + worse] as number) + (1 + stream.below(3)) / 2
      }
    }
  }
  return wins
}

const anyWins = fc.integer({ min: 2, max: 8 }).chain((n) =>
  fc.record({ n: fc.constant(n), wins: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 }).map((x) => x / 2)), { minLength: n * n, maxLength: n * n }) }),
)

function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(0, ...Array.from(a, (value, index) => Math.abs(value - (b[index] as number))))
}

describe('fitBradleyTerry', () => {
  it.each([[2, 1], [4, 4], [9, 5], [18, 11]])('agrees with the slow twin to 1e-9: %i answers, %i judges', (n, judges) => {
    for (const seed of ['a', 'b', 'c']) {
      const wins = judgeAtRandom(n, judges, seed)
      expect(farthest(fitBradleyTerry(wins, n), fitSlowly(wins, n))).toBeLessThan(1e-9)
    }
  })

  it('agrees with the slow twin where two camps are told apart without exception', () => {
    const n = 6
    const wins = Float64Array.from({ length: n * n }, (_, at) => ((Math.floor(at / n) < 2) === (at % n < 2) ? 5.5 : Math.floor(at / n) < 2 ? 11 : 0))
    expect(farthest(fitBradleyTerry(wins, n), fitSlowly(wins, n))).toBeLessThan(1e-9)
  })

  it('solves two answers in closed form', () => {
    const [first, second] = fitBradleyTerry([0, 3, 1, 0], 2)
    expect(first).toBeCloseTo(3.05 / 4.1, 12)
    expect(second).toBeCloseTo(1.05 / 4.1, 12)
  })

  it('meets the likelihood equations: wins equal expected wins', () => {
    fc.assert(fc.property(anyWins, ({ n, wins }) => {
      const strengths = fitBradleyTerry(wins, n)
      strengths.forEach((own, i) => {
        let surplus = 0
        strengths.forEach((other, j) => {
          if (j === i) return
          const [won, lost] = [(wins[i * n + j] as number) + PRIOR_WINS, (wins[j * n + i] as number) + PRIOR_WINS]
          surplus += won - ((won + lost) * own) / (own + other)
        })
        expect(Math.abs(surplus)).toBeLessThan(1e-9)
      })
    }))
  })

  it('is positive and sums to one', () => {
    fc.assert(fc.property(anyWins, ({ n, wins }) => {
      const strengths = Array.from(fitBradleyTerry(wins, n))
      expect(strengths.every((strength) => strength > 0)).toBe(true)
      expect(strengths.reduce((sum, strength) => sum + strength, 0)).toBeCloseTo(1, 12)
    }))
  })

  it('is invariant under relabelling answers', () => {
    fc.assert(fc.property(anyWins.chain((game) => anyOrder(game.n).map((order) => ({ ...game, order }))), ({ n, wins, order }) => {
      const moved = new Float64Array(n * n)
      wins.forEach((won, at) => (moved[(order[Math.floor(at / n)] as number) * n + (order[at % n] as number)] = won))
      const strengths = fitBradleyTerry(moved, n)
      expect(farthest(fitBradleyTerry(wins, n), order.map((place) => strengths[place] as number))).toBeLessThan(1e-12)
    }))
  })

  it('never lowers an answer by a win for it', () => {
    fc.assert(fc.property(anyWins, fc.nat(), fc.nat(), fc.double({ min: 1e-3, max: 5, noNaN: true }), ({ n, wins }, winnerSeed, loserSeed, weight) => {
      const winner = winnerSeed % n
      const loser = (winner + 1 + (loserSeed % (n - 1))) % n
      const more = wins.map((won, at) => (at === winner * n + loser ? won + weight : won))
      expect(fitBradleyTerry(more, n)[winner]).toBeGreaterThanOrEqual((fitBradleyTerry(wins, n)[winner] as number) - 1e-13)
    }))
  })

  it('treats answers alike that nothing tells apart', () => {
    expect(Array.from(fitBradleyTerry(new Float64Array(25), 5))).toEqual([0.2, 0.2, 0.2, 0.2, 0.2])
    const cycle = [0, 1, 0, 0, 0, 1, 1, 0, 0]
    for (const strength of fitBradleyTerry(cycle, 3)) expect(strength).toBeCloseTo(1 / 3, 14)
  })

  it('keeps an undefeated answer finite, and stronger the more it has won', () => {
    const best = (wins: number): number => fitBradleyTerry([0, wins, wins, 0, 0, 0, 0, 0, 0], 3)[0] as number
    expect(best(1)).toBeGreaterThan(0.8)
    expect(best(10)).toBeGreaterThan(best(1))
    expect(best(1e6)).toBeLessThan(1)
  })

  it('compares answers across a disconnected graph by the prior', () => {
    const wins = new Float64Array(16)
    wins[0 * 4 + 1] = 3
    wins[2 * 4 + 3] = 3
    const [a, b, c, d] = fitBradleyTerry(wins, 4) as unknown as [number, number, number, number]
    expect(a).toBeCloseTo(c, 12)
    expect(b).toBeCloseTo(d, 12)
    expect(a).toBeGreaterThan(b)
  })

  it('stays finite for a unanimous order of 64 answers by 64 judges', () => {
    const n = 64
    const wins = Float64Array.from({ length: n * n }, (_, at) => (Math.floor(at / n) < at % n ? 256 : 0))
    const strengths = Array.from(fitBradleyTerry(wins, n))
    expect(strengths.every((strength, i) => strength > 0 && (i === 0 || strength < (strengths[i - 1] as number)))).toBe(true)
  })

  it('fits no answer and one answer', () => {
    expect(Array.from(fitBradleyTerry([], 0))).toEqual([])
    expect(Array.from(fitBradleyTerry([0], 1))).toEqual([1])
  })

  it.each([[[0, 1, 1], 2], [[0, -1, 1, 0], 2], [[0, NaN, 1, 0], 2], [[0, Infinity, 1, 0], 2], [[], -1]])('throws RangeError on wins %j for n = %i', (wins, n) => {
    expect(() => fitBradleyTerry(wins, n)).toThrow(RangeError)
  })
})
