/** How much copies of one member can do, and how soon a member that turns loses its say. */
import { createSeededStream } from '../../consensus/index.ts'
import { isTruthShown, loadPanel, orderTasks, type Panel, type PanelAnswer, type PanelTask, type Selection } from '../evaluate/panel.ts'
import { createSwarm, type SwarmRound } from '../evaluate/run-swarm.ts'
import { mean } from '../evaluate/statistics.ts'
import { createDisguise, SLEEP_ROUNDS } from './hostile.ts'
import { shareWeight } from './run-attack.ts'

/** The seed draws the copied member and the task order. */
export interface InfluenceRequest {
  selection: Selection
  truthShare: number
  seed: number
}

/** Mean change of the winner's mass, 0..1, when these are removed, over rounds of the second half of a set. */
export interface Influence {
  /** Ten copies of one member, which nobody knows yet or which were there from the start. */
  newcomerCopies: number
  establishedCopies: number
  /** The copied member and another one, where there are no copies. */
  twoMembers: number
}

/** What becomes of sleepers, one number per member that had influence worth the name. */
export interface Halving {
  /** Rounds with truth until it has half its former share of the weight. */
  answering: number[]
  judging: number[]
  /** Mean change of the winner's mass when it is removed: in its last rounds before it turns, and from 20 rounds with truth after. */
  before: number[]
  after: number[]
}

const COPIES = 10
const PROBE_STEP = 5
/** A sleeper's influence should be halved after so many rounds with truth. It is measured over as many. */
export const HALVING_MAX = 20

/** Measures the influence of ten copies in this thread. */
export async function measureInfluence({ selection, truthShare, seed }: InfluenceRequest): Promise<Influence> {
  const panel = await loadPanel(selection)
  const stream = createSeededStream(`influence${seed}`)
  const candidates = panel.judges.length === 0 ? panel.authors : panel.judges.filter((judge) => panel.authors.includes(judge))
  const copied = candidates[stream.below(candidates.length)] as number
  const others = panel.members.map((_, member) => member).filter((member) => member !== copied)
  const copies = Array.from({ length: COPIES }, (_, index) => panel.members.length + index)
  const [plain, crowded] = [createSwarm(), createSwarm()]
  const found = { newcomerCopies: [] as number[], establishedCopies: [] as number[], twoMembers: [] as number[] }
  orderTasks(panel.tasks, seed).forEach((place, round) => {
    const task = panel.tasks[place] as PanelTask
    const joined = addCopies(task, copied, copies)
    if (2 * round >= panel.tasks.length && round % PROBE_STEP === 0) {
      const pair = new Set([copied, others[stream.below(others.length)] as number])
      const reduced = removeMembers(task, pair)
      found.newcomerCopies.push(changeOfWinner(joined, plain.rank(joined), task, plain.rank(task)))
      found.establishedCopies.push(changeOfWinner(joined, crowded.rank(joined), task, crowded.rank(task)))
      if (reduced.answers.length > 0) found.twoMembers.push(changeOfWinner(task, plain.rank(task), reduced, plain.rank(reduced)))
    }
    const truth = isTruthShown(truthShare, seed, task.taskId) ? 'shown' : 'none'
    plain.play(task, truth)
    crowded.play(joined, truth)
  })
  return { newcomerCopies: mean(found.newcomerCopies), establishedCopies: mean(found.establishedCopies), twoMembers: mean(found.twoMembers) }
}

/** Measures how soon sleepers lose their weight, each member in turn being the only one; the truth of every round is shown. */
export async function measureHalving({ selection, seed }: InfluenceRequest): Promise<Halving> {
  const panel = await loadPanel(selection)
  const found: Halving = { answering: [], judging: [], before: [], after: [] }
  for (const sleeper of panel.authors) {
    const { shares, before: early, after: late } = followSleeper(panel, sleeper, seed)
    found.before.push(early)
    found.after.push(late)
    for (const role of ['answering', 'judging'] as const) {
      const before = mean(shares.slice(SLEEP_ROUNDS - PROBE_STEP, SLEEP_ROUNDS).map((share) => share[role]))
      const active = role === 'answering' || panel.judges.includes(sleeper)
      if (!active || before < 1 / (2 * panel.members.length)) continue
      const turned = shares.slice(SLEEP_ROUNDS)
      const halved = turned.findIndex((share) => share[role] <= before / 2)
      found[role].push(halved < 0 ? turned.length : halved)
    }
  }
  return found
}

function followSleeper(panel: Panel, sleeper: number, seed: number): { shares: { answering: number; judging: number }[]; before: number; after: number } {
  const attackers = new Set([sleeper])
  const disguise = createDisguise(panel, { kind: 'sleeper', answers: 'wrong', attackers, seed })
  const swarm = createSwarm()
  const moved: number[] = []
  const shares = orderTasks(panel.tasks, seed).map((place, round) => {
    const task = disguise(panel.tasks[place] as PanelTask, round)
    const without = removeMembers(task, attackers)
    moved.push(without.answers.length === 0 ? 1 : changeOfWinner(task, swarm.rank(task), without, swarm.rank(without)))
    return shareWeight(panel, swarm.play(task, 'shown'), attackers)
  })
  const turned = SLEEP_ROUNDS + HALVING_MAX
  return { shares, before: mean(moved.slice(SLEEP_ROUNDS - HALVING_MAX, SLEEP_ROUNDS)), after: mean(moved.slice(turned, turned + HALVING_MAX)) }
}

/** The round in which newcomers answer and judge as one member does, and are judged as it is. */
export function addCopies(task: PanelTask, copied: number, copies: readonly number[]): PanelTask {
  const place = task.answers.findIndex(({ author }) => author === copied)
  const answered = place < 0 ? [] : copies.map((author): PanelAnswer => ({ ...(task.answers[place] as PanelAnswer), author }))
  const onCopies = answered.flatMap((_, index) =>
    task.comparisons.flatMap((comparison) => {
      if (comparison.left !== place && comparison.right !== place) return []
      const moved = task.answers.length + index
      return [{ ...comparison, left: comparison.left === place ? moved : comparison.left, right: comparison.right === place ? moved : comparison.right }]
    }),
  )
  // On its own answer a copy says what the member said on its own; on those of its likes nobody was asked.
  const byCopies = copies.flatMap((judge, index) =>
    task.comparisons
      .filter((comparison) => comparison.judge === copied)
      .map((comparison) => {
        const own = place < 0 ? -1 : task.answers.length + index
        return { judge, verdict: comparison.verdict, left: comparison.left === place ? own : comparison.left, right: comparison.right === place ? own : comparison.right }
      }),
  )
  const byOthers = onCopies.filter(({ judge }) => judge !== copied)
  return { taskId: task.taskId, answers: [...task.answers, ...answered], comparisons: [...task.comparisons, ...byOthers, ...byCopies] }
}

/** The round as if these members had done nothing. */
export function removeMembers({ taskId, answers, comparisons }: PanelTask, gone: ReadonlySet<number>): PanelTask {
  const kept = answers.flatMap(({ author }, place) => (gone.has(author) ? [] : [place]))
  const places = new Map(kept.map((place, index) => [place, index]))
  const labels = new Map<number, number>()
  const label = (cluster: number): number => labels.get(cluster) ?? labels.set(cluster, labels.size).size - 1
  return {
    taskId,
    answers: kept.map((place) => ({ ...(answers[place] as PanelAnswer), cluster: label((answers[place] as PanelAnswer).cluster) })),
    comparisons: comparisons.flatMap((comparison) => {
      const [left, right] = [places.get(comparison.left), places.get(comparison.right)]
      return gone.has(comparison.judge) || left === undefined || right === undefined ? [] : [{ ...comparison, left, right }]
    }),
  }
}

/** How far the mass of the full round's winner moves in the reduced one, 0..1. */
function changeOfWinner(full: PanelTask, ranked: SwarmRound, reduced: PanelTask, rankedReduced: SwarmRound): number {
  const winner = ranked.tied[0] as number
  const supporters = new Set(full.answers.filter(({ cluster }) => cluster === winner).map(({ author }) => author))
  const left = reduced.answers.find(({ author }) => supporters.has(author))
  return Math.abs((ranked.masses[winner] as number) - (left === undefined ? 0 : (rankedReduced.masses[left.cluster] as number))) / 1_000_000
}
