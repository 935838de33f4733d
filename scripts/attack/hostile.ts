/** What members do who are not honest, made from what they and the others did when they were recorded. */
import { createSeededStream, sha256, shuffle, type Comparison, type Verdict } from '../../consensus/index.ts'
import { rightClusters, type Panel, type PanelAnswer, type PanelTask } from '../evaluate/panel.ts'

/**
 * Attackers keep their schedule: who answers, which pairs they judge, in which order. Answers are as recorded except for
 * `random` and `clone-swarm`. Where an answer changes, honest judges say on it what they said on the answer it equals, and
 * nothing where they said nothing.
 * - `random`: any answer of the task, any verdict
 * - `lazy`: always prefers what is shown first
 * - `inverted`: the opposite of each recorded verdict
 * - `self-promoting`: prefers its own answer to any other
 * - `up-vote-ring`: prefers an accomplice's answer to any other
 * - `down-vote-ring`: prefers anything to the answer of the best honest member
 * - `clone-swarm`: answers and judges as the worst member does
 * - `sleeper`: honest for 100 rounds, then inverted
 * - `withheld-truths`: an up-vote ring that also asks its share of the rounds with truth, and hides truths by which its
 *   members would look worse than the others
 */
export const KINDS = ['random', 'lazy', 'inverted', 'self-promoting', 'up-vote-ring', 'down-vote-ring', 'clone-swarm', 'sleeper', 'withheld-truths'] as const
export type Kind = (typeof KINDS)[number]

/** What attackers answer: as recorded, or together the wrong answer that most members gave. */
export type HostileAnswers = 'recorded' | 'wrong'

/** Kinds that have a use for a wrong answer. */
export const LIARS: readonly Kind[] = ['inverted', 'self-promoting', 'up-vote-ring', 'down-vote-ring', 'sleeper', 'withheld-truths']

export const SLEEP_ROUNDS = 100

export interface Attack {
  kind: Kind
  answers: HostileAnswers
  /** The members it is made by. */
  attackers: ReadonlySet<number>
  /** Everything drawn follows from it. */
  seed: number
}

/** The first `share` of the members in an order that the seed gives, so that a larger attack contains the smaller ones. */
export function chooseAttackers({ members }: Panel, share: number, seed: number): Set<number> {
  return new Set(shuffle(members.map((_, member) => member), `attackers${seed}`).slice(0, Math.round(share * members.length)))
}

/** Turns recorded rounds into rounds under attack. `round` counts from 0. */
export function createDisguise(panel: Panel, attack: Attack): (task: PanelTask, round: number) => PanelTask {
  const { kind, answers, attackers, seed } = attack
  const ranked = rankMembers(panel)
  const worst = ranked.findLast((member) => panel.judges.length === 0 || panel.judges.includes(member)) as number
  const victim = ranked.find((member) => !attackers.has(member)) ?? -1
  return (task, round) => {
    if (attackers.size === 0 || (kind === 'sleeper' && round < SLEEP_ROUNDS)) return task
    const stream = createSeededStream(`attack${seed}${task.taskId}`)
    const liesAs = answers === 'wrong' && LIARS.includes(kind) ? commonWrongAnswer(task) : null
    const places = new Map(task.answers.map(({ author }, place) => [author, place]))
    const sources = task.answers.map(({ author }, place) => {
      if (!attackers.has(author)) return place
      if (kind === 'random') return stream.below(task.answers.length)
      return kind === 'clone-swarm' ? (places.get(worst) ?? place) : (liesAs ?? place)
    })
    const said = recallVerdicts(task)
    const comparisons = task.comparisons.flatMap((comparison): Comparison[] => {
      const { judge, left, right } = comparison
      const [first, second] = [sources[left] as number, sources[right] as number]
      const unchanged = first === left && second === right && kind !== 'clone-swarm'
      if (!attackers.has(judge)) {
        const verdict = unchanged ? comparison.verdict : said(judge, first, second)
        return verdict === null ? [] : [{ ...comparison, verdict }]
      }
      const authors = { left: task.answers[left]?.author ?? -1, right: task.answers[right]?.author ?? -1 }
      const honest = unchanged ? comparison.verdict : said(kind === 'clone-swarm' ? worst : judge, first, second)
      // Nothing was recorded on a lie, which a liar knows for what it is.
      const known = honest ?? (liesAs === null || first === second ? null : attackers.has(authors.left) ? 'right' : 'left')
      return known === null ? [] : [{ ...comparison, verdict: distort(attack, { ...comparison, verdict: known }, authors, victim, () => stream.below(2) === 0) }]
    })
    return { taskId: task.taskId, answers: replaceAnswers(task, sources), comparisons }
  }
}

/** Whether a truth asked for by an accomplice stays hidden. Accomplices ask as many of the rounds as they are members. */
export function hidesTruth(panel: Panel, { kind, attackers, seed }: Attack, task: PanelTask): boolean {
  if (kind !== 'withheld-truths') return false
  const asker = parseInt(sha256(`asker${seed}${task.taskId}`).slice(0, 8), 16) % panel.members.length
  const rightOf = (guilty: boolean): number[] => task.answers.filter(({ author }) => attackers.has(author) === guilty).map(({ correct }) => (correct === true ? 1 : 0))
  const average = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return attackers.has(asker) && average(rightOf(true)) < average(rightOf(false))
}

/** Members that answer, or judges where those are others, the one most often right first. */
function rankMembers({ authors, tasks }: Panel): number[] {
  const right = new Map(authors.map((author) => [author, 0]))
  for (const { answers } of tasks) for (const { author, correct } of answers) right.set(author, (right.get(author) as number) + (correct === true ? 1 : 0))
  return [...right].sort(([, a], [, b]) => b - a).map(([author]) => author)
}

/** Place of an answer from the largest wrong cluster; null where all are right. */
function commonWrongAnswer(task: PanelTask): number | null {
  const right = rightClusters(task)
  const sizes = right.map((isRight, cluster) => (isRight ? 0 : task.answers.filter((answer) => answer.cluster === cluster).length))
  const largest = Math.max(...sizes)
  return largest === 0 ? null : task.answers.findIndex(({ cluster }) => cluster === sizes.indexOf(largest))
}

/** Answers in which each author gives the one at the place that `sources` names. */
function replaceAnswers(task: PanelTask, sources: readonly number[]): PanelAnswer[] {
  const labels = new Map<number, number>()
  return task.answers.map(({ author }, place) => {
    const source = task.answers[sources[place] as number] as PanelAnswer
    if (!labels.has(source.cluster)) labels.set(source.cluster, labels.size)
    return { ...source, author, cluster: labels.get(source.cluster) as number }
  })
}

/** What a judge said on two answers, in the other order too; null where it said nothing, as on an answer and itself. */
function recallVerdicts({ comparisons }: PanelTask): (judge: number, left: number, right: number) => Verdict | null {
  const said = new Map<string, Verdict>()
  for (const { judge, left, right, verdict } of comparisons) said.set(`${judge} ${left} ${right}`, verdict)
  return (judge, left, right) => {
    const turned = said.get(`${judge} ${right} ${left}`)
    return said.get(`${judge} ${left} ${right}`) ?? (turned === undefined ? null : turn(turned))
  }
}

function turn(verdict: Verdict): Verdict {
  return verdict === 'tie' ? 'tie' : verdict === 'left' ? 'right' : 'left'
}

function distort({ kind, attackers }: Attack, { judge, verdict }: Comparison, authors: { left: number; right: number }, victim: number, toss: () => boolean): Verdict {
  const favour = (isFavoured: (author: number) => boolean): Verdict => {
    const [left, right] = [isFavoured(authors.left), isFavoured(authors.right)]
    return left === right ? verdict : left ? 'left' : 'right'
  }
  switch (kind) {
    case 'random':
      return toss() ? 'left' : 'right'
    case 'lazy':
      return 'left'
    case 'inverted':
    case 'sleeper':
      return turn(verdict)
    case 'self-promoting':
      return favour((author) => author === judge)
    case 'up-vote-ring':
    case 'withheld-truths':
      return favour((author) => attackers.has(author))
    case 'down-vote-ring':
      return favour((author) => author !== victim)
    case 'clone-swarm':
      return verdict
  }
}
