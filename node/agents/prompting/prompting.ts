import type { Agent } from '../agent.ts'
import { readAnswer } from './extract-value.ts'
import { createGrading } from './grading.ts'
import { createJudging } from './judging.ts'
import type { Complete } from './judging.ts'
import { askForAnswer } from './prompts.ts'

export type { CallPurpose, Complete } from './judging.ts'

export interface PromptingInit {
  complete: Complete
  concurrency?: number | undefined
  canaryEvery?: number | undefined
  markSteps?: boolean | undefined
  /** Takes what the owner should know: failed canaries, attempts to influence the judge. */
  log?: ((line: string) => void) | undefined
  /** Numbers in [0, 1), for the choice of canaries. */
  random?: (() => number) | undefined
}

/** What turns a model that completes conversations into an agent that answers, judges and grades. */
export function createPrompting(init: PromptingInit): Required<Pick<Agent, 'answer' | 'judge' | 'grade' | 'statistics'>> {
  const { complete, concurrency = 2, canaryEvery = 10, markSteps = false, log = () => undefined, random = Math.random } = init
  const { judge, statistics } = createJudging({ complete, concurrency, canaryEvery, markSteps, log, random })
  return {
    answer: async (task, signal) => readAnswer(task, await complete(askForAnswer(task), signal, { job: 'answer', task })),
    judge,
    grade: createGrading({ complete, concurrency, isResting: () => statistics().restsBecause !== null }),
    statistics,
  }
}
