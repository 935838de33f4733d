import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { run, setFaults } from '../sim/world.ts'
import { createScene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { forgetOwn, signOnce } from './sign-guard.ts'
import { createBench, noticesIn } from './test/bench.ts'
import { startRun } from './test/runs.ts'

const SLOT = 'vote/0/7/notarize'
const vote = (block: string) => ({ kind: 'notarize', epoch: 0, view: 7, block: sha256(block) }) as const

describe('the sign guard', () => {
  it('signs a slot once, and gives the same message for the same body again', () => {
    const { machine } = createBench(createScene({ members: 4 }))
    const [first, second]: [Effect[], Effect[]] = [[], []]
    const message = signOnce(machine, first, 'vote', vote('x'))
    expect(first).toEqual([{ type: 'persist', changes: [{ key: `own/${SLOT}`, value: message?.bytes }] }])
    expect(signOnce(machine, second, 'vote', vote('x'))).toBe(message)
    expect(second).toEqual([])
  })

  it('refuses another body for the slot, and says so', () => {
    const { machine } = createBench(createScene({ members: 4 }))
    signOnce(machine, [], 'vote', vote('x'))
    const out: Effect[] = []
    expect(signOnce(machine, out, 'vote', vote('y'))).toBeNull()
    expect(noticesIn(out)).toEqual([{ type: 'refused-to-sign', slot: SLOT }])
    expect(out).toHaveLength(1)
  })

  it('signs freely for another slot, and for one that was forgotten on disk as in memory', () => {
    const { machine } = createBench(createScene({ members: 4 }))
    const out: Effect[] = []
    signOnce(machine, [], 'vote', vote('x'))
    expect(signOnce(machine, [], 'vote', { ...vote('y'), view: 8 })).not.toBeNull()
    forgetOwn(machine, out, SLOT)
    expect(out).toEqual([{ type: 'persist', changes: [{ key: `own/${SLOT}`, value: null }] }])
    expect(machine.own.has(SLOT)).toBe(false)
  })

  it('has every message on disk before it is sent, presence aside', () => {
    const network = startRun({ nodes: 4, seed: 6, askers: [0, 1, 2] })
    const { world } = network
    setFaults(world, [{ type: 'loss', probability: 0.1 }, { type: 'duplicate', probability: 0.1 }, { type: 'delay', msMax: 200 }, { type: 'crash', perStep: 0.002 }])
    let sent = 0
    const { onSent } = world
    world.onSent = (node, message) => {
      onSent(node, message)
      if (message.kind === 'presence') return
      sent += 1
      const stored = [...node.store].some(([key, value]) => key.startsWith('own/') && Buffer.from(value).equals(message.bytes))
      if (!stored) network.witness.violations.push(`${message.kind} was sent and is not stored`)
    }
    run(world, 20_000, () => false)
    expect(sent).toBeGreaterThan(50)
    expect(network.witness.violations).toEqual([])
  })
})
