import type { Parameters } from '../../genesis.ts'
import type { ClosedRound } from '../../ledger/close-round.ts'
import { watch, type Witness } from '../../sim/invariants.ts'
import { ask, at, createWorld, run, startNode, stopNode, type SimNode, type World } from '../../sim/world.ts'
import type { Notice } from '../events.ts'

/** A simulated network without faults, watched, in which one round is asked of each of the given nodes. */
export interface Run {
  world: World
  witness: Witness
  closed: ClosedRound[]
  notices: { nowMs: number; node: number; notice: Notice }[]
}

export function startRun(init: { nodes: number; seed?: number; askers?: number[]; parameters?: Partial<Parameters> }): Run {
  const world = createWorld({ seed: init.seed ?? 1, nodes: init.nodes, faults: [], ...(init.parameters === undefined ? {} : { parameters: init.parameters }) })
  const witness = watch(world)
  const result: Run = { world, witness, closed: [], notices: [] }
  const { onNotice } = world
  world.onNotice = (node, notice) => {
    onNotice(node, notice)
    result.notices.push({ nowMs: world.nowMs, node: node.index, notice })
    if (notice.type === 'round-closed' && !result.closed.some(({ round }) => round === notice.closed.round)) result.closed.push(notice.closed)
  }
  for (const [index, asker] of (init.askers ?? [0]).entries()) at(world, 100 + 10 * index, () => ask(world, world.nodes[asker] as SimNode, index + 1))
  return result
}

/** Lets time pass until so many rounds are on record and everybody is at one head; false if that does not come in time. */
export function finishRun({ world }: Run, rounds = 1, withinMs = 60_000): boolean {
  return run(world, world.nowMs + withinMs, () => {
    const heads = new Set(world.nodes.map(({ machine }) => machine?.head.hash))
    return heads.size === 1 && world.nodes.every(({ machine }) => machine !== null && machine.ledger.records >= rounds)
  })
}

/** Everybody loses their memory at once; they are back a little later, one after the other. */
export function killAll(world: World): void {
  for (const node of world.nodes) {
    if (node.machine === null) continue
    stopNode(world, node)
    at(world, world.nowMs + 100 + 30 * node.index, () => {
      if (node.machine === null) startNode(world, node)
    })
  }
}
