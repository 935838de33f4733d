import fc from 'fast-check'
import type { RankingInput, Verdict, WeighedComparison } from '../../consensus/index.ts'

/** A round as the round game takes it. */
export interface Round {
  ranking: RankingInput
  quality: number[]
}

const anyWeight = fc.oneof(fc.constantFrom(0, 250_000, 1_000_000), fc.integer({ min: 1, max: 2_000_000 }))
const anySignedWeight = fc.oneof(fc.constantFrom(0, 250_000, 1_000_000), fc.integer({ min: -1_000_000, max: 2_000_000 }))
const anyVerdict = fc.constantFrom<Verdict>('left', 'right', 'tie')

/** Any round: some players answer, some judge; the quality is one per cluster, or one per answer where `perAnswer`. */
export function anyRound(playersMax: number, perAnswer = false): fc.Arbitrary<Round> {
  return fc.integer({ min: 2, max: playersMax }).chain((players) => {
    const anyPlayer = fc.nat(players - 1)
    return fc.record({
      authors: fc.uniqueArray(anyPlayer, { minLength: 1, maxLength: players }),
      labels: fc.array(fc.nat(players - 1), { minLength: players, maxLength: players }),
      ballots: fc.array(fc.tuple(anyPlayer, anyPlayer, anyPlayer, anyVerdict, anySignedWeight), { maxLength: 4 * players }),
      answerWeights: fc.array(anyWeight, { minLength: players, maxLength: players }),
      qualities: fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: players, maxLength: players }),
    }).map(({ authors, labels, ballots, answerWeights, qualities }) => {
      const clusters = denseLabels(authors.map((_, answer) => labels[answer] as number))
      const comparisons: WeighedComparison[] = ballots.flatMap(([judge, a, b, verdict, weight]) => {
        const [left, right] = [a % authors.length, b % authors.length]
        return left === right ? [] : [{ judge, left, right, verdict, weight }]
      })
      return {
        ranking: { answers: authors.map((author, answer) => ({ author, cluster: clusters[answer] as number })), comparisons, answerWeights },
        quality: authors.map((_, answer) => qualities[perAnswer ? answer : (clusters[answer] as number)] as number),
      }
    })
  })
}

/** Labels renumbered 0, 1, 2, ... in order of first appearance. */
export function denseLabels(labels: readonly number[]): number[] {
  const distinct = [...new Set(labels)]
  return labels.map((label) => distinct.indexOf(label))
}

/** The same round with everything renumbered and listed differently: players, answers, clusters, comparisons, sides. */
export function relabelled(round: Round, orders: { players: number[]; answers: number[]; clusters: number[]; comparisons: number[] }): Round {
  const { answers, comparisons, answerWeights } = round.ranking
  return {
    ranking: {
      answers: orders.answers.map((old) => {
        const { author, cluster } = at(answers, old)
        return { author: orders.players.indexOf(author), cluster: orders.clusters.indexOf(cluster) }
      }),
      comparisons: orders.comparisons.map((old) => {
        const comparison = at(comparisons, old)
        const [judge, left, right] = [orders.players.indexOf(comparison.judge), orders.answers.indexOf(comparison.left), orders.answers.indexOf(comparison.right)]
        const renumbered = { ...comparison, judge, left, right }
        return old % 2 === 0 ? renumbered : turned(renumbered)
      }),
      answerWeights: orders.players.map((old) => at(answerWeights, old)),
    },
    quality: orders.answers.map((old) => at(round.quality, old)),
  }
}

/**
 * The round together with its mirror image in which players 0 and 1 changed places, so that the two are symmetric:
 * both answer, in one cluster or `apart` in a cluster each, or neither does, and each comparison comes with its image.
 */
export function withTwins(round: Round, apart: boolean): Round {
  const { ranking } = round
  const others = ranking.answers.flatMap(({ author }, index) => (author > 1 ? [index] : []))
  const model = ranking.answers.findIndex(({ author }) => author <= 1)
  const kept = model === -1 ? others : [...others, model, model]
  const authorOf = (place: number): number => (place < others.length ? at(ranking.answers, at(others, place)).author : place - others.length)
  const clusters = denseLabels(kept.map((index, place) => (apart && place >= others.length ? -1 - place : at(ranking.answers, index).cluster)))
  const swap = (player: number): number => (player < 2 ? 1 - player : player)
  const places = kept.map((_, place) => place)
  const swapped = places.map((place) => places.find((other) => authorOf(other) === swap(authorOf(place))) as number)
  const comparisons = ranking.comparisons.flatMap((comparison) => {
    const [left, right] = [comparison.left % Math.max(1, kept.length), comparison.right % Math.max(1, kept.length)]
    if (left === right) return []
    const own = { ...comparison, left, right }
    return [own, { ...own, judge: swap(own.judge), left: at(swapped, left), right: at(swapped, right) }]
  })
  const twinWeights = (weights: readonly number[]): number[] => weights.map((weight, player) => (player === 1 ? at(weights, 0) : weight))
  return {
    ranking: {
      answers: kept.map((_, place) => ({ author: authorOf(place), cluster: at(clusters, place) })),
      comparisons,
      answerWeights: twinWeights(ranking.answerWeights),
    },
    quality: kept.map((index) => at(round.quality, index)),
  }
}

function turned(comparison: WeighedComparison): WeighedComparison {
  const verdicts = { left: 'right', right: 'left', tie: 'tie' } as const
  return { ...comparison, left: comparison.right, right: comparison.left, verdict: verdicts[comparison.verdict] }
}

function at<T>(items: readonly T[], index: number): T {
  return items[index] as T
}
