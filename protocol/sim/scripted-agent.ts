import { sha256 } from '../../consensus/index.ts'
import type { AnswerContent, BallotContent, Task } from '../bodies.ts'
import type { Random } from './random.ts'

/** The right value of a simulated task: a label that everybody could compute and agents only sometimes say. */
export function rightValue(task: Task): string {
  return sha256(task.prompt).slice(0, 4)
}

/** An answer of an agent that is right with probability `skill`, wrong in one of three ways otherwise, and sometimes passes. */
export function scriptedAnswer(task: Task, skill: number, random: Random): AnswerContent | null {
  if (random.chance(0.02)) return null
  const value = random.chance(skill) ? rightValue(task) : `wrong-${random.below(3)}`
  return { text: `I say ${value}.`, value }
}

/** A ballot of a judge that tells right from wrong with probability `skill`. */
export function scriptedBallot(
  task: Task,
  answers: readonly { content: AnswerContent }[],
  pairs: readonly { left: number; right: number }[],
  skill: number,
  random: Random,
): BallotContent | null {
  if (random.chance(0.02)) return null
  const right = rightValue(task)
  const comparisons = pairs.map((pair) => {
    const isLeft = answers[pair.left]?.content.value === right
    const isRight = answers[pair.right]?.content.value === right
    if (isLeft === isRight) return { ...pair, verdict: 'tie' as const }
    return { ...pair, verdict: isLeft === random.chance(skill) ? ('left' as const) : ('right' as const) }
  })
  return { comparisons }
}
