/** A run as data: what is asked, what goes wrong, and who does not play by the rules. Everything follows from it. */
import { ADVERSARIES, type AdversaryName } from './adversaries/all.ts'
import { CHAOS_MS, drawFaults, faultsOf, type Fault } from './faults.ts'
import { createRandom, type Random } from './random.ts'

export interface Plan {
  seed: number
  nodes: number
  /** Voting weight of each node at the start. */
  weights: number[]
  asks: { atMs: number; node: number; truth: boolean }[]
  faults: Fault[]
  adversaries: { name: AdversaryName; node: number }[]
  exactPlayersMax: number
  epochBlocks: number
  /** Grades that are asked for of each answer; absent: nobody grades. */
  creditGrades?: number
  /** Whether nodes ask their peers, upon starting, what they have signed before. */
  guarded: boolean
}

export interface PlanInit {
  seed: number
  nodes: number
  /** Only this one, as often as may be; absent: the seed decides. */
  adversary?: AdversaryName
  noFaults?: boolean
  noAdversaries?: boolean
  /** Members grade answers, so many times each. */
  creditGrades?: number
}

const ASKS = 4
/** Voting weight that a founder has where all have the same. */
const FOUNDER = 1_000_000

/** Draws the plan of a seed. Adversaries are always less than a third. */
export function drawPlan(init: PlanInit): Plan {
  const { seed, nodes } = init
  const random = createRandom(seed ^ 0xa5c)
  const asks = Array.from({ length: ASKS }, (_, index) => ({ atMs: 500 + index * 4_000 + random.below(1_500), node: random.below(nodes), truth: random.chance(0.5) }))
  const weights = Array.from({ length: nodes }, () => (seed % 4 === 1 ? 200_000 + random.below(800_001) : FOUNDER))
  const most = Math.floor((nodes - 1) / 3)
  const count = init.noAdversaries === true ? 0 : init.adversary === undefined ? random.below(most + 1) : most
  const adversaries: Plan['adversaries'] = []
  for (let tries = 0; tries < 10 * nodes && adversaries.length < count; tries++) {
    const node = random.below(nodes)
    const name = init.adversary ?? random.pick(Object.keys(ADVERSARIES) as AdversaryName[])
    const chosen = [...adversaries, { name, node }]
    if (!adversaries.some((each) => each.node === node) && isMinority(weights, chosen)) adversaries.push({ name, node })
  }
  const faults = init.noFaults === true ? [] : drawFaults(seed, nodes)
  const guarded = seed % 2 === 0
  // Whose store is set back has no vote until what it may have signed is past: it counts as one of those that fail.
  if (guarded && faults.length > 0 && random.chance(0.3)) {
    const backup = drawBackup(random, nodes, adversaries)
    if (isMinority(weights, [...adversaries, backup])) faults.push(backup)
  }
  const grades = init.creditGrades === undefined ? {} : { creditGrades: init.creditGrades }
  return { seed, nodes, weights, asks, faults, adversaries, exactPlayersMax: seed % 3 === 0 ? 3 : 8, epochBlocks: 4 + (seed % 9), ...grades, guarded }
}

/** Whether these nodes weigh less than a third. */
function isMinority(weights: readonly number[], some: readonly { node: number }[]): boolean {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return 3 * some.reduce((sum, { node }) => sum + (weights[node] as number), 0) < total
}

function drawBackup(random: Random, nodes: number, adversaries: Plan['adversaries']): Extract<Fault, { type: 'backup' }> {
  const honest = Array.from({ length: nodes }, (_, index) => index).filter((index) => adversaries.every(({ node }) => node !== index))
  const takenMs = random.below(CHAOS_MS / 2)
  return { type: 'backup', node: random.pick(honest), takenMs, restoredMs: takenMs + 500 + random.below(CHAOS_MS / 2 - 500) }
}

/** What of a plan can be left out, one thing at a time: ever smaller plans. */
export function smallerPlans(plan: Plan): Plan[] {
  const without = <T>(list: readonly T[], index: number): T[] => list.filter((_, each) => each !== index)
  return [
    ...plan.adversaries.map((_, index) => ({ ...plan, adversaries: without(plan.adversaries, index) })),
    ...plan.faults.map((_, index) => ({ ...plan, faults: without(plan.faults, index) })),
    ...plan.asks.map((_, index) => ({ ...plan, asks: without(plan.asks, index) })),
    ...(plan.nodes > 1 ? [withoutLastNode(plan)] : []),
    ...(plan.creditGrades === undefined ? [] : [withoutGrades(plan)]),
    // Without a guard, a store that was set back breaks the rules by itself.
    ...(plan.guarded && !plan.faults.some(({ type }) => type === 'backup') ? [{ ...plan, guarded: false }] : []),
  ].filter(({ weights, adversaries, faults }) => isMinority(weights, [...adversaries, ...faultsOf(faults, 'backup')]))
}

function withoutGrades({ creditGrades: _, ...plan }: Plan): Plan {
  return plan
}

function withoutLastNode(plan: Plan): Plan {
  const nodes = plan.nodes - 1
  const stays = (fault: Fault): boolean => !('node' in fault) || fault.node < nodes
  return {
    ...plan,
    nodes,
    weights: plan.weights.slice(0, nodes),
    asks: plan.asks.map((each) => ({ ...each, node: each.node % nodes })),
    faults: plan.faults.filter(stays).map((fault) => (fault.type === 'outage' ? { ...fault, nodes: fault.nodes.filter((node) => node < nodes) } : fault)),
    adversaries: plan.adversaries.filter(({ node }) => node < nodes),
  }
}

/** A plan in a few lines. */
export function describePlan({ seed, nodes, weights, asks, faults, adversaries, epochBlocks, exactPlayersMax, creditGrades, guarded }: Plan): string[] {
  const spanOf = (fault: Fault): string => ('fromMs' in fault ? ` ${fault.fromMs}..${fault.untilMs} ms` : '')
  return [
    `seed ${seed}, ${nodes} nodes, ${epochBlocks} blocks per epoch, exact credit up to ${exactPlayersMax} players${creditGrades === undefined ? '' : `, ${creditGrades} grades of each answer`}${guarded ? ', guarded' : ''}`,
    `weights ${weights.join(', ')}`,
    ...asks.map(({ atMs, node, truth }) => `ask at ${atMs} ms of node ${node}${truth ? ', with a truth' : ''}`),
    ...adversaries.map(({ name, node }) => `node ${node} is a ${name}`),
    ...faults.map((fault) => {
      const { type, ...rest } = fault
      const details = Object.entries(rest).filter(([key]) => key !== 'fromMs' && key !== 'untilMs')
      return `${type}${spanOf(fault)} ${details.map(([key, value]) => `${key} ${typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : String(value)}`).join(', ')}`
    }),
    `all is well from ${CHAOS_MS} ms on`,
  ]
}
