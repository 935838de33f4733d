import { createSeededStream, type RankingInput, type WeighedComparison } from '../../../consensus/index.ts'

/** A round in which everybody answers and judges every pair of others, and is right seven times in ten. */
export function createRound(players: number, seed: string): { ranking: RankingInput; quality: number[] } {
  const stream = createSeededStream(seed)
  const comparisons: WeighedComparison[] = []
  for (let judge = 0; judge < players; judge++) {
    for (let left = 0; left < players; left++) {
      for (let right = 0; right < left; right++) {
        if (left === judge || right === judge) continue
        const verdict = stream.below(8) === 0 ? 'tie' : stream.below(10) < 7 ? 'right' : 'left'
        comparisons.push({ judge, left, right, verdict, weight: 300_000 + stream.below(900_000) })
      }
    }
  }
  const answers = Array.from({ length: players }, (_, author) => ({ author, cluster: author }))
  const answerWeights = answers.map(() => 500_000 + stream.below(1_000_000))
  return { ranking: { answers, comparisons, answerWeights }, quality: answers.map(() => stream.below(1_000_001)) }
}
