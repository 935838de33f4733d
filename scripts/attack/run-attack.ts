import { chanceOfRight, highestOf, isTruthShown, loadPanel, orderTasks, type Panel, type PanelTask, type Selection } from '../evaluate/panel.ts'
import { countVotes } from '../evaluate/references.ts'
import { createSwarm, type SwarmRound } from '../evaluate/run-swarm.ts'
import { mean } from '../evaluate/statistics.ts'
import { chooseAttackers, createDisguise, hidesTruth, type HostileAnswers, type Kind } from './hostile.ts'

/** One pass over a set under one attack. The seed draws the attackers, and is the task order. */
export interface AttackRequest {
  selection: Selection
  kind: Kind
  answers: HostileAnswers
  /** Share of the members that attack, rounded to members. */
  share: number
  truthShare: number
  seed: number
}

/** Where the attackers stood after a round, all 0..1: mean reputations, and their share of all weight. */
export interface AttackPoint {
  round: number
  reputation: { answering: number; judging: number }
  honestReputation: { answering: number; judging: number }
  weight: { answering: number; judging: number }
}

export interface AttackRun {
  attackers: number
  /** Shares of tasks answered rightly: by the swarm, and by plurality over the honest members alone. */
  accuracy: number
  honestPlurality: number
  /** About a hundred, evenly spread; none without attackers. */
  trace: AttackPoint[]
}

/** Runs one attack in this thread. */
export async function runAttack({ selection, kind, answers, share, truthShare, seed }: AttackRequest): Promise<AttackRun> {
  const panel = await loadPanel(selection)
  const attackers = chooseAttackers(panel, share, seed)
  const attack = { kind, answers, attackers, seed }
  const disguise = createDisguise(panel, attack)
  const swarm = createSwarm()
  const [right, honestRight]: [number[], number[]] = [[], []]
  const trace: AttackPoint[] = []
  const step = Math.max(1, Math.floor(panel.tasks.length / 100))
  const honest = panel.members.map((_, member) => member).filter((member) => !attackers.has(member))
  const reputationOf = (members: Iterable<number>): AttackPoint['reputation'] => {
    const known = [...members].map((member) => swarm.reputation(member))
    return { answering: mean(known.map(({ answering }) => answering)), judging: mean(known.map(({ judging }) => judging)) }
  }
  orderTasks(panel.tasks, seed).forEach((place, round) => {
    const recorded = panel.tasks[place] as PanelTask
    const task = disguise(recorded, round)
    const shown = isTruthShown(truthShare, seed, task.taskId)
    const played = swarm.play(task, !shown ? 'none' : hidesTruth(panel, attack, task) ? 'withheld' : 'shown')
    right.push(chanceOfRight(task, played.tied))
    honestRight.push(chanceOfRight(recorded, highestOf(countVotes(recorded, (author) => (attackers.has(author) ? 0 : 1)))))
    if (attackers.size === 0 || (round + 1) % step !== 0) return
    trace.push({ round: round + 1, reputation: reputationOf(attackers), honestReputation: reputationOf(honest), weight: shareWeight(panel, played, attackers) })
  })
  return { attackers: attackers.size, accuracy: mean(right), honestPlurality: mean(honestRight), trace }
}

/** The part that these members have of the weight of all answerers and of all judges; a judge that is read the other way round has none. */
export function shareWeight({ authors, judges }: Panel, { players, judgeWeights, answerWeights }: SwarmRound, members: ReadonlySet<number>): AttackPoint['weight'] {
  const shareOf = (active: readonly number[], weights: readonly number[]): number => {
    const sumOf = (isCounted: (player: number) => boolean): number => {
      return players.reduce((sum, player, at) => sum + (active.includes(player) && isCounted(player) ? Math.max(0, weights[at] as number) : 0), 0)
    }
    const total = sumOf(() => true)
    return total === 0 ? 0 : sumOf((player) => members.has(player)) / total
  }
  return { answering: shareOf(authors, answerWeights), judging: shareOf(judges, judgeWeights) }
}
