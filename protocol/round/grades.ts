/** Answers graded by members, where neither truth nor checker tells how good they are. SPEC.md, "Grades". */
import { sha256, type RankingInput, type TaskKind } from '../../consensus/index.ts'
import { gradedErrors, gradeNoise, middleGrades, type Grader } from '../../credit/index.ts'
import type { AnswerContent } from '../bodies.ts'
import { isCheckable } from '../checkers/checkers.ts'
import { encode } from '../encoding.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { Rules } from '../ledger/state.ts'
import { assignmentWeights, planOf } from './joint.ts'
import type { Transcript } from './transcript.ts'

/** With fewer, one grader alone moves the middle as far as it likes. */
const GRADERS_MIN = 3

/** What grades are read from. */
type GradedRound = Pick<Transcript, 'frozen' | 'answers' | 'grades'>

/** Whose grades of all answers count, and whether values follow from them: at least three players, with more than two thirds of what all weigh. */
export interface Graders {
  graders: (Grader & { player: number })[]
  /** Their part of what all players weigh, in micro-units. */
  weight: number
  suffice: boolean
}

/** Whether the answers of such a round are graded. */
export function isToBeGraded({ kind, hasTruth }: { kind: TaskKind; hasTruth: boolean }, { parameters }: Rules): boolean {
  return parameters.creditGrades !== undefined && !hasTruth && !isCheckable(kind)
}

/** Each content once, in the order of the answers, and which of them each answer is. What is equal gets one grade. */
export function distinctAnswers(answers: readonly { content: AnswerContent }[]): { contents: AnswerContent[]; indices: number[] } {
  const contents: AnswerContent[] = []
  const places = new Map<string, number>()
  const indices = answers.map(({ content }) => {
    const hash = sha256(encode(content))
    const place = places.get(hash) ?? contents.push(content) - 1
    places.set(hash, place)
    return place
  })
  return { contents, indices }
}

/** The graders of a round: players that have graded every distinct answer, none more often than asked. Weighed as judges. */
export function gradersOf({ frozen, answers, grades }: GradedRound, { parameters }: Rules): Graders {
  if (grades.length === 0) return { graders: [], weight: 0, suffice: false }
  const { contents, indices } = distinctAnswers(answers)
  const weights = assignmentWeights(frozen)
  const graders = grades.flatMap(({ author, content }): Graders['graders'] => {
    const player = frozen.players.indexOf(author)
    const counts = player >= 0 && content.grades.length === contents.length && content.grades.every(({ length }) => length <= (parameters.creditGrades ?? 0))
    return counts ? [{ player, weight: weights[player] as number, grades: indices.map((index) => content.grades[index] as number[]) }] : []
  })
  // Where nobody weighs anything, all weigh the same.
  const heard = weights.some((weight) => weight > 0) ? weights : weights.map(() => 1)
  const total = heard.reduce((sum, weight) => sum + weight, 0)
  const own = graders.reduce((sum, { player }) => sum + (heard[player] as number), 0)
  return { graders, weight: Math.floor((own / Math.max(1, total)) * 1_000_000), suffice: graders.length >= GRADERS_MIN && 3 * own > 2 * total }
}

/** The middle grade of each answer; null where too few have graded. */
export function gradedQuality(round: GradedRound, rules: Rules): number[] | null {
  const { graders, suffice } = gradersOf(round, rules)
  return suffice ? middleGrades(graders, round.answers.length) : null
}

/** What the result says of the grades; null where nobody was asked for any. */
export function describeGrades(round: GradedRound & Pick<Transcript, 'task' | 'truthCommitted'>, ranking: RankingInput, rules: Rules): NonNullable<RoundResult['grading']> | null {
  if (!isToBeGraded({ kind: round.task.kind, hasTruth: round.truthCommitted }, rules)) return null
  const { graders, weight, suffice } = gradersOf(round, rules)
  const { draws, graders: between } = gradeNoise(graders)
  const isEnumerated = planOf(round.frozen.players.length, rules).kind === 'exact'
  return {
    draws: rules.parameters.creditGrades as number,
    graders: graders.map(({ player }) => player),
    weight,
    outcome: suffice ? { quality: middleGrades(graders, round.answers.length), drawNoise: draws, graderNoise: between, creditError: isEnumerated ? gradedErrors(graders, ranking) : null } : null,
  }
}
