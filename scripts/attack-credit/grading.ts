import { createSeededStream } from '../../consensus/index.ts'
import { computeExactCredit, createRoundGames, gradedErrors, middleGrades, type Grader } from '../../credit/index.ts'
import { MEMBERS, type Scene } from './scene.ts'

/** How far an honest member's opinion of an answer is off, and each draw of it again, in micro-units. */
const OPINION = 130_000
const DRAW = 100_000
const DRAWS = 2
/** Spread of an honest grade, the mean of its draws. */
export const SPREAD = Math.round(Math.sqrt(OPINION ** 2 + DRAW ** 2 / DRAWS))

/** An attack on grades: spreads that a liar adds to the favoured answer and takes off all others, and that everybody adds to its own. */
export interface GradingAttack {
  name: string
  spreads: number
  own: number
}

export const GRADING_ATTACKS: readonly GradingAttack[] = [
  { name: 'none', spreads: 0, own: 0 },
  { name: 'half a spread', spreads: 0.5, own: 0 },
  { name: 'a little is enough: one spread', spreads: 1, own: 0 },
  { name: 'two spreads', spreads: 2, own: 0 },
  { name: 'as far as it goes', spreads: 100, own: 0 },
  { name: 'everybody: one spread for its own', spreads: 0, own: 1 },
]

/** Credit of all players in micro-units. */
export interface GradedRound {
  graders: Grader[]
  /** From the weighted median of each answer's grades: ours. */
  combined: number[]
  /** From the plain mean of each answer's grades. */
  mean: number[]
}

/** What each player's credit owes to each answer: credit is linear in what answers are worth, since nobody's worth decides what is picked. */
export type CreditOfWorth = (worth: readonly number[]) => number[]

export function creditOfWorth({ round: { ranking } }: Scene): CreditOfWorth {
  const only = (answer: number): number[] => ranking.answers.map((_, index) => (index === answer ? 1_000_000 : 0))
  const parts = createRoundGames({ ranking, qualities: ranking.answers.map((_, answer) => only(answer)) }).map((game) => {
    const { credit, denominator } = computeExactCredit(game)
    return credit.map((numerator) => numerator / denominator / 1_000_000)
  })
  return (worth) => ranking.answerWeights.map((_, player) => parts.reduce((sum, part, answer) => sum + (part[player] as number) * (worth[answer] as number), 0))
}

export function gradeRound(scene: Scene, creditOf: CreditOfWorth, attack: GradingAttack, seed: string): GradedRound {
  const { answers } = scene.round.ranking
  const normal = normalStream(`${seed}/${attack.name}`)
  const worth = trueWorth(scene)
  const liars = attack.spreads === 0 ? [] : scene.liars
  const graders = scene.weights.map((weight, member): Grader => ({
    weight,
    grades: answers.map(({ author }, answer) => {
      const lie = liars.includes(member) ? attack.spreads * (author === scene.favoured ? 1 : -1) : 0
      const opinion = (worth[answer] as number) + OPINION * normal() + SPREAD * (lie + (author === member ? attack.own : 0))
      return Array.from({ length: DRAWS }, () => Math.max(0, Math.min(1_000_000, Math.round(opinion + DRAW * normal()))))
    }),
  }))
  const meanOf = (answer: number): number => graders.reduce((sum, { grades }) => sum + (grades[answer] as number[]).reduce((own, grade) => own + grade, 0) / DRAWS, 0) / graders.length
  return { graders, combined: creditOf(middleGrades(graders, answers.length)), mean: creditOf(answers.map((_, answer) => meanOf(answer))) }
}

/** The part of players whose credit, graded honestly, is within two of its standard errors of the truth. */
export function coverage(scene: Scene, truth: readonly number[], rounds: readonly GradedRound[]): number {
  const covered = rounds.map(({ graders, combined }) => {
    const errors = gradedErrors(graders, scene.round.ranking)
    return combined.filter((value, player) => Math.abs(value - (truth[player] as number)) <= 2 * (errors[player] as number)).length
  })
  return covered.reduce((sum, count) => sum + count, 0) / (rounds.length * MEMBERS)
}

/** What answers are worth here: between a third and two thirds, so that grades have room on both sides. */
export function trueWorth({ round }: Scene): number[] {
  return round.quality.map((value) => 350_000 + Math.floor(0.3 * value))
}

/** Standard normal numbers (Box and Muller) from a seed. */
function normalStream(seed: string): () => number {
  const stream = createSeededStream(seed)
  const uniform = (): number => (stream.below(2 ** 30) + 0.5) / 2 ** 30
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
