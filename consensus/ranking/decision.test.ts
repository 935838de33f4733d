import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitBradleyTerry } from './bradley-terry.ts'
import { beatProbability, decide } from './decision.ts'
import { measureAnswers, measureWins, tallyWins } from './measure.ts'
import { anyRelabelling, anyRound, clusterInOrder, relabel } from './test/rounds.ts'
import type { RankingInput, Verdict, WeighedComparison } from './types.ts'

const MICRO = 1_000_000

/** Answers by players 0.. with the labels as clusters, everything of weight 1, comparisons as `judge left verdict right`. */
function round(labels: readonly number[], comparisons: readonly string[], changes: Partial<RankingInput> = {}): RankingInput {
  const players = Math.max(labels.length, 9)
  const weights = Array.from({ length: players }, () => MICRO)
  return { answers: clusterInOrder(labels), comparisons: comparisons.map(readComparison), answerWeights: weights, ...changes }
}

function readComparison(text: string): WeighedComparison {
  const [judge, left, sign, right] = text.split(' ')
  const verdicts: Record<string, Verdict> = { '>': 'left', '<': 'right', '=': 'tie' }
  return { judge: Number(judge), left: Number(left), right: Number(right), verdict: verdicts[sign as string] as Verdict, weight: MICRO }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Slow twin: wins and masses in fractions, straight from the definitions. */
function decideSlowly({ answers, comparisons, answerWeights }: RankingInput): { strengths: number[]; masses: number[] } {
  const n = answers.length
  const wins = Array.from({ length: n * n }, () => 0)
  for (const { left, right, verdict, weight } of comparisons) {
    const forLeft = verdict === 'tie' ? 0.5 : verdict === 'left' ? 1 : 0
    const turned = weight < 0 && verdict !== 'tie' ? 1 - forLeft : forLeft
    wins[left * n + right] = (wins[left * n + right] as number) + (Math.abs(weight) / MICRO) * turned
    wins[right * n + left] = (wins[right * n + left] as number) + (Math.abs(weight) / MICRO) * (1 - turned)
  }
  const strengths = Array.from(fitBradleyTerry(wins, n))
  const parts = answers.map(({ author }, index) => (strengths[index] as number) * (answerWeights[author] as number))
  const masses = [...new Set(answers.map(({ cluster }) => cluster))].sort((a, b) => a - b).map((wanted) => sum(parts.filter((_, index) => answers[index]?.cluster === wanted)))
  const total = sum(masses)
  return { strengths, masses: masses.map((mass) => (total === 0 ? 1 / masses.length : mass / total)) }
}

describe('decide', () => {
  it('agrees with the slow twin to a few micro-units', () => {
    fc.assert(fc.property(anyRound, (input) => {
      const { strengths, masses } = decide(input)
      const slow = decideSlowly(input)
      strengths.forEach((strength, index) => expect(Math.abs(strength - (slow.strengths[index] as number) * MICRO)).toBeLessThan(50))
      // Weights far apart leave the masses on answers of almost no strength, where nano-units are coarse.
      const carried = sum(slow.strengths.map((strength, index) => strength * (input.answerWeights[input.answers[index]?.author as number] as number)))
      if (carried > 0.01 * Math.max(...input.answerWeights)) masses.forEach((mass, index) => expect(Math.abs(mass - (slow.masses[index] as number) * MICRO)).toBeLessThan(50))
    }))
  })

  it('gives integers that sum to one, and the strongest answer of the first of the heaviest clusters', () => {
    fc.assert(fc.property(anyRound, (input) => {
      const { strengths, masses, tied, winner, agreement } = decide(input)
      expect(sum(strengths)).toBe(MICRO)
      expect(sum(masses)).toBe(MICRO)
      expect([...strengths, ...masses, agreement].every((value) => Number.isInteger(value) && value >= 0)).toBe(true)
      const highest = Math.max(...masses)
      for (const cluster of tied) expect(masses[cluster]).toBeGreaterThanOrEqual(highest - 1)
      expect(tied).toEqual([...tied].sort((a, b) => a - b))
      expect(input.answers[winner as number]?.cluster).toBe(tied[0])
      const rivals = strengths.filter((_, index) => input.answers[index]?.cluster === tied[0])
      expect(strengths[winner as number]).toBeGreaterThanOrEqual(Math.max(...rivals) - 1)
      if (tied.length > 1) expect(agreement).toBe(0)
      else expect(agreement).toBe(highest - Math.max(0, ...masses.filter((_, cluster) => cluster !== tied[0])))
    }))
  })

  it('changes nothing but labels when answers and judges are relabelled', () => {
    fc.assert(fc.property(anyRelabelling, ({ round: input, ...labels }) => {
      const before = decide(input)
      const moved = relabel(input, labels)
      const after = decide(moved)
      before.strengths.forEach((strength, index) => expect(Math.abs(strength - (after.strengths[labels.answers[index] as number] as number))).toBeLessThanOrEqual(1))
      const clusterOf = (index: number): number => moved.answers[labels.answers[index] as number]?.cluster as number
      const movedCluster = (cluster: number): number => clusterOf(input.answers.findIndex((answer) => answer.cluster === cluster))
      before.masses.forEach((mass, cluster) => expect(Math.abs(mass - (after.masses[movedCluster(cluster)] as number))).toBeLessThanOrEqual(1))
      expect(before.tied.map(movedCluster).sort((a, b) => a - b)).toEqual(after.tied)
      expect(Math.abs(before.agreement - after.agreement)).toBeLessThanOrEqual(2)
      if (before.tied.length === 1) expect(clusterOf(before.winner as number)).toBe(after.tied[0])
    }))
  })

  it('does not see the order of the comparisons', () => {
    fc.assert(fc.property(anyRound.chain((input) => fc.shuffledSubarray([...input.comparisons], { minLength: input.comparisons.length }).map((shuffled) => ({ input, shuffled }))), ({ input, shuffled }) => {
      expect(decide({ ...input, comparisons: shuffled })).toEqual(decide(input))
    }))
  })

  it('never lowers an answer by a win for it', () => {
    fc.assert(fc.property(anyRound, fc.nat(), fc.nat(), fc.boolean(), (input, winnerSeed, loserSeed, isLeft) => {
      const winner = winnerSeed % input.answers.length
      const loser = (winner + 1 + (loserSeed % (input.answers.length - 1))) % input.answers.length
      const common = { judge: 0, weight: MICRO }
      const said: WeighedComparison = isLeft ? { ...common, left: winner, right: loser, verdict: 'left' } : { ...common, left: loser, right: winner, verdict: 'right' }
      const [before, after] = [decide(input), decide({ ...input, comparisons: [...input.comparisons, said] })]
      expect(after.strengths[winner]).toBeGreaterThanOrEqual((before.strengths[winner] as number) - 1)
    }))
  })

  it('reads a comparison of negative weight the other way round, ties excepted', () => {
    fc.assert(fc.property(anyRound, (input) => {
      const turned = input.comparisons.map((said) => ({ ...said, weight: 0 - said.weight, verdict: ({ left: 'right', right: 'left', tie: 'tie' } as const)[said.verdict] }))
      expect(decide({ ...input, comparisons: turned })).toEqual(decide(input))
    }))
  })

  it('ignores comparisons without weight', () => {
    const silent = ['4 1 > 0', '4 2 > 0'].map((text) => ({ ...readComparison(text), weight: 0 }))
    const heard = [readComparison('3 0 > 1')]
    expect(decide(round([0, 1, 2], [], { comparisons: [...heard, ...silent] }))).toEqual(decide(round([0, 1, 2], [], { comparisons: heard })))
  })

  it('rests on wins that add up over any parts of the comparisons', () => {
    fc.assert(fc.property(anyRound, fc.nat(), (input, seed) => {
      const { answers, comparisons, answerWeights } = input
      const cut = seed % (comparisons.length + 1)
      const [some, others] = [comparisons.slice(0, cut), comparisons.slice(cut)].map((part) => tallyWins(answers.length, part)) as [Float64Array, Float64Array]
      const wins = some.map((weight, at) => weight + (others[at] as number))
      expect(wins.every(Number.isSafeInteger)).toBe(true)
      expect(wins).toEqual(tallyWins(answers.length, comparisons))
      expect(measureWins({ answers, answerWeights, wins })).toEqual(measureAnswers(input))
    }))
  })

  it('lets the answer weights decide where there are no usable ballots', () => {
    const answerWeights = [100_000, 400_000, 300_000, 200_000, 0, 0, 0, 0, 0]
    expect(decide(round([0, 1, 0, 0], [], { answerWeights }))).toEqual({ strengths: [250_000, 250_000, 250_000, 250_000], masses: [600_000, 400_000], tied: [0], winner: 2, agreement: 200_000 })
  })

  it('sums the strength of equal answers before it picks', () => {
    const { masses, winner } = decide(round([0, 1, 1], ['3 0 > 1', '4 1 > 0', '5 0 > 2', '6 2 > 0', '7 0 > 2']))
    expect(masses[1]).toBeGreaterThan(masses[0] as number)
    expect(winner).toBe(1)
  })

  it('finds ties where thirds and sixths do not fit into micro-units', () => {
    expect(decide(round([0, 1, 2], []))).toMatchObject({ tied: [0, 1, 2], masses: [333_334, 333_333, 333_333], winner: 0, agreement: 0 })
    expect(decide(round([0, 0, 0, 1, 1, 1], [])).tied).toEqual([0, 1])
    const answerWeights = [1, 1, 1, 3, 0, 0, 0, 0, 0].map((weight) => weight * 100_000)
    expect(decide(round([0, 0, 0, 1], [], { answerWeights })).tied).toEqual([0, 1])
    expect(decide(round([0, 1, 2], ['3 0 > 1', '4 1 > 2', '5 2 > 0'])).tied).toEqual([0, 1, 2])
  })

  it('picks inside the winning cluster by strength, then by weight of the author, then by index', () => {
    expect(decide(round([0, 0, 1], ['3 1 > 0'])).winner).toBe(1)
    const answerWeights = [100_000, 500_000, 300_000, 0, 0, 0, 0, 0, 0]
    expect(decide(round([0, 0, 1], [], { answerWeights })).winner).toBe(1)
    expect(decide(round([0, 0, 1], [])).winner).toBe(0)
  })

  it('decides a round of no answer, of one, and of authors without weight', () => {
    expect(decide(round([], []))).toEqual({ strengths: [], masses: [], tied: [], winner: null, agreement: 0 })
    expect(decide(round([0], []))).toEqual({ strengths: [MICRO], masses: [MICRO], tied: [0], winner: 0, agreement: MICRO })
    expect(decide(round([0, 1], ['2 0 > 1'], { answerWeights: Array.from({ length: 9 }, () => 0) })).tied).toEqual([0, 1])
  })

  it.each<[string, Partial<RankingInput>]>([
    ['an author', { answers: [{ author: 9, cluster: 0 }] }],
    ['a cluster', { answers: [{ author: 0, cluster: 1 }] }],
    ['an answer', { comparisons: [readComparison('0 0 > 2')] }],
    ['a fraction', { comparisons: [readComparison('0 0 > 0.5')] }],
    ['an answer against itself', { comparisons: [readComparison('0 1 > 1')] }],
  ])('throws RangeError on %s that does not exist', (_, changes) => {
    expect(() => decide(round([0, 1], [], changes))).toThrow(RangeError)
  })
})

describe('beatProbability', () => {
  it('is the mean chance against the others', () => {
    expect(beatProbability([600_000, 200_000, 200_000], 0)).toBe(750_000)
    expect(beatProbability([600_000, 200_000, 200_000], 1)).toBe(375_000)
    expect(beatProbability([MICRO, 0, 0], 1)).toBe(250_000)
  })

  it('is one for an answer that is alone, one half on average', () => {
    expect(beatProbability([MICRO], 0)).toBe(MICRO)
    fc.assert(fc.property(fc.array(fc.nat({ max: MICRO }), { minLength: 2, maxLength: 12 }), (strengths) => {
      const chances = strengths.map((_, index) => beatProbability(strengths, index))
      expect(Math.abs(sum(chances) / chances.length - MICRO / 2)).toBeLessThanOrEqual(2)
    }))
  })

  it('throws RangeError on an index out of range', () => {
    expect(() => beatProbability([MICRO], 1)).toThrow(RangeError)
  })
})
