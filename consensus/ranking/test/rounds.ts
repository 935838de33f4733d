import fc from 'fast-check'
import { everySituation } from '../reputation.ts'
import type { RankedAnswer, RankingInput, Verdict, WeighedComparison } from '../types.ts'
import type { JudgeWeight } from '../weights.ts'

const anyVerdict = fc.constantFrom<Verdict>('left', 'right', 'tie')

/** Rounds of up to nine players, some of whom only judge; few clusters, so that ties and equal answers are common. */
export const anyRound: fc.Arbitrary<RankingInput> = fc.integer({ min: 2, max: 9 }).chain((players) =>
  fc.integer({ min: 2, max: players }).chain((count) => {
    const anyIndex = fc.nat({ max: count - 1 })
    const anyWeight = fc.oneof(fc.constantFrom(0, 1_000_000), fc.integer({ min: 0, max: 4_000_000 }))
    const anySigned = fc.oneof(anyWeight, anyWeight.map((weight) => 0 - weight))
    const anyComparison: fc.Arbitrary<WeighedComparison> = fc
      .record({ judge: fc.nat({ max: players - 1 }), left: anyIndex, right: anyIndex, verdict: anyVerdict, weight: anySigned })
      .filter(({ left, right }) => left !== right)
    return fc.record({
      answers: fc.array(anyIndex, { minLength: count, maxLength: count }).map(clusterInOrder),
      comparisons: fc.array(anyComparison, { maxLength: 60 }),
      answerWeights: fc.array(anyWeight, { minLength: players, maxLength: players }),
    })
  }),
)

const anyLogOdds = fc.oneof(fc.constantFrom(0, 1_000_000), fc.integer({ min: -3_000_000, max: 3_000_000 }))
const anyJudgeWeight: fc.Arbitrary<JudgeWeight> = fc.record({
  ...everySituation(() => anyLogOdds),
  share: fc.oneof(fc.constant(1_000_000), fc.nat({ max: 1_000_000 })),
  known: fc.nat({ max: 1_000_000 }),
})

/** One weight per player. */
export function anyJudges(players: number): fc.Arbitrary<JudgeWeight[]> {
  return fc.array(anyJudgeWeight, { minLength: players, maxLength: players })
}

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
    answerWeights: place(round.answerWeights, playerOf),
  }
}

/** A round with its size and a relabelling of it. */
export const anyRelabelling = anyRound.chain((round) =>
  fc.record({
    round: fc.constant(round),
    answers: anyOrder(round.answers.length),
    players: anyOrder(round.answerWeights.length),
  }),
)

export function anyOrder(length: number): fc.Arbitrary<number[]> {
  const indices = Array.from({ length }, (_, index) => index)
  return fc.shuffledSubarray(indices, { minLength: length, maxLength: length })
}
