import { UsageError } from '../script.ts'
import { chanceOfRight, isTruthShown, loadPanel, orderTasks, type Panel, type PanelTask, type Selection } from './panel.ts'
import { computeReferences, runBradleyTerry, runWeightedPlurality, type StaticReferences } from './references.ts'
import { createSwarm } from './run-swarm.ts'

/** One pass over the tasks of a panel; `truthShare` of them show the truth afterwards. */
export interface OrderRequest {
  selection: Selection
  truthShare: number
  order: number
}

/** Chances of a right answer per place of a task in the panel; null where a method does not apply. */
export interface OrderRun {
  order: number
  /** Places in the order they came. */
  places: number[]
  swarm: number[]
  weightedPlurality: number[] | null
  runningNoTruth: number[] | null
  runningTruth: number[] | null
}

export interface PanelRun {
  counts: { tasks: number; agents: number; judges: number; ballots: number }
  references: StaticReferences
  run: OrderRun
}

/** As threads hand it on: a wrong argument would lose its class on the way. */
export type OrderReply = { ok: true; done: PanelRun } | { ok: false; message: string }

const known = new WeakMap<Panel, StaticReferences>()

/** Runs one order in this thread. */
export default async function runOrder({ selection, truthShare, order }: OrderRequest): Promise<OrderReply> {
  try {
    const panel = await loadPanel(selection)
    const references = known.get(panel) ?? computeReferences(panel)
    known.set(panel, references)
    const ballots = panel.tasks.reduce((sum, { comparisons }) => sum + comparisons.length, 0)
    const counts = { tasks: panel.tasks.length, agents: panel.authors.length, judges: panel.judges.length, ballots }
    return { ok: true, done: { counts, references, run: runPanel(panel, references, truthShare, order) } }
  } catch (error) {
    if (error instanceof UsageError) return { ok: false, message: error.message }
    throw error
  }
}

function runPanel(panel: Panel, references: StaticReferences, truthShare: number, order: number): OrderRun {
  const places = orderTasks(panel.tasks, order)
  const isShown = (taskId: string): boolean => isTruthShown(truthShare, order, taskId)
  const swarm = createSwarm()
  const chances = panel.tasks.map(() => 0)
  for (const place of places) {
    const task = panel.tasks[place] as PanelTask
    chances[place] = chanceOfRight(task, swarm.play(task, isShown(task.taskId) ? 'shown' : 'none').tied)
  }
  return {
    order,
    places,
    swarm: chances,
    weightedPlurality: references.plurality === null ? null : runWeightedPlurality(panel, places, isShown),
    runningNoTruth: runBradleyTerry(panel, places, 'own picks'),
    runningTruth: runBradleyTerry(panel, places, 'truth'),
  }
}
