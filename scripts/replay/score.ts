import type { RecordedTaskSummary, RecordingSummary } from '../../node/index.ts'

/** Share of tasks answered rightly, 0..1, ties at their expected value. */
export interface Accuracies {
  swarm: number
  plurality: number
  /** Mean and best of the single agents over the same tasks; an absent answer is a wrong one. */
  mean: number
  best: number
}

/** Chance that a vote for the most frequent value picks a right answer. Answers without a value vote for themselves. */
export function pluralityChance(task: RecordedTaskSummary): number {
  const groups = new Map<string, { votes: number; right: number }>()
  task.answers.forEach(({ value, correct }, index) => {
    const key = value === null ? `answer ${index}` : `value ${value}`
    const group = groups.get(key) ?? { votes: 0, right: 0 }
    groups.set(key, { votes: group.votes + 1, right: group.right + (correct === true ? 1 : 0) })
  })
  const most = Math.max(0, ...[...groups.values()].map(({ votes }) => votes))
  const winners = [...groups.values()].filter(({ votes }) => votes === most)
  return winners.length === 0 ? 0 : winners.reduce((sum, { votes, right }) => sum + right / votes, 0) / winners.length
}

/** Accuracy of the swarm, given its chance of being right per task, beside the references on the same tasks. */
export function scoreReplay(recording: RecordingSummary, tasks: readonly RecordedTaskSummary[], swarm: readonly number[]): Accuracies {
  const perAgent = recording.agents.map((agent) => mean(tasks.map(({ answers }) => (isRight(answers, agent) ? 1 : 0))))
  return {
    swarm: mean(swarm),
    plurality: mean(tasks.map(pluralityChance)),
    mean: mean(perAgent),
    best: Math.max(0, ...perAgent),
  }
}

function isRight(answers: RecordedTaskSummary['answers'], agent: string): boolean {
  return answers.some((answer) => answer.agent === agent && answer.correct === true)
}

/** Value below which a share `fraction` of the sorted values lies (nearest rank); 0 for none. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)] ?? 0
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
