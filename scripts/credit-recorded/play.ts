import { createLedger, memberName } from '../evaluate/live-ledger.ts'
import { orderTasks, type Panel, type PanelTask } from '../evaluate/panel.ts'
import type { Rules } from '../../protocol/index.ts'

/** Credit of a whole panel. Per member, in tasks: how many of the right answers are its doing. */
export interface PanelCredit {
  credit: number[]
  /** Share of the tasks that it answered rightly; null for a member that never answers. */
  accuracy: (number | null)[]
  /** How reliable it is as a judge in the end, null for a member that never judges. */
  reliability: (number | null)[]
  rounds: number
  /** What the swarm got right, and in how many rounds one member alone was worth more than all. */
  value: number
  belowBestSingle: number
  /** Members that had exactly equal credit in every round, as asked for. */
  alike: boolean
}

const MICRO = 1_000_000

/** Plays all tasks in the order of the data's reference results, the truth shown after each. `learns`: whether reputations grow. */
export function playCredit(panel: Panel, rules: Rules, { learns = true, pair }: { learns?: boolean; pair?: [number, number] } = {}): PanelCredit {
  const ledger = createLedger(rules, { learns })
  const sums = panel.members.map(() => 0)
  const found = { rounds: 0, value: 0, belowBestSingle: 0, alike: true }
  for (const place of orderTasks(panel.tasks, 1)) {
    const { credit, players } = ledger.close(panel.tasks[place] as PanelTask, true)
    if (credit === null) continue
    const earned = panel.members.map((_, member) => (credit.credit[players.indexOf(memberName(member))] ?? 0))
    earned.forEach((each, member) => (sums[member] = (sums[member] as number) + each / credit.denominator / MICRO))
    found.rounds++
    found.value += credit.grandValue / MICRO
    if (credit.bestSingle !== null && credit.grandValue < credit.bestSingle.value) found.belowBestSingle++
    if (pair !== undefined && earned[pair[0]] !== earned[pair[1]]) found.alike = false
  }
  return {
    ...found,
    credit: sums,
    accuracy: panel.members.map((_, member) => (panel.authors.includes(member) ? panel.tasks.filter(({ answers }) => answers.some(({ author, correct }) => author === member && correct === true)).length / panel.tasks.length : null)),
    reliability: panel.members.map((_, member) => (panel.judges.includes(member) ? ledger.reliability(member) : null)),
  }
}
