/** What the author of a comparison says: the answer shown first is better, the one shown second, or neither. */
export type Verdict = 'left' | 'right' | 'tie'

/** How the equality of two answers is decided; also the reputation domain of the task. */
export const TASK_KINDS = ['text', 'choice', 'number', 'label', 'tour', 'colouring', 'countdown'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/** One comparison of an agreed ballot. `judge` and the authors are player indices, `left`/`right` answer indices. */
export interface Comparison {
  judge: number
  left: number
  right: number
  verdict: Verdict
}

/** One agreed answer: its author (player index) and the cluster of equal answers it belongs to (0-based, dense). */
export interface RankedAnswer {
  author: number
  cluster: number
}

/** A comparison and what it weighs: a signed integer in micro-units. A negative weight reverses the verdict. */
export interface WeighedComparison extends Comparison {
  weight: number
}

/**
 * Everything a ranking is computed from. Players are the members with an item in a cut, in member id order. All weights
 * are fixed before anything is ranked, so leaving players out changes no weight of the others.
 */
export interface RankingInput {
  answers: readonly RankedAnswer[]
  comparisons: readonly WeighedComparison[]
  /** Non-negative integers in micro-units, one per player; an average member of the panel has 1_000_000. */
  answerWeights: readonly number[]
}

/** Result of a ranking. All numbers are integers in micro-units (1_000_000 = 1). */
export interface Decision {
  /** Bradley-Terry strength per answer, summing to 1_000_000 (empty if there is no answer). */
  strengths: number[]
  /** Mass per cluster of equal answers, summing to 1_000_000. */
  masses: number[]
  /**
   * Clusters whose mass equals the highest, ascending; the first is the winning cluster. Equality is decided before the
   * last micro-units are handed out that make `masses` sum to 1_000_000, so tied masses may differ by one.
   */
  tied: number[]
  /** Answer index of the strongest answer inside the winning cluster, or null if there is no answer. */
  winner: number | null
  /** How sure the swarm is: the winner's mass minus the runner-up's, 0..1_000_000. */
  agreement: number
}

/** What one member showed in one round, in micro-units of one trial: success + failure is at most 1_000_000. */
export interface Trial {
  success: number
  failure: number
}

/** How many rounds spoke of a member in a role, and how far the last of them speak against the record: a log-likelihood ratio in micro-units, 0 or more. */
export interface Course {
  count: number
  doubt: number
}

/** Decayed Beta posterior without its prior: evidence for and against in micro-units. */
export interface Posterior extends Trial, Course {}

/**
 * Which answer of a pair was the better one: the one shown first or second, or, where one of them is the judge's own,
 * its own or its rival.
 */
export const SITUATIONS = ['first', 'second', 'own', 'rival'] as const
export type Situation = (typeof SITUATIONS)[number]

/** A pair can be asked in so many orders. */
export const ORDERS = 2

/** What one judge showed in one round: verdicts right and wrong by situation, at most one trial together for each order that pairs were asked in. */
export type JudgingTrial = { [S in Situation]: Trial }

/** Decayed evidence about a judge by situation. */
export interface Judging extends JudgingTrial, Course {}
