import { chanceOfRight, highestOf, rightClusters, type Panel, type PanelTask } from './panel.ts'
import { fitReference } from './reference-fit.ts'

/** What a swarm is measured against: per task of the panel the chance of a right answer, or null where there is no such method. */
export interface StaticReferences {
  plurality: number[] | null
  bradleyTerry: number[] | null
  bradleyTerryPerAnswer: number[] | null
  oracle: number[]
  /** Who could have been asked alone: the answerers, or the judges where none of them answers. */
  singles: { name: string; right: number[] }[]
}

/** Those that need no history, on the tasks of a panel in its order. */
export function computeReferences(panel: Panel): StaticReferences {
  const { tasks } = panel
  const strengths = panel.judges.length === 0 ? null : tasks.map((task) => fitReference(tallyBallots(task, () => 1), task.answers.length))
  const repeated = tasks.some(({ answers }) => new Set(answers.map(({ cluster }) => cluster)).size < answers.length)
  return {
    plurality: repeated ? tasks.map((task) => chanceOfRight(task, highestOf(countVotes(task, () => 1)))) : null,
    bradleyTerry: strengths?.map((fitted, index) => chanceOfHighest(tasks[index] as PanelTask, fitted)) ?? null,
    bradleyTerryPerAnswer: strengths?.map((fitted, index) => chanceOfBestSum(tasks[index] as PanelTask, fitted)) ?? null,
    oracle: tasks.map(({ answers }) => (answers.some(({ correct }) => correct === true) ? 1 : 0)),
    singles: scoreSingles(panel),
  }
}

/** Votes per cluster, each of its author's weight. Answers without a value do not vote, unless none has one. */
export function countVotes({ answers }: PanelTask, weightOf: (author: number) => number): number[] {
  const votes: number[] = []
  for (const { author, cluster, comparable } of answers) votes[cluster] = (votes[cluster] ?? 0) + (comparable ? weightOf(author) : 0)
  return votes
}

/** Wins as `fitReference` reads them: every ballot its judge's weight, a tie half of it each way. */
function tallyBallots({ answers, comparisons }: PanelTask, weightOf: (judge: number) => number): Float64Array {
  const n = answers.length
  const wins = new Float64Array(n * n)
  for (const { judge, left, right, verdict } of comparisons) {
    const toLeft = verdict === 'tie' ? 0.5 : verdict === 'left' ? 1 : 0
    wins[left * n + right] = (wins[left * n + right] as number) + weightOf(judge) * toLeft
    wins[right * n + left] = (wins[right * n + left] as number) + weightOf(judge) * (1 - toLeft)
  }
  return wins
}

function sumPerCluster({ answers }: PanelTask, strengths: readonly number[]): number[] {
  const sums: number[] = []
  answers.forEach(({ cluster }, index) => (sums[cluster] = (sums[cluster] ?? 0) + (strengths[index] as number)))
  return sums
}

function chanceOfBestSum(task: PanelTask, strengths: readonly number[]): number {
  return chanceOfRight(task, highestOf(sumPerCluster(task, strengths)))
}

/** Answers by themselves: one of those with the highest score, picked at random. */
function chanceOfHighest({ answers }: PanelTask, scores: readonly number[]): number {
  const best = highestOf(scores)
  return best.filter((place) => answers[place]?.correct === true).length / best.length
}

function scoreSingles({ members, authors, judges, tasks }: Panel): StaticReferences['singles'] {
  if (judges.length === 0 || judges.some((judge) => authors.includes(judge))) {
    return authors.map((author) => ({
      name: members[author] as string,
      right: tasks.map(({ answers }) => (answers.some((answer) => answer.author === author && answer.correct === true) ? 1 : 0)),
    }))
  }
  return judges.map((judge) => ({ name: members[judge] as string, right: tasks.map((task) => chanceOfJudge(task, judge)) }))
}

/** A judge alone picks the answer it prefers most often on balance. */
function chanceOfJudge(task: PanelTask, judge: number): number {
  const lead = task.answers.map(() => 0)
  for (const { left, right, verdict } of task.comparisons.filter((comparison) => comparison.judge === judge)) {
    if (verdict === 'tie') continue
    const [winner, loser] = verdict === 'left' ? [left, right] : [right, left]
    lead[winner] = (lead[winner] as number) + 1
    lead[loser] = (lead[loser] as number) - 1
  }
  return chanceOfHighest(task, lead)
}

/** How often somebody was right so far. */
interface Tally {
  right: number
  wrong: number
}

/** Judges are trusted from the start, and never quite ignored. */
const JUDGE_PRIOR: Tally = { right: 8, wrong: 2 }
const LOG_ODDS_MIN = 0.05

/**
 * Running references: a ballot weighs the log-odds of its judge being right, from earlier tasks, and strengths are summed over
 * equal answers. What was right is the truth, or this method's own pick; ties say nothing about a judge.
 *
 * @param order - places of tasks
 * @returns chance of a right answer per place; null where there are no ballots
 */
export function runBradleyTerry({ tasks, judges }: Panel, order: readonly number[], learnFrom: 'truth' | 'own picks'): number[] | null {
  if (judges.length === 0) return null
  const tallies = new Map<number, Tally>()
  const weightOf = (judge: number): number => {
    const { right, wrong } = tallies.get(judge) ?? JUDGE_PRIOR
    return Math.max(LOG_ODDS_MIN, Math.log(right / wrong))
  }
  const chances = tasks.map(() => 0)
  for (const place of order) {
    const task = tasks[place] as PanelTask
    const picks = highestOf(sumPerCluster(task, fitReference(tallyBallots(task, weightOf), task.answers.length)))
    chances[place] = chanceOfRight(task, picks)
    const right = rightClusters(task)
    const good = right.map((isRight, cluster) => (learnFrom === 'truth' ? isRight : picks.includes(cluster)))
    for (const { judge, left, right, verdict } of task.comparisons) {
      const leftGood = good[task.answers[left]?.cluster as number] === true
      if (verdict === 'tie' || leftGood === (good[task.answers[right]?.cluster as number] === true)) continue
      const tally = tallies.get(judge) ?? JUDGE_PRIOR
      const agrees = (verdict === 'left') === leftGood
      tallies.set(judge, { right: tally.right + (agrees ? 1 : 0), wrong: tally.wrong + (agrees ? 0 : 1) })
    }
  }
  return chances
}

/**
 * Weighted plurality: a vote weighs how often its author was right in earlier tasks whose truth was shown, with one success
 * and one failure to start from.
 *
 * @returns chance of a right answer per place
 */
export function runWeightedPlurality({ tasks }: Panel, order: readonly number[], isShown: (taskId: string) => boolean): number[] {
  const tallies = new Map<number, Tally>()
  const tallyOf = (author: number): Tally => tallies.get(author) ?? { right: 1, wrong: 1 }
  const chances = tasks.map(() => 0)
  for (const place of order) {
    const task = tasks[place] as PanelTask
    chances[place] = chanceOfRight(task, highestOf(countVotes(task, (author) => tallyOf(author).right / (tallyOf(author).right + tallyOf(author).wrong))))
    if (!isShown(task.taskId)) continue
    const right = rightClusters(task)
    for (const { author, cluster } of task.answers) {
      const { right: successes, wrong } = tallyOf(author)
      tallies.set(author, right[cluster] === true ? { right: successes + 1, wrong } : { right: successes, wrong: wrong + 1 })
    }
  }
  return chances
}
