import type { TaskKind } from '../../consensus/index.ts'
import type { AnswerCheck } from './answer-check.ts'
import { checkColouring, parseColouringTask } from './colouring.ts'
import { checkCountdown, parseCountdownTask } from './countdown.ts'
import { checkTour, parseTourTask } from './tour.ts'

export type { AnswerCheck, AnswerFault } from './answer-check.ts'
export { cliqueBound, formatColouringTask, listNeighbours, parseColouringAnswer, parseColouringTask } from './colouring.ts'
export type { ColouringTask, Edge } from './colouring.ts'
export { applyOperator, evaluateCountdownAnswer, formatCountdownTask, parseCountdownTask } from './countdown.ts'
export type { CountdownTask, Operator } from './countdown.ts'
export { formatTourTask, parseTourAnswer, parseTourTask } from './tour.ts'
export type { TourTask } from './tour.ts'
export { cityDistance, createDistanceTable, nearestNeighbourTour, orOptSweep, tourLength, twoOptSweep } from './tour-search.ts'
export type { City, DistanceTable } from './tour-search.ts'

/** The task kinds whose answers a program can judge. */
export const CHECKABLE_KINDS = ['tour', 'colouring', 'countdown'] as const
export type CheckableKind = (typeof CHECKABLE_KINDS)[number]

/** Why there is nothing to check against. */
export type CheckFailure = 'not-checkable' | 'malformed-task'

export type CheckResult = ({ ok: true } & AnswerCheck) | { ok: false; code: CheckFailure }

export function isCheckable(kind: TaskKind): kind is CheckableKind {
  return (CHECKABLE_KINDS as readonly TaskKind[]).includes(kind)
}

/**
 * What an answer to a task of a checkable kind is worth. Pure, integers only, the same on every machine; bounded by the
 * tasks' size limits (a few milliseconds). A malformed answer has quality 0 and a fault; a malformed prompt cannot be checked.
 * Never throws.
 */
export function check(kind: TaskKind, prompt: string, answer: string): CheckResult {
  switch (kind) {
    case 'tour':
      return settle(parseTourTask(prompt), answer, checkTour)
    case 'colouring':
      return settle(parseColouringTask(prompt), answer, checkColouring)
    case 'countdown':
      return settle(parseCountdownTask(prompt), answer, checkCountdown)
    default:
      return { ok: false, code: 'not-checkable' }
  }
}

function settle<T>(task: T | null, answer: string, checkAnswer: (task: T, answer: string) => AnswerCheck): CheckResult {
  return task === null ? { ok: false, code: 'malformed-task' } : { ok: true, ...checkAnswer(task, answer) }
}
