import { describe, expect, it } from 'vitest'
import type { Phase } from '../bodies.ts'
import { watch } from '../sim/invariants.ts'
import type { Adversary } from '../sim/types.ts'
import { ask, at, createWorld, run, type SimNode } from '../sim/world.ts'
import { killAll } from './test/runs.ts'

const CREDIT_MS = 30_000
/** Evaluates nothing, and else does what it should. */
const idle: Adversary = { name: 'idle', acts: (_, effects) => effects.filter((effect) => effect.type !== 'compute' || effect.job !== 'share') }

/** Plays one round of five members who share the credit of it; all lose their memory in the phase `killedIn`. When node 0 entered each phase, and what was broken. */
function phasesOf(init: { idle?: number; killedIn?: Phase } = {}): { enteredMs: Map<Phase | 'closing', number>; violations: string[] } {
  const world = createWorld({
    seed: 5,
    nodes: 5,
    faults: [],
    parameters: { exactPlayersMax: 3, creditPairs: 4, creditMs: CREDIT_MS },
    ...(init.idle === undefined ? {} : { adversaries: [{ node: init.idle, adversary: idle }] }),
  })
  const { violations } = watch(world)
  const enteredMs = new Map<Phase | 'closing', number>()
  const { onNotice } = world
  let closed = false
  world.onNotice = (node, notice) => {
    onNotice(node, notice)
    if (node.index !== 0) return
    if (notice.type === 'phase-entered' && notice.phase === init.killedIn && !enteredMs.has(notice.phase)) at(world, world.nowMs + 30, () => killAll(world))
    if (notice.type === 'phase-entered') enteredMs.set(notice.phase, world.nowMs)
    closed ||= notice.type === 'round-closed'
  }
  at(world, 100, () => ask(world, world.nodes[0] as SimNode, 1))
  expect(run(world, 10 * CREDIT_MS, () => closed)).toBe(true)
  return { enteredMs, violations }
}

describe('the phases of credit', () => {
  it.each(['credit-commit', 'credit'] as const)('go on where everybody crashes in %s: who had committed shows that, and nothing else is signed', (killedIn) => {
    const { enteredMs, violations } = phasesOf({ killedIn })
    expect(violations).toEqual([])
    expect([...enteredMs.keys()].slice(-3)).toEqual(['credit-commit', 'credit', 'closing'])
  })

  it('take no longer than evaluating and two cuts where everybody evaluates', () => {
    const { enteredMs, violations } = phasesOf()
    expect(violations).toEqual([])
    expect([...enteredMs.keys()].slice(-3)).toEqual(['credit-commit', 'credit', 'closing'])
    expect((enteredMs.get('closing') as number) - (enteredMs.get('credit-commit') as number)).toBeLessThan(2_000)
  })

  it('wait once for a player that is present and evaluates nothing, not again in the phases in which it has no turn', () => {
    const { enteredMs, violations } = phasesOf({ idle: 3 })
    expect(violations).toEqual([])
    const at = (phase: Phase | 'closing'): number => enteredMs.get(phase) as number
    expect(at('credit') - at('credit-commit')).toBeGreaterThanOrEqual(CREDIT_MS)
    expect(at('closing') - at('credit')).toBeLessThan(4_000)
    expect(enteredMs.has('credit-next')).toBe(true)
  })
})
