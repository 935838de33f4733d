import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatherEvidence, type RoundEvidence } from './evidence.ts'
import { everySituation, poolTrial } from './reputation.ts'
import { anyRelabelling, anyRound, clusterInOrder, relabel } from './test/rounds.ts'
import type { JudgingTrial, RankingInput, Trial, Verdict, WeighedComparison } from './types.ts'

const MICRO = 1_000_000
const nothing: Trial = { success: 0, failure: 0 }

/** What a judge showed: all of it, or in the situations named. */
const shown = (trials: Partial<JudgingTrial>): JudgingTrial => ({ ...everySituation(() => nothing), ...trials })

function round(labels: readonly number[], comparisons: readonly WeighedComparison[]): RankingInput {
  const weights = Array.from({ length: 6 }, () => MICRO)
  return { answers: clusterInOrder(labels), comparisons, answerWeights: weights }
}

function says(judge: number, left: number, verdict: Verdict, right: number): WeighedComparison {
  return { judge, left, right, verdict, weight: MICRO }
}

function gather(input: RankingInput, quality: readonly (number | null)[] | null, anchorMicro = MICRO): RoundEvidence {
  return gatherEvidence({ ...input, anchorMicro, quality })
}

/** Everybody of `judges` prefers the answer with the lower index, in both orders. */
function rankInOrder(judges: readonly number[], answers: number): WeighedComparison[] {
  return judges.flatMap((judge) =>
    Array.from({ length: answers * answers }, (_, at) => [Math.floor(at / answers), at % answers] as const)
      .filter(([left, right]) => left !== right)
      .map(([left, right]) => says(judge, left, left < right ? 'left' : 'right', right)),
  )
}

const anyQuality = (answers: number): fc.Arbitrary<(number | null)[] | null> =>
  fc.option(fc.array(fc.option(fc.constantFrom(0, 25_000, MICRO)), { minLength: answers, maxLength: answers }))

describe('gatherEvidence', () => {
  it('is at most one trial each, of a judge one for each order of the pairs, a hundredth without truth, in non-negative integers', () => {
    fc.assert(fc.property(anyRound.chain((input) => anyQuality(input.answers.length).map((quality) => ({ input, quality }))), ({ input, quality }) => {
      const { answering, judging } = gather(input, quality)
      const whole = quality === null ? MICRO / 100 : MICRO
      const trials = [...answering.map((trial) => ({ trial, most: whole })), ...judging.map((trial) => ({ trial: poolTrial(trial), most: 2 * whole }))]
      for (const { trial: { success, failure }, most } of trials) {
        expect(Number.isInteger(success) && Number.isInteger(failure) && success >= 0 && failure >= 0).toBe(true)
        // A judge's trial is split over its verdicts, each part rounded down.
        expect(success + failure === 0 || success + failure > whole - 100).toBe(true)
        expect(success + failure).toBeLessThanOrEqual(most)
      }
      expect([answering.length, judging.length]).toEqual([input.answerWeights.length, input.answerWeights.length])
    }))
  })

  it('changes nothing but labels when answers and judges are relabelled', () => {
    fc.assert(fc.property(anyRelabelling.chain((drawn) => anyQuality(drawn.round.answers.length).map((quality) => ({ ...drawn, quality }))), ({ round: input, quality, ...labels }) => {
      const moved: (number | null)[] = []
      quality?.forEach((value, index) => (moved[labels.answers[index] as number] = value))
      const before = gather(input, quality)
      const after = gather(relabel(input, labels), quality && moved)
      const placeOf = (player: number): number => labels.players[player] as number
      before.judging.forEach((trial, player) => expect(after.judging[placeOf(player)]).toEqual(trial))
      before.answering.forEach(({ success, failure }, player) => {
        const other = after.answering[placeOf(player)] as Trial
        expect(success + failure).toBe(other.success + other.failure)
        expect(Math.abs(success - other.success)).toBeLessThanOrEqual(quality === null ? 1 : 0)
      })
      const names = before.likeness.map(({ players, ...rest }) => ({ players: players.map(placeOf).sort((a, b) => a - b), ...rest }))
      expect(new Set(after.likeness.map((entry) => JSON.stringify(entry)))).toEqual(new Set(names.map((entry) => JSON.stringify(entry))))
    }))
  })

  it('is the mirror image where every pair is shown in the other order', () => {
    fc.assert(fc.property(anyRound.chain((input) => anyQuality(input.answers.length).map((quality) => ({ input, quality }))), ({ input, quality }) => {
      const turned = { left: 'right', right: 'left', tie: 'tie' } as const
      const mirrored = input.comparisons.map(({ left, right, verdict, ...rest }) => ({ ...rest, left: right, right: left, verdict: turned[verdict] }))
      const [before, after] = [gather(input, quality), gather({ ...input, comparisons: mirrored }, quality)]
      expect(after.answering).toEqual(before.answering)
      expect(after.likeness).toEqual(before.likeness)
      expect(after.judging).toEqual(before.judging.map(({ first, second, ...rest }) => ({ ...rest, first: second, second: first })))
    }))
  })

  it('learns nothing among fewer than three players', () => {
    const input = round([0, 1], rankInOrder([0, 1], 2))
    const among = (players: number): RoundEvidence => gather({ ...input, answerWeights: input.answerWeights.slice(0, players) }, [MICRO, 0])
    expect(among(2)).toEqual({ answering: [nothing, nothing], judging: [shown({}), shown({})], likeness: [] })
    expect(among(3).judging[0]).toEqual(shown({ own: { success: 2 * MICRO, failure: 0 } }))
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

  it('says nothing about answerers where all known answers are equally good, nor about who has none', () => {
    for (const quality of [[MICRO, MICRO, MICRO], [0, null, 0], [null, null, MICRO]]) {
      expect(gather(round([0, 1, 2], []), quality).answering).toEqual(Array.from({ length: 6 }, () => nothing))
    }
    expect(gather(round([0, 1, 2], []), [0, null, MICRO]).answering.map(({ success, failure }) => success + failure)).toEqual([MICRO, 0, MICRO, 0, 0, 0])
  })

  it('counts a verdict as right, wrong or half right, and each pair once, however often it is said', () => {
    const said = [says(4, 0, 'left', 1), says(4, 0, 'left', 1), says(4, 0, 'right', 2), says(4, 3, 'tie', 0), says(4, 1, 'tie', 2)]
    const { judging } = gather(round([0, 1, 2, 3], said), [MICRO, 0, 0, 0])
    expect(judging[4]).toEqual(shown({ first: { success: 333_332, failure: 333_333 }, second: { success: 166_666, failure: 166_667 } }))
  })

  it('counts a pair asked in both orders twice, and is as sure of the rest as before', () => {
    const said = [says(4, 0, 'left', 1), says(4, 1, 'right', 0), says(4, 1, 'left', 0), says(4, 0, 'right', 2)]
    const { judging } = gather(round([0, 1, 2], said), [MICRO, 0, 0])
    expect(judging[4]).toEqual(shown({ first: { success: 500_000, failure: 500_000 }, second: { success: 250_000, failure: 250_000 } }))
  })

  it('tells apart which answer was the better one: the first, the second, the own, or its rival', () => {
    const own = [says(0, 0, 'left', 1), says(0, 1, 'left', 2), says(0, 2, 'left', 1), says(1, 2, 'left', 1)]
    const { judging } = gather(round([0, 1, 2], own), [MICRO, 0, 500_000])
    expect(judging[0]).toEqual(shown({ own: { success: 500_000, failure: 0 }, first: { success: 500_000, failure: 0 }, second: { success: 0, failure: 500_000 } }))
    expect(judging[1]).toEqual(shown({ rival: { success: MICRO, failure: 0 } }))
  })

  it('says nothing about verdicts on answers of equal or unknown quality', () => {
    const said = [says(4, 0, 'left', 1), says(4, 0, 'left', 2)]
    expect(gather(round([0, 1, 2], said), [MICRO, MICRO, null]).judging[4]).toEqual(shown({}))
  })

  it('does not see weights, verdicts of others, or who is known', () => {
    const input = round([0, 1, 2], rankInOrder([3, 4], 3))
    const alone = round([0, 1, 2], rankInOrder([3], 3).map((said) => ({ ...said, weight: -5 })))
    expect(gather(alone, [MICRO, 0, 0], 0).judging[3]).toEqual(gather(input, [MICRO, 0, 0]).judging[3])
  })
})

describe('gatherEvidence without truth', () => {
  it('counts agreement with the consensus of the others, a hundredth for each order', () => {
    const inverted = rankInOrder([5], 3).map((said) => ({ ...said, verdict: said.verdict === 'left' ? ('right' as const) : ('left' as const) }))
    const { judging } = gather(round([0, 1, 2], [...rankInOrder([2, 3, 4], 3), ...inverted]), null)
    expect(poolTrial(judging[3] as JudgingTrial)).toEqual({ success: 19_998, failure: 0 })
    expect(poolTrial(judging[5] as JudgingTrial)).toEqual({ success: 0, failure: 19_998 })
  })

  it('counts as far as the players are known from truth, and not at all among unknown ones', () => {
    const input = round([0, 0, 1], rankInOrder([3, 4], 3))
    const [full, half, none] = [MICRO, MICRO / 2, 0].map((anchor) => gather(input, null, anchor)) as [RoundEvidence, RoundEvidence, RoundEvidence]
    full.answering.forEach(({ success, failure }, player) => expect(half.answering[player]).toEqual({ success: Math.floor(success / 2), failure: Math.floor(failure / 2) }))
    expect([...none.answering, ...none.judging.map(poolTrial)].every(({ success, failure }) => success + failure === 0)).toBe(true)
    expect(none.likeness).toEqual(full.likeness)
  })

  it('shows nothing where the others are exactly divided', () => {
    const inverted = rankInOrder([5], 3).map((said) => ({ ...said, left: said.right, right: said.left }))
    expect(gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...inverted]), null).judging[3]).toEqual(shown({}))
  })

  it('leaves a judge out of the consensus it is measured by, its own answer included', () => {
    const alone = round([0, 1, 2], rankInOrder([0], 3))
    expect(gather(alone, null).judging[0]).toEqual(shown({}))
    // The others prefer 2 to 1. What player 0 says about its own answer shows nothing.
    const others = [3, 4].flatMap((judge) => [says(judge, 2, 'left', 1), says(judge, 0, 'right', 2)])
    expect(gather(round([0, 1, 2], [...others, says(0, 0, 'left', 1), says(0, 0, 'left', 2)]), null).judging[0]).toEqual(shown({}))
    expect(gather(round([0, 1, 2], [...others, says(0, 1, 'right', 2), says(0, 0, 'left', 2)]), null).judging[0]).toEqual(shown({ second: { success: 10_000, failure: 0 } }))
  })

  it('gives one half to a judge that always says left or tie, asked in both orders', () => {
    for (const verdict of ['left', 'tie'] as const) {
      const lazy = rankInOrder([5], 3).map((said) => ({ ...said, verdict }))
      const trial = gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...lazy]), null).judging[5] as JudgingTrial
      const { success, failure } = poolTrial(trial)
      expect(Math.abs(success - failure)).toBeLessThanOrEqual(2)
      expect(success).toBeGreaterThan(9_990)
    }
  })

  it('judges an answerer by the ballots of others only', () => {
    const before = gather(round([0, 1, 2], rankInOrder([3, 4], 3)), null).answering
    const praise = [says(2, 2, 'left', 0), says(2, 2, 'left', 1)]
    const after = gather(round([0, 1, 2], [...rankInOrder([3, 4], 3), ...praise]), null).answering
    expect(after[2]).toEqual(before[2])
    expect(before[0]?.success).toBeGreaterThan(8_000)
    expect(before[2]?.success).toBeLessThan(2_000)
  })

  it('says nothing where all answers are equal, and one half where nothing tells them apart', () => {
    expect(gather(round([0, 0, 0], rankInOrder([3], 3)), null).answering[0]).toEqual(nothing)
    expect(gather(round([0, 1, 2], []), null).answering.slice(0, 4)).toEqual([...Array.from({ length: 3 }, () => ({ success: 5_000, failure: 5_000 })), nothing])
  })

  it('favours answers that others give too', () => {
    const { answering } = gather(round([0, 0, 0, 1], []), null)
    expect(answering[0]?.success).toBeGreaterThan(5_000)
    expect(answering[3]?.success).toBeLessThan(5_000)
  })
})
