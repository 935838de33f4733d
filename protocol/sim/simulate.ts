import { remember } from '../memo.ts'
import { ADVERSARIES } from './adversaries/all.ts'
import { throwBadFrames } from './bad-frames.ts'
import { CHAOS_MS, faultsOf } from './faults.ts'
import { checkBounds, notConvicted, watch, type Witness } from './invariants.ts'
import { drawPlan, smallerPlans, type Plan, type PlanInit } from './plan.ts'
import { checkReplay } from './replay.ts'
import { at, isHonest, type SimNode, type World } from './types.ts'
import { ask, createWorld, healWorld, run, startNode, stopNode } from './world.ts'

/** What one seeded run showed. */
export interface SimReport {
  seed: number
  nodes: number
  adversaries: string[]
  faults: string[]
  /** What broke safety; must be empty. */
  violations: string[]
  /** What was expected after the network healed and did not come; must be empty. */
  stalls: string[]
  roundsClosed: number
  height: number
  epoch: number
  convicted: number
  /** Most that one node held of anything that strangers can fill. */
  heldMax: number
  /** Words that a node whose store was set back contradicted when nobody who ran remembered them. */
  forgotten: number
  steps: number
  traceHash: string
}

const HEALING_MS = 60_000
const ROUNDS_MIN = 3
const ASKS_HEALED = 4
const STIR_MS = 500
const BOUNDS_MS = 2_000

export interface RunOptions {
  /** May put faults into the world that no seed draws. */
  prepare?: (world: World, witness: Witness) => void
  /** Whether outcomes of pure functions are shared between nodes; it changes nothing but the time it takes. */
  remembers?: boolean
}

/** One run of a seed. The same seed gives the same trace. */
export function simulate(init: PlanInit & RunOptions): SimReport {
  return runPlan(drawPlan(init), init)
}

/**
 * One run: rounds are asked during a chaos phase, in which only safety is expected; then the network heals, everybody is
 * back, and rounds must close and all honest nodes end with one state.
 */
export function runPlan(plan: Plan, options: RunOptions = {}): SimReport {
  remember(options.remembers !== false)
  try {
    return runWorld(plan, options)
  } finally {
    remember(false)
  }
}

function runWorld(plan: Plan, options: RunOptions): SimReport {
  const { seed, nodes, weights, faults, exactPlayersMax, epochBlocks, guarded } = plan
  const adversaries = plan.adversaries.map(({ name, node }) => ({ node, adversary: ADVERSARIES[name] }))
  const grades = plan.creditGrades === undefined ? {} : { creditGrades: plan.creditGrades }
  const parameters = { exactPlayersMax, creditPairs: 4, epochBlocks, joinsPerEpochMax: 4, ...grades }
  const world = createWorld({ seed, nodes, weights, faults, adversaries, parameters, guarded })
  const witness = watch(world)
  options.prepare?.(world, witness)
  schedule(world, witness, plan)
  run(world, CHAOS_MS, () => false)
  heal(world, witness)
  const closedBefore = witness.closed.size
  const honest = world.nodes.filter(isHonest)
  const isDone = (): boolean =>
    witness.closed.size >= Math.max(ROUNDS_MIN, closedBefore + 2) && agreeNow(honest) && notConvicted(witness).length === 0
  const wentOn = run(world, CHAOS_MS + HEALING_MS, isDone)
  checkBounds(world, witness)
  const replayed = honest.length === 0 ? [] : checkReplay(world, world.random.pick(honest))
  const ledgers = honest.flatMap(({ machine }) => (machine === null ? [] : [machine.ledger]))
  const convictedIn = ledgers.map(({ members, former }) => [...Object.values(members), ...Object.values(former).map(({ member }) => member)].filter(({ convicted }) => convicted !== null).length)
  return {
    seed,
    nodes,
    adversaries: plan.adversaries.map(({ name }) => name),
    faults: [...new Set(faults.map((fault) => (fault.type === 'partition' ? `partition ${fault.shape}` : fault.type === 'agent' ? `agent ${fault.failure}` : fault.type)))],
    violations: [...new Set([...witness.violations, ...replayed])],
    stalls: wentOn ? [] : describeStalls(witness, honest, witness.closed.size - closedBefore),
    roundsClosed: witness.closed.size,
    height: Math.max(0, ...ledgers.map(({ height }) => height)),
    epoch: Math.max(0, ...ledgers.map(({ epoch }) => epoch)),
    convicted: Math.max(0, ...convictedIn),
    heldMax: witness.heldMax,
    forgotten: witness.forgotten,
    steps: world.steps,
    traceHash: world.trace.hash(),
  }
}

function schedule(world: World, witness: Witness, { asks, faults }: Plan): void {
  const nodeAt = (index: number): SimNode => world.nodes[index] as SimNode
  for (const [index, { atMs, node, truth }] of asks.entries()) at(world, atMs, () => ask(world, nodeAt(node), index + 1, truth))
  for (const { nodes, fromMs, untilMs } of faultsOf(faults, 'outage')) {
    at(world, fromMs, () => nodes.forEach((node) => stopNode(world, nodeAt(node))))
    at(world, untilMs, () => nodes.forEach((node) => nodeAt(node).machine === null && startNode(world, nodeAt(node))))
  }
  for (const { node, fromMs, untilMs } of faultsOf(faults, 'pause')) at(world, fromMs, () => void (nodeAt(node).resumesMs = untilMs))
  for (const { node, takenMs, restoredMs } of faultsOf(faults, 'backup')) scheduleBackup(world, nodeAt(node), takenMs, restoredMs)
  for (const { everyMs } of faultsOf(faults, 'bad-frames')) repeat(world, everyMs, CHAOS_MS, () => witness.violations.push(...throwBadFrames(world)))
  if (world.nodes.some((node) => node.adversary?.stirs !== undefined)) repeat(world, STIR_MS, Infinity, () => stir(world))
  repeat(world, BOUNDS_MS, Infinity, () => checkBounds(world, witness))
}

function repeat(world: World, everyMs: number, untilMs: number, call: () => void): void {
  if (world.nowMs + everyMs > untilMs) return
  at(world, world.nowMs + everyMs, () => {
    call()
    repeat(world, everyMs, untilMs, call)
  })
}

function stir(world: World): void {
  for (const node of world.nodes) if (node.machine !== null) node.adversary?.stirs?.(node, world)
}

function scheduleBackup(world: World, node: SimNode, takenMs: number, restoredMs: number): void {
  let backup = { store: new Map<string, Uint8Array>(), lastPresence: -1 }
  at(world, takenMs, () => void (backup = { store: new Map(node.store), lastPresence: node.machine?.guard.lastPresence ?? node.lastPresence }))
  at(world, restoredMs, () => {
    stopNode(world, node)
    Object.assign(node, { ...backup, wasSetBack: true })
    startNode(world, node)
  })
}

function heal(world: World, witness: Witness): void {
  healWorld(world)
  witness.healedMs = world.nowMs
  const honest = world.nodes.filter(isHonest)
  witness.healedEpoch = Math.max(0, ...honest.map(({ machine }) => machine?.ledger.epoch ?? 0))
  for (let index = 1; index <= ASKS_HEALED; index++) {
    at(world, world.nowMs + index * 2_000, () => {
      // Who only observes asks nothing.
      const able = honest.filter(({ machine }) => machine?.guard.mode === 'active')
      if (able.length > 0) ask(world, world.random.pick(able), 100 + index)
    })
  }
}

function agreeNow(honest: readonly SimNode[]): boolean {
  const heads = honest.map(({ machine }) => machine?.head.hash)
  return heads.every((head) => head !== undefined && head === heads[0])
}

// `since`: rounds closed since the healing.
function describeStalls(witness: Witness, honest: readonly SimNode[], since: number): string[] {
  const closed = witness.closed.size
  const stalls = closed < ROUNDS_MIN ? [`only ${closed} rounds closed`] : []
  if (since < 2) stalls.push(`${since} rounds closed since the network healed`)
  if (!agreeNow(honest)) stalls.push(`heights differ: ${honest.map(({ machine }) => machine?.ledger.height).join()}`)
  return [...stalls, ...notConvicted(witness).map((author) => `${author} was caught and is not convicted`)]
}

/** Takes a failing plan apart: whatever is not needed for it to fail goes, one thing after the other. */
export function shrinkPlan(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  const smaller = smallerPlans(plan).find(fails)
  return smaller === undefined ? plan : shrinkPlan(smaller, fails)
}
