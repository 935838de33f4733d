import { createSeededStream } from '../../consensus/index.ts'
import { createWork, creditFromGrades, estimateCredit, evaluateUnits, gatherPairs, leafCoalition, type Grader, type Work } from '../../credit/index.ts'
import { MEMBERS, type Scene } from './scene.ts'

/** Spread of an honest grade around the truth, in micro-units. */
export const SPREAD = 150_000
/** Evaluations per player, by every grader. */
const BUDGET = 20
/** Grades of v(N) per grader. */
const REPEATS = 3

/** An attack on grades: how many spreads a liar adds where the favoured member is in, and takes off where it is not. */
export interface GradingAttack {
  name: string
  spreads: number
}

export const GRADING_ATTACKS: readonly GradingAttack[] = [
  { name: 'none', spreads: 0 },
  { name: 'half a spread', spreads: 0.5 },
  { name: 'a little is enough: one spread', spreads: 1 },
  { name: 'two spreads', spreads: 2 },
  { name: 'as far as it goes', spreads: 100 },
]

/** Credit of all players in micro-units by three ways of combining the same grades. */
export interface GradedRound {
  combined: number[]
  /** Plain mean of all grades, then the same estimate. */
  mean: number[]
  /** Weighted median of each coalition's grades, then the same estimate. */
  median: number[]
  noise: number
}

export function gradeRound(scene: Scene, attack: GradingAttack, seed: string): GradedRound {
  const units = (BUDGET * MEMBERS) / 2
  const work = createWork({ plan: { kind: 'pairs', units }, seed, players: MEMBERS })
  const truth = evaluateUnits(scene.game, work, 0, units)
  const normal = normalStream(`${seed}/${attack.name}`)
  const liarsAt = attack.spreads === 0 ? [] : scene.liars
  const graders = scene.weights.map((_, member): Grader => {
    const bias = liarsAt.includes(member) ? attack.spreads : 0
    const grade = (value: number, sign: number): number => Math.round(value + SPREAD * (normal() + sign * bias))
    return {
      weight: 1,
      units: truth.map((values, unit) => values.map((value, position) => grade(value, leafCoalition(work, unit, position)[scene.favoured] === 1 ? 1 : -1))),
      grandValues: Array.from({ length: REPEATS }, () => grade(scene.exact.grandValue, 1)),
    }
  })
  const graded = creditFromGrades({ graders, work, order: scene.prior.order })
  if (graded === null) throw new RangeError('nothing was graded')
  const { credit, noise } = graded
  return {
    combined: credit.credit.map((numerator) => numerator / credit.denominator),
    mean: estimateFrom(work, scene, graders, (grades) => grades.reduce((sum, grade) => sum + grade, 0) / grades.length),
    median: estimateFrom(work, scene, graders, (grades) => [...grades].sort((a, b) => a - b)[Math.floor(grades.length / 2)] as number),
    noise,
  }
}

function estimateFrom(work: Work, scene: Scene, graders: readonly Grader[], combine: (grades: number[]) => number): number[] {
  const units = (graders[0] as Grader).units.map((values, unit) => values.map((_, position) => combine(graders.map((grader) => grader.units[unit]?.[position] as number))))
  const grandValue = combine(graders.flatMap(({ grandValues }) => grandValues))
  return [...estimateCredit(gatherPairs(work, units), grandValue, { quality: units.slice(0, MEMBERS).map(([alone]) => Math.round(alone as number)), order: scene.prior.order }).credit]
}

/** Standard normal numbers (Box and Muller) from a seed. */
function normalStream(seed: string): () => number {
  const stream = createSeededStream(seed)
  const uniform = (): number => (stream.below(2 ** 30) + 0.5) / 2 ** 30
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}
