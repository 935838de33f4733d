import { clusterAnswers, sha256, type Comparison } from '../../consensus/index.ts'
import { readRecording, RecordingError, type RecordedTask } from '../../node/index.ts'
import { UsageError } from '../script.ts'

/** Recorded rounds with members and answers as indices: what a ranking needs, and which answers are right. */
export interface Panel {
  /** Names of all who answer or judge, sorted. */
  members: string[]
  /** Members that answer, and members that judge, ascending. */
  authors: number[]
  judges: number[]
  /** In the order of the file. */
  tasks: PanelTask[]
}

export interface PanelTask {
  taskId: string
  answers: PanelAnswer[]
  /** `judge` is a member, `left` and `right` are places in `answers`. */
  comparisons: Comparison[]
}

export interface PanelAnswer {
  author: number
  /** Equal answers share a number: dense, by first appearance. */
  cluster: number
  /** Whether it has a value that others can equal. */
  comparable: boolean
  /** Null where the recording does not say. */
  correct: boolean | null
}

/** Which tasks and ballots of a file count. */
export interface Selection {
  file: string
  kind?: string | undefined
  mode?: string | undefined
  /** A category, or one part of those that are written `part/part`. */
  category?: string | undefined
}

async function readPanel(selection: Selection): Promise<Panel> {
  const seen = { kind: new Set<string>(), mode: new Set<string>(), category: new Set<string>() }
  const kept: RecordedTask[] = []
  try {
    for await (const task of readRecording(selection.file)) {
      if (task.kind !== null) seen.kind.add(task.kind)
      seen.category.add(task.category)
      for (const { mode } of task.ballots) seen.mode.add(mode)
      const selected = selectBallots(task, selection)
      if (selected !== null) kept.push(selected)
    }
  } catch (error) {
    throw error instanceof RecordingError ? new UsageError(error.line === null ? error.message : `${selection.file}: ${error.message}`) : error
  }
  const missing = (['kind', 'mode', 'category'] as const).find((name) => {
    const wanted = selection[name]
    return wanted !== undefined && ![...seen[name]].some((value) => value === wanted || (name === 'category' && hasPart(value, wanted)))
  })
  if (missing !== undefined) throw new UsageError(`--${missing}: ${selection.file} has ${[...seen[missing]].sort().join(', ') || 'none'}`)
  if (kept.length === 0) throw new UsageError(`${selection.file}: no task is left that says which answers are right`)
  return numberMembers(kept)
}

let latest: { key: string; panel: Promise<Panel> } | null = null

/**
 * Reads the selected rounds of a recorded file, or hands out what it read last. Tasks in which no answer is known to be right
 * or wrong are left out, and with `mode` those without such a ballot.
 * @throws UsageError naming the file and line, or the part of the selection that leaves nothing
 */
export function loadPanel(selection: Selection): Promise<Panel> {
  const key = JSON.stringify(selection)
  if (latest?.key !== key) latest = { key, panel: readPanel(selection) }
  return latest.panel
}

/** The task with the ballots that count and without texts, which are large; null if it does not count. */
function selectBallots(task: RecordedTask, { kind, mode, category }: Selection): RecordedTask | null {
  if (kind !== undefined && task.kind !== kind) return null
  if (category !== undefined && !hasPart(task.category, category)) return null
  if (task.answers.every(({ correct }) => correct === null)) return null
  const authors = new Set(task.answers.map(({ agent }) => agent))
  const ballots = task.ballots.filter((ballot) => {
    return (mode === undefined || ballot.mode === mode) && ballot.left !== ballot.right && authors.has(ballot.left) && authors.has(ballot.right)
  })
  if (mode !== undefined && ballots.length === 0) return null
  return { ...task, prompt: null, answers: task.answers.map((answer) => ({ ...answer, text: null })), ballots }
}

function hasPart(category: string, wanted: string): boolean {
  return category === wanted || category.split('/').includes(wanted)
}

function numberMembers(tasks: readonly RecordedTask[]): Panel {
  const authorNames = new Set(tasks.flatMap(({ answers }) => answers.map(({ agent }) => agent)))
  const judgeNames = new Set(tasks.flatMap(({ ballots }) => ballots.map(({ judge }) => judge)))
  const members = [...new Set([...authorNames, ...judgeNames])].sort()
  const numbers = new Map(members.map((name, number) => [name, number]))
  const withNames = (names: Set<string>): number[] => members.flatMap((name, number) => (names.has(name) ? [number] : []))
  return {
    members,
    authors: withNames(authorNames),
    judges: withNames(judgeNames),
    tasks: tasks.map(({ taskId, answers, ballots }) => {
      const clusters = clusterAnswers('label', answers.map(({ value }) => value))
      const places = new Map(answers.map(({ agent }, place) => [agent, place]))
      return {
        taskId,
        answers: answers.map(({ agent, value, correct }, place) => ({
          author: numbers.get(agent) as number,
          cluster: clusters[place] as number,
          comparable: value !== null,
          correct,
        })),
        comparisons: ballots.map(({ judge, left, right, verdict }) => ({
          judge: numbers.get(judge) as number,
          left: places.get(left) as number,
          right: places.get(right) as number,
          verdict,
        })),
      }
    }),
  }
}

/** Places of the tasks in the order of sha256("run" + order + taskId) as hex: order 1 is the data's "run1". */
export function orderTasks(tasks: readonly PanelTask[], order: number): number[] {
  const keys = tasks.map(({ taskId }) => sha256(`run${order}${taskId}`))
  return keys.map((_, place) => place).sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1))
}

/** Whether the truth of a task is shown, where it is for this share of them. */
export function isTruthShown(share: number, order: number, taskId: string): boolean {
  return parseInt(sha256(`truth${order}${taskId}`).slice(0, 8), 16) < share * 2 ** 32
}

/** Per cluster whether it is right: if the truth names one of its answers. */
export function rightClusters({ answers }: PanelTask): boolean[] {
  const right: boolean[] = []
  for (const { cluster, correct } of answers) right[cluster] = right[cluster] === true || correct === true
  return right
}

/** Clusters with the highest score, up to rounding. */
export function highestOf(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  return scores.flatMap((score, cluster) => (score >= highest * (1 - 1e-9) ? [cluster] : []))
}

/** Chance that one of these clusters, picked at random, is right. */
export function chanceOfRight(task: PanelTask, clusters: readonly number[]): number {
  const right = rightClusters(task)
  return clusters.length === 0 ? 0 : clusters.filter((cluster) => right[cluster] === true).length / clusters.length
}
