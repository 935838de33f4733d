import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatherEvidence, type RoundEvidence } from './evidence.ts'
import type { Trial } from './reputation.ts'
import { anyRelabelling, anyRound, clusterInOrder, relabel } from './test/rounds.ts'
import type { Comparison, RankingInput, Verdict } from './types.ts'

const MICRO = 1_000_000
const nothing: Trial = { success: 0, failure: 0 }

function round(labels: readonly number[], comparisons: readonly Comparison[]): RankingInput {
  const weights = Array.from({ length: 6 }, () => MICRO)
  return { answers: clusterInOrder(labels), comparisons, judgeWeights: weights, answerWeights: weights }
}

function says(judge: number, left: number, verdict: Verdict, right: number): Comparison {
  return { judge, left, right, verdict }
}

function gather(input: RankingInput, quality: readonly (number | null)[] | null, players = 6): RoundEvidence {
  return gatherEvidence({ ...input, players, quality })
}

/** Everybody of `judges` prefers the answer with the lower index, in both orders. */
function rankInOrder(judges: readonly number[], answers: number): Comparison[] {
  return judges.flatMap((judge) =>
    Array.from({ length: answers * answers }, (_, at) => [Math.floor(at / answers), at % answers] as const)
      .filter(([left, right]) => left !== right)
      .map(([left, right]) => says(judge, left, left < right ? 'left' : 'right', right)),
  )
}

const anyQuality = (answers: number): fc.Arbitrary<(number | null)[] | null> =>
  fc.option(fc.array(fc.option(fc.constantFrom(0, 250_000, MICRO)), { minLength: answers, maxLength: answers }))

describe('gatherEvidence', () => {
  it('is at most one trial each, a tenth without truth, in non-negative integers', () => {
    fc.assert(fc.property(anyRound.chain((input) => anyQuality(input.answers.length).map((quality) => ({ input, quality }))), ({ input, quality }) => {
      const { answering, judging } = gather(input, quality, input.judgeWeights.length)
      for (const { success, failure } of [...answering, ...judging]) {
        expect(Number.isInteger(success) && Number.isInteger(failure) && success >= 0 && failure >= 0).toBe(true)
        expect([0, quality === null ? MICRO / 10 : MICRO]).toContain(success + failure)
      }
      expect([answering.length, judging.length]).toEqual([input.judgeWeights.length, input.judgeWeights.length])
    }))
  })

  it('changes nothing but labels when answers and judges are relabelled', () => {
    fc.assert(fc.property(anyRelabelling.chain((drawn) => anyQuality(drawn.round.answers.length).map((quality) => ({ ...drawn, quality }))), ({ round: input, quality, ...labels }) => {
      const players = input.judgeWeights.length
      const moved: (number | null)[] = []
      quality?.forEach((value, index) => (moved[labels.answers[index] as number] = value))
      const before = gather(input, quality, players)
      const after = gather(relabel(input, labels), quality && moved, players)
      for (const side of ['answering', 'judging'] as const) {
        before[side].forEach(({ success, failure }, player) => {
          const other = after[side][labels.players[player] as number] as Trial
          expect(success + failure).toBe(other.success + other.failure)
          expect(Math.abs(success - other.success)).toBeLessThanOrEqual(quality === null ? 1 : 0)
        })
      }
    }))
  })

  it('learns nothing among fewer than three players', () => {
    const input = round([0, 1], rankInOrder([0, 1], 2))
    expect(gather(input, [MICRO, 0], 2)).toEqual({ answering: [nothing, nothing], judging: [nothing, nothing] })
    expect(gather(input, [MICRO, 0], 3).judging[0]).toEqual({ success: MICRO, failure: 0 })
  })

  it('throws RangeError if quality is not one per answer', () => {
    expect(() => gather(round([0, 1], []), [MICRO])).toThrow(RangeError)
  })
})

describe('gatherEvidence with truth', () => {
  it('takes the quality of an answer as its author\'s success', () => {
    const { answering } = gather(round([0, 1, 2, 3], []), [MICRO, 0, 250_000, null])
    expect(answering).toEqual([{ success: MICRO, failure: 0 }, { success: 0, failure: MICRO }, { success: 250_000, failure: 750_000 }, nothing, nothing, nothing])
  })

  it('counts a verdict as right, wrong or half right, and each pair once', () => {
    const said = [says(4, 0, 'left', 1), says(4, 1, 'right', 0), says(4, 0, 'right', 2), says(4, 3, 'tie', 0)]
    expect(gather(round([0, 1, 2, 3], said), [MICRO, 0, 0, 0]).judging[4]).toEqual({ success: 500_000, failure: 500_000 })
    expect(gather(round([0, 1], [says(4, 0, 'left', 1), says(4, 1, 'left', 0)]), [MICRO, 0]).judging[4]).toEqual({ success: 500_000, failure: 500_000 })
  })

  it('says nothing about verdicts on answers of equal or unknown quality', () => {
    const said = [says(4, 0, 'left', 1), says(4, 0, 'left', 2)]
    expect(gather(round([0, 1, 2], said), [MICRO, MICRO, null]).judging[4]).toEqual(nothing)
  })

  it('does not see weights or verdicts of others', () => {
    const input = round([0, 1, 2], rankInOrder([3, 4], 3))
    const alone = { ...round([0, 1, 2], rankInOrder([3], 3)), judgeWeights: [0, 0, 0, -5, 0, 0] }
    expect(gather(alone, [MICRO, 0, 0]).judging[3]).toEqual(gather(input, [MICRO, 0, 0]).judging[3])
  })
})

describe('gatherEvidence without truth', () => {
  it('counts agreement with the consensus of the others, a tenth', () => {
    const inverted = rankInOrder([5], 3).map((said) => ({ ...said, verdict: said.verdict === 'left' ? ('right' as const) : ('left' as const) }))
    const { judging } = gather(round([0, 1, 2], [...rankInOrder([2, 3, 4], 3), ...inverted]), null)
    expect(judging[3]).toEqual({ success: 100_000, failure: 0 })
    expect(judging[5]).toEqual({ success: 0, failure: 100_000 })
  })

  it('shows nothing where the others are exactly divided', () => {
    const inverted = rankInOrder([5], 3).map((said) => ({ ...said, left: said.right, right: said.left }))
    expect(gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...inverted]), null).judging[3]).toEqual(nothing)
  })

  it('leaves a judge out of the consensus it is measured by, its own answer included', () => {
    const alone = round([0, 1, 2], rankInOrder([0], 3))
    expect(gather(alone, null).judging[0]).toEqual(nothing)
    // The others prefer 2 to 1. What player 0 says about its own answer shows nothing.
    const others = [3, 4].flatMap((judge) => [says(judge, 2, 'left', 1), says(judge, 0, 'right', 2)])
    expect(gather(round([0, 1, 2], [...others, says(0, 0, 'left', 1), says(0, 0, 'left', 2)]), null).judging[0]).toEqual(nothing)
    expect(gather(round([0, 1, 2], [...others, says(0, 1, 'right', 2), says(0, 0, 'left', 2)]), null).judging[0]).toEqual({ success: 100_000, failure: 0 })
  })

  it('gives one half to a judge that always says left or tie, asked in both orders', () => {
    for (const verdict of ['left', 'tie'] as const) {
      const lazy = rankInOrder([5], 3).map((said) => ({ ...said, verdict }))
      expect(gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...lazy]), null).judging[5]).toEqual({ success: 50_000, failure: 50_000 })
    }
  })

  it('judges an answerer by the ballots of others only', () => {
    const before = gather(round([0, 1, 2], rankInOrder([3, 4], 3)), null).answering
    const praise = [says(2, 2, 'left', 0), says(2, 2, 'left', 1)]
    const after = gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...praise]), null).answering
    expect(after[2]).toEqual(before[2])
    expect(before[0]?.success).toBeGreaterThan(80_000)
    expect(before[2]?.success).toBeLessThan(20_000)
  })

  it('says nothing where all answers are equal, and one half where nothing tells them apart', () => {
    expect(gather(round([0, 0, 0], rankInOrder([3], 3)), null).answering[0]).toEqual(nothing)
    expect(gather(round([0, 1, 2], []), null).answering.slice(0, 4)).toEqual([...Array.from({ length: 3 }, () => ({ success: 50_000, failure: 50_000 })), nothing])
  })

  it('favours answers that others give too', () => {
    const { answering } = gather(round([0, 0, 0, 1], []), null)
    expect(answering[0]?.success).toBeGreaterThan(50_000)
    expect(answering[3]?.success).toBeLessThan(50_000)
  })
})
