import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { measureLikeness } from './likeness.ts'
import { anyRound, clusterInOrder } from './test/rounds.ts'
import type { Comparison, Verdict } from './types.ts'

const MICRO = 1_000_000

function says(judge: number, left: number, verdict: Verdict, right: number): Comparison {
  return { judge, left, right, verdict }
}

/** Likeness of two players after a round of answers with these labels, of which `right` is right. */
function between(labels: readonly number[], right: number, comparisons: readonly Comparison[], first: number, second: number): { apart: number; chance: number } {
  const answers = clusterInOrder(labels)
  const quality = labels.map((label) => (label === right ? MICRO : 0))
  const found = measureLikeness({ answers, comparisons, quality }).find(({ players }) => players[0] === first && players[1] === second)
  return { apart: found?.apart ?? 0, chance: found?.chance ?? 0 }
}

const anyCase = anyRound.chain((round) =>
  fc.array(fc.option(fc.constantFrom(0, 400_000, MICRO)), { minLength: round.answers.length, maxLength: round.answers.length }).map((quality) => ({ ...round, quality })),
)

describe('measureLikeness', () => {
  it('says at most two trials of each pair of players, in order', () => {
    fc.assert(fc.property(anyCase, (input) => {
      const found = measureLikeness(input)
      for (const { players: [first, second], apart, chance } of found) {
        expect(first).toBeLessThan(second)
        expect(Number.isInteger(apart) && Number.isInteger(chance) && apart >= 0 && chance > 0).toBe(true)
        expect(Math.max(apart, chance)).toBeLessThanOrEqual(2 * MICRO)
      }
      expect(new Set(found.map(({ players }) => players.join('/'))).size).toBe(found.length)
    }))
  })

  it('never sets apart who answers and judges the same', () => {
    fc.assert(fc.property(anyCase, ({ answers, comparisons, quality }) => {
      const [original, copy] = [0, 99]
      const copied = comparisons.filter(({ judge }) => judge === original).map((comparison) => ({ ...comparison, judge: copy }))
      const { cluster } = answers[original] as { cluster: number }
      const found = measureLikeness({ answers: [...answers, { author: copy, cluster }], comparisons: [...comparisons, ...copied], quality: [...quality, quality[original] ?? null] })
      expect(found.filter(({ players }) => players[0] === original && players[1] === copy).every(({ apart }) => apart === 0)).toBe(true)
    }))
  })

  it('says nothing of those who are both right', () => {
    expect(between([0, 0, 1, 2], 0, [], 0, 1)).toEqual({ apart: 0, chance: 0 })
    const right = [says(2, 0, 'left', 1), says(3, 0, 'left', 1), says(4, 0, 'right', 1)]
    expect(between([0, 1, 2, 3, 4], 0, right, 2, 3)).toEqual({ apart: 0, chance: 0 })
  })

  it('expects strangers to agree on what others say too, and counts a rare error in common for more', () => {
    const common = between([0, 0, 0, 0, 0, 1], 9, [], 0, 1)
    const rare = between([0, 0, 1, 1, 1, 1], 9, [], 0, 1)
    expect([common.apart, rare.apart]).toEqual([0, 0])
    expect(rare.chance).toBe(MICRO)
    expect(common.chance).toBe(MICRO - Math.floor((MICRO * 3) / 5))
  })

  it('weighs all verdicts together like the answers, both orders of a pair as one', () => {
    const said = [says(3, 0, 'right', 1), says(3, 1, 'left', 0), says(4, 0, 'right', 1), says(3, 1, 'right', 2), says(4, 1, 'left', 2)]
    expect(between([0, 1, 2, 3, 4], 0, said, 3, 4)).toEqual({ apart: MICRO / 2, chance: MICRO - 2 * Math.floor((MICRO / 2) * (1 / 3)) })
  })

  it('counts differing four times where nobody knows who is right, and agreement of all', () => {
    const answers = clusterInOrder([0, 0, 0, 1])
    const found = measureLikeness({ answers, comparisons: [], quality: null })
    expect(found.map(({ players, apart }) => [...players, apart])).toEqual([[0, 1, 0], [0, 2, 0], [0, 3, 4 * MICRO], [1, 2, 0], [1, 3, 4 * MICRO], [2, 3, 4 * MICRO]])
    expect(found[0]?.chance).toBe(MICRO - Math.floor((MICRO * 1) / 3))
  })

  it('learns nothing from answers that nobody could share', () => {
    expect(measureLikeness({ answers: clusterInOrder([0, 1, 2]), comparisons: [], quality: [MICRO, 0, 0] })).toEqual([])
  })
})
