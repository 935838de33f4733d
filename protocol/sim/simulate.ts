import { checkReplay, watch } from './invariants.ts'
import { createRandom } from './random.ts'
import { ask, at, createWorld, HEALED, run, startNode, stopNode, traceHash, type Faults, type SimNode, type World } from './world.ts'

/** What one seeded run showed. */
export interface SimReport {
  seed: number
  nodes: number
  /** What broke safety; must be empty. */
  violations: string[]
  /** What was expected after the network healed and did not come; must be empty. */
  stalls: string[]
  roundsClosed: number
  height: number
  steps: number
  traceHash: string
}

const CHAOS_MS = 20_000
const HEALING_MS = 60_000
const ROUNDS_MIN = 3

/** Fault mix of a seed: each run leaves some faults out, so that every combination is met. */
function drawFaults(seed: number): Faults {
  const random = createRandom(seed ^ 0x5eed)
  return {
    loss: random.chance(0.6) ? random.unit() * 0.25 : 0,
    duplicate: random.chance(0.5) ? random.unit() * 0.2 : 0,
    delayMsMax: random.chance(0.7) ? 5 + random.below(400) : 10,
    crash: random.chance(0.6) ? random.unit() * 0.004 : 0,
  }
}

/**
 * One run: rounds are asked during a chaos phase, in which only safety is expected; then the network heals, everybody is
 * back, and rounds must close and all nodes end with one state. The same seed gives the same trace. `prepare` may put
 * faults into the world that no seed draws.
 */
export function simulate(init: { seed: number; nodes: number; exactPlayersMax?: number; prepare?: (world: World) => void }): SimReport {
  const { seed, nodes } = init
  const parameters = { exactPlayersMax: init.exactPlayersMax ?? (seed % 3 === 0 ? 3 : 8), creditPairs: 4, epochBlocks: 4 + (seed % 9) }
  const world = createWorld({ seed, nodes, faults: drawFaults(seed), parameters })
  const witness = watch(world)
  init.prepare?.(world)
  planAsks(world)
  planOutage(world)
  run(world, CHAOS_MS, () => false)
  heal(world)
  witness.healedMs = world.nowMs
  const closedBefore = witness.closed.size
  const isDone = (): boolean => witness.closed.size >= Math.max(ROUNDS_MIN, closedBefore + 2) && agreeNow(world)
  const wentOn = run(world, CHAOS_MS + HEALING_MS, isDone)
  const stalls = describeStalls(world, witness.closed.size, wentOn ? null : witness.closed.size - closedBefore)
  const heights = world.nodes.map((node) => node.machine?.ledger.height ?? 0)
  return {
    seed,
    nodes,
    violations: [...new Set([...witness.violations, ...checkReplay(world, world.random.pick(world.nodes))])],
    stalls,
    roundsClosed: witness.closed.size,
    height: Math.max(...heights),
    steps: world.steps,
    traceHash: traceHash(world),
  }
}

function planAsks(world: World): void {
  for (let sequence = 1; sequence <= 6; sequence++) {
    at(world, 500 + sequence * 3_000 + world.random.below(1_000), () => ask(world, world.random.pick(world.nodes), sequence))
  }
}

// Now and then one node is away for some seconds, at most one at a time and not with crashes on top.
function planOutage(world: World): void {
  if (world.faults.crash > 0 || !world.random.chance(0.4)) return
  const node = world.random.pick(world.nodes)
  const fromMs = 1_000 + world.random.below(10_000)
  at(world, fromMs, () => stopNode(world, node))
  at(world, fromMs + 1_000 + world.random.below(8_000), () => {
    if (node.machine === null) startNode(world, node)
  })
}

function heal(world: World): void {
  world.faults = HEALED
  for (const node of world.nodes) if (node.machine === null) startNode(world, node)
  for (let sequence = 101; sequence <= 104; sequence++) {
    at(world, world.nowMs + (sequence - 100) * 2_000, () => ask(world, world.random.pick(world.nodes), sequence))
  }
}

function agreeNow(world: World): boolean {
  const heads = world.nodes.map(({ machine }) => machine?.head.hash)
  return heads.every((head) => head !== undefined && head === heads[0])
}

// `since`: rounds closed since the healing, where that was too few.
function describeStalls(world: World, closed: number, since: number | null): string[] {
  const stalls = closed < ROUNDS_MIN ? [`only ${closed} rounds closed`] : []
  if (since !== null) stalls.push(`${since} rounds closed since the network healed`)
  return agreeNow(world) ? stalls : [...stalls, `heights differ: ${world.nodes.map((node: SimNode) => node.machine?.ledger.height).join()}`]
}
