import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { weighBallots, type BallotsInput } from './ballots.ts'
import { anyJudges, anyRelabelling, anyRound, clusterInOrder, relabel } from './test/rounds.ts'
import type { Comparison, Verdict, WeighedComparison } from './types.ts'
import type { JudgeWeight } from './weights.ts'

const MICRO = 1_000_000
const turned = { left: 'right', right: 'left', tie: 'tie' } as const

function says(judge: number, left: number, verdict: Verdict, right: number): Comparison {
  return { judge, left, right, verdict }
}

function judgeOf(logOdds: number, changes: Partial<JudgeWeight> = {}): JudgeWeight {
  return { first: logOdds, second: logOdds, own: logOdds, rival: logOdds, share: MICRO, known: MICRO, ...changes }
}

/** Weights of comparisons among three answers by players 0 to 2, judged by players 3 and up. */
function weigh(judges: readonly JudgeWeight[], comparisons: readonly Comparison[]): number[] {
  const authors = Array.from({ length: 3 }, () => judgeOf(0))
  return weighBallots({ answers: clusterInOrder([0, 1, 2]), comparisons, judgeWeights: [...authors, ...judges] }).map(({ weight }) => weight)
}

const withoutWeights = (comparisons: readonly WeighedComparison[]): Comparison[] => comparisons.map(({ judge, left, right, verdict }) => ({ judge, left, right, verdict }))
const anyBallots: fc.Arbitrary<BallotsInput> = anyRound.chain(({ answers, comparisons, answerWeights }) =>
  anyJudges(answerWeights.length).map((judgeWeights) => ({ answers, comparisons: withoutWeights(comparisons), judgeWeights })),
)

describe('weighBallots', () => {
  it('gives every comparison a signed integer, and changes nothing else', () => {
    fc.assert(fc.property(anyBallots, (input) => {
      const weighed = weighBallots(input)
      expect(withoutWeights(weighed)).toEqual(input.comparisons)
      expect(weighed.every(({ weight }) => Number.isSafeInteger(weight))).toBe(true)
    }))
  })

  it('changes nothing but labels when answers and judges are relabelled', () => {
    fc.assert(fc.property(anyRelabelling.chain((drawn) => anyJudges(drawn.players.length).map((judges) => ({ ...drawn, judges }))), ({ round, judges, ...labels }) => {
      const moved: JudgeWeight[] = []
      judges.forEach((weight, player) => (moved[labels.players[player] as number] = weight))
      const before = weighBallots({ ...round, judgeWeights: judges })
      const after = weighBallots({ ...relabel(round, labels), judgeWeights: moved })
      before.forEach(({ weight }, index) => expect(Math.abs(weight - (after[index]?.weight as number))).toBeLessThanOrEqual(1))
    }))
  })

  it('is the mirror image where pairs are shown in the other order and the position biases are exchanged', () => {
    fc.assert(fc.property(anyBallots, ({ answers, comparisons, judgeWeights }) => {
      const mirrored = comparisons.map(({ judge, left, right, verdict }) => ({ judge, left: right, right: left, verdict: turned[verdict] }))
      const exchanged = judgeWeights.map(({ first, second, ...rest }) => ({ ...rest, first: second, second: first }))
      const weights = (input: BallotsInput): number[] => weighBallots(input).map(({ weight }) => weight)
      expect(weights({ answers, comparisons: mirrored, judgeWeights: exchanged })).toEqual(weights({ answers, comparisons, judgeWeights }))
    }))
  })

  it('weighs everything alike among strangers, who all weigh the same, and where nobody weighs anything', () => {
    const said = [says(3, 0, 'left', 1), says(4, 1, 'tie', 2), says(5, 0, 'right', 2)]
    for (const logOdds of [0, 300_000, 2_000_000]) {
      for (const known of [0, MICRO]) {
        const judges = Array.from({ length: 3 }, () => judgeOf(logOdds, { known }))
        expect(weigh(judges, said)).toEqual([MICRO / 2, MICRO / 2, MICRO / 2])
      }
    }
  })

  it('weighs all that a judge says on one pair in one order like one verdict, both orders together 1', () => {
    expect(weigh([judgeOf(MICRO)], [says(3, 0, 'left', 1), says(3, 1, 'left', 0), says(3, 1, 'left', 2), says(3, 1, 'right', 2)])).toEqual([MICRO / 2, MICRO / 2, MICRO / 4, MICRO / 4])
  })

  it('turns a verdict of negative log-odds round, and weighs a tie by the mean size', () => {
    const biased = judgeOf(0, { first: -400_000, second: 1_200_000 })
    const [left, right, tie] = weigh([biased], [says(3, 0, 'left', 1), says(3, 0, 'right', 2), says(3, 1, 'tie', 2)]) as [number, number, number]
    expect(right / left).toBeCloseTo(-3)
    expect(tie).toBeCloseTo((right - left) / 2, -1)
  })

  it('is not changed by a judge without weight', () => {
    fc.assert(fc.property(anyBallots.filter(({ comparisons }) => comparisons.length > 0), ({ answers, comparisons, judgeWeights }) => {
      const speaking = judgeWeights.map(({ first, known }) => judgeOf(MICRO + Math.abs(first), { known }))
      const mute = { judge: judgeWeights.length, left: 0, right: 1, verdict: 'left' as const }
      const before = weighBallots({ answers, comparisons, judgeWeights: speaking })
      const after = weighBallots({ answers, comparisons: [...comparisons, mute], judgeWeights: [...speaking, judgeOf(0)] })
      expect(after).toEqual([...before, { ...mute, weight: 0 }])
    }))
  })

  it('gives a family that says the same together what one of its members would have', () => {
    const said = [says(3, 0, 'left', 1), says(3, 1, 'left', 2)]
    const alone = weigh([judgeOf(900_000), judgeOf(0), judgeOf(600_000)], [...said, says(5, 2, 'left', 0)])
    const half = judgeOf(900_000, { share: MICRO / 2 })
    const copied = said.map((comparison) => ({ ...comparison, judge: 4 }))
    const shared = weigh([half, half, judgeOf(600_000)], [...said, ...copied, says(5, 2, 'left', 0)])
    expect(Math.abs((shared[0] as number) + (shared[2] as number) - (alone[0] as number))).toBeLessThanOrEqual(2)
    expect(Math.abs((shared.at(-1) as number) - (alone.at(-1) as number))).toBeLessThanOrEqual(2)
  })

  it('counts a comparison as much as its judge and its authors, each once', () => {
    const shares = [MICRO, MICRO / 2, MICRO / 4, MICRO / 5]
    const judgeWeights = shares.map((share) => judgeOf(MICRO, { share }))
    const answers = clusterInOrder([0, 1, 2])
    const weightOf = (comparison: Comparison): number => weighBallots({ answers, comparisons: [comparison], judgeWeights })[0]?.weight as number
    expect([weightOf(says(0, 1, 'left', 2)), weightOf(says(1, 1, 'left', 2)), weightOf(says(3, 1, 'left', 0))]).toEqual([MICRO / 16, MICRO / 16, MICRO / 20])
  })

  it('lets the mean judge weigh one, and known judges who add nothing to the better ones nothing', () => {
    const said = [3, 4, 5].map((judge) => says(judge, 0, 'left', 1))
    const weights = weigh([judgeOf(2_000_000), judgeOf(1_800_000), judgeOf(100_000)], said)
    expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - (3 * MICRO) / 2)).toBeLessThanOrEqual(3)
    expect(weights[2]).toBe(0)
    const strangers = weigh([judgeOf(2_000_000, { known: 0 }), judgeOf(1_800_000, { known: 0 }), judgeOf(100_000, { known: 0 })], said)
    expect(strangers[2]).toBeGreaterThan(0)
  })

  it.each([['a judge', says(9, 0, 'left', 1)], ['an answer', says(0, 0, 'left', 7)]])('throws RangeError on %s that does not exist', (_, comparison) => {
    expect(() => weigh([], [comparison])).toThrow(RangeError)
  })
})
