import { describe, expect, it } from 'vitest'
import { checkReplay } from '../sim/replay.ts'
import { setFaults, type SimNode } from '../sim/world.ts'
import type { Effect } from './events.ts'
import { finishRun, killAll, startRun, type Run } from './test/runs.ts'

type Target = (node: SimNode) => boolean

/** Calls back at every step of the chosen nodes that writes, with its number; whether the node is to crash is the answer. */
function atWrites({ world }: Run, target: Target, crash: (count: number) => boolean): { count: () => number } {
  let count = 0
  const { interfere } = world
  world.interfere = (node, effects) => {
    if (!target(node) || !effects.some(({ type }) => type === 'persist')) return interfere(node, effects)
    return crash(count++) ? { effects, crash: 'after-write' } : interfere(node, effects)
  }
  return { count: () => count }
}

function countWrites(init: Parameters<typeof startRun>[0], target: Target): number {
  const run = startRun(init)
  const { count } = atWrites(run, target, () => false)
  finishRun(run)
  return count()
}

/** Kills everybody at the write of that number, the writer before it sends anything. */
function killAllAt({ world }: Run, write: number): (count: number) => boolean {
  return (count) => {
    if (count === write) world.heap.push(world.nowMs, { call: () => killAll(world) })
    return count === write
  }
}

function verdictOf(run: Run, rounds = 1): string[] {
  const done = finishRun(run, rounds) ? [] : ['the round did not close']
  return [...done, ...run.witness.violations, ...checkReplay(run.world, run.world.nodes[0] as SimNode)]
}

describe('a crash after any write, before what was to be sent', () => {
  it.each([[0, 'the asker'], [2, 'another member']])('of one of four nodes: it continues and never signs differently (node %i, %s)', (index) => {
    const target: Target = (node) => node.index === index
    const writes = countWrites({ nodes: 4, seed: 11 }, target)
    expect(writes).toBeGreaterThan(20)
    for (let at = 0; at < writes; at++) {
      const run = startRun({ nodes: 4, seed: 11 })
      atWrites(run, target, (count) => count === at)
      expect({ at, verdict: verdictOf(run) }).toEqual({ at, verdict: [] })
    }
  })

  it.each([1, 2, 3, 4])('of all %i nodes at once: the network continues from its stores', (nodes) => {
    const everybody: Target = () => true
    const writes = countWrites({ nodes, seed: 12 }, everybody)
    for (let at = 0; at < writes; at += nodes > 2 ? 3 : 1) {
      const run = startRun({ nodes, seed: 12 })
      atWrites(run, everybody, killAllAt(run, at))
      expect({ at, verdict: verdictOf(run) }).toEqual({ at, verdict: [] })
    }
  })

  it('of all three nodes at once where an epoch ends within a round: nobody is left in the old one', () => {
    const init = { nodes: 3, seed: 15, parameters: { epochBlocks: 4 } }
    const writes = countWrites(init, () => true)
    for (let at = 0; at < writes; at += 3) {
      const run = startRun(init)
      atWrites(run, () => true, killAllAt(run, at))
      expect({ at, verdict: verdictOf(run) }).toEqual({ at, verdict: [] })
      expect(new Set(run.world.nodes.map(({ machine }) => machine?.agreement.epoch))).toEqual(new Set([1]))
    }
  })

  it('of all three nodes while they give up views: votes from before the crash count again', () => {
    const prepare = (): Run => {
      const run = startRun({ nodes: 3, seed: 14 })
      setFaults(run.world, [{ type: 'delay', msMax: 200 }])
      const { interfere } = run.world
      const isProposal = (effect: Effect): boolean => effect.type === 'publish' && effect.message.kind === 'proposal'
      run.world.interfere = (node, effects) => interfere(node, run.world.nowMs > 4_000 ? effects : effects.filter((effect) => !isProposal(effect)))
      return run
    }
    const undisturbed = prepare()
    const { count } = atWrites(undisturbed, () => true, () => false)
    expect(verdictOf(undisturbed)).toEqual([])
    for (let at = 0; at < count(); at += 2) {
      const run = prepare()
      atWrites(run, () => true, killAllAt(run, at))
      expect({ at, verdict: verdictOf(run) }).toEqual({ at, verdict: [] })
    }
  })

  it('of one node again and again: the others go on, and it always comes back', () => {
    const run = startRun({ nodes: 4, seed: 13, askers: [0, 2, 3, 0, 2, 3] })
    let crashes = 0
    atWrites(run, ({ index }) => index === 1, (count) => count % 2 === 1 && crashes++ < 25)
    expect(verdictOf(run, 6)).toEqual([])
    expect(crashes).toBeGreaterThan(2)
  })
})
