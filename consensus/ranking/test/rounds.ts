import fc from 'fast-check'
import type { Comparison, RankedAnswer, RankingInput, Verdict } from '../types.ts'

const anyVerdict = fc.constantFrom<Verdict>('left', 'right', 'tie')

/** Rounds of up to nine players, some of whom only judge; few clusters, so that ties and equal answers are common. */
export const anyRound: fc.Arbitrary<RankingInput> = fc.integer({ min: 2, max: 9 }).chain((players) =>
  fc.integer({ min: 2, max: players }).chain((count) => {
    const anyIndex = fc.nat({ max: count - 1 })
    const anyWeight = fc.oneof(fc.constantFrom(0, 1_000_000), fc.integer({ min: 0, max: 4_000_000 }))
    const anyComparison: fc.Arbitrary<Comparison> = fc
      .record({ judge: fc.nat({ max: players - 1 }), left: anyIndex, right: anyIndex, verdict: anyVerdict })
      .filter(({ left, right }) => left !== right)
    return fc.record({
      answers: fc.array(anyIndex, { minLength: count, maxLength: count }).map(clusterInOrder),
      comparisons: fc.array(anyComparison, { maxLength: 60 }),
      judgeWeights: fc.array(fc.oneof(anyWeight, anyWeight.map((weight) => 0 - weight)), { minLength: players, maxLength: players }),
      answerWeights: fc.array(anyWeight, { minLength: players, maxLength: players }),
    })
  }),
)

/** Answers by players 0, 1, ... with the given labels as clusters. */
export function clusterInOrder(labels: readonly number[]): RankedAnswer[] {
  const known = [...new Set(labels)]
  return labels.map((label, author) => ({ author, cluster: known.indexOf(label) }))
}

/** The same round under other labels: `answers[i]` and `players[i]` are the new numbers of answer and player i. */
export function relabel(round: RankingInput, labels: { answers: readonly number[]; players: readonly number[] }): RankingInput {
  const answerOf = (index: number): number => labels.answers[index] as number
  const playerOf = (index: number): number => labels.players[index] as number
  const place = <T>(items: readonly T[], numberOf: (index: number) => number): T[] => {
    const placed: T[] = []
    items.forEach((item, index) => (placed[numberOf(index)] = item))
    return placed
  }
  const moved = place(round.answers, answerOf)
  const clusters = [...new Set(moved.map(({ cluster }) => cluster))]
  return {
    answers: moved.map(({ author, cluster }) => ({ author: playerOf(author), cluster: clusters.indexOf(cluster) })),
    comparisons: round.comparisons.map((said) => ({ ...said, judge: playerOf(said.judge), left: answerOf(said.left), right: answerOf(said.right) })),
    judgeWeights: place(round.judgeWeights, playerOf),
    answerWeights: place(round.answerWeights, playerOf),
  }
}

/** A round with its size and a relabelling of it. */
export const anyRelabelling = anyRound.chain((round) =>
  fc.record({
    round: fc.constant(round),
    answers: anyOrder(round.answers.length),
    players: anyOrder(round.judgeWeights.length),
  }),
)

export function anyOrder(length: number): fc.Arbitrary<number[]> {
  const indices = Array.from({ length }, (_, index) => index)
  return fc.shuffledSubarray(indices, { minLength: length, maxLength: length })
}
