import { describe, expect, it } from 'vitest'
import { resultSchema } from '../ledger/result.ts'
import { stateRoot } from '../ledger/state.ts'
import { checkReplay } from '../sim/replay.ts'
import { at, run, stopNode, type SimNode } from '../sim/world.ts'
import { finishRun, startRun, type Run } from './test/runs.ts'

function verdictOf({ world, witness }: Run): string[] {
  return [...witness.violations, ...checkReplay(world, world.nodes[0] as SimNode)]
}

describe('a round', () => {
  it('of a lone node closes unrated, with its answer', () => {
    const lone = startRun({ nodes: 1, seed: 3 })
    expect(finishRun(lone)).toBe(true)
    expect(lone.closed[0]?.result).toMatchObject({ rated: false, credit: null })
    expect(verdictOf(lone)).toEqual([])
  })

  it('of two nodes ranks nothing', () => {
    const two = startRun({ nodes: 2, seed: 3 })
    expect(finishRun(two)).toBe(true)
    expect(two.closed[0]?.result.rated).toBe(false)
    expect(verdictOf(two)).toEqual([])
  })

  it.each([1, 2, 3, 4, 5])('of four nodes is rated, and all end with one state: seed %i', (seed) => {
    const four = startRun({ nodes: 4, seed })
    expect(finishRun(four)).toBe(true)
    const [closed] = four.closed
    expect(resultSchema.safeParse(closed?.result).success).toBe(true)
    expect(closed?.result.rated).toBe(true)
    expect(closed?.result.points.reduce((sum, points) => sum + points, 0)).toBe(1_000)
    expect(new Set(four.world.nodes.map(({ machine }) => machine === null ? '' : stateRoot(machine.ledger))).size).toBe(1)
    expect(verdictOf(four)).toEqual([])
  })

  it('of three nodes is rated, also where they share the work of credit', () => {
    const three = startRun({ nodes: 3, seed: 2, parameters: { exactPlayersMax: 2, creditPairs: 6 } })
    expect(finishRun(three)).toBe(true)
    expect(three.closed[0]?.result.credit).toMatchObject({ method: 'regression' })
    expect(three.notices.some(({ notice }) => notice.type === 'phase-entered' && notice.phase === 'credit')).toBe(true)
    expect(verdictOf(three)).toEqual([])
  })

  it('does not wait for timers where everybody expected is heard', () => {
    const quick = startRun({ nodes: 4, seed: 2, parameters: { revealMs: 60_000, evaluateMs: 60_000 } })
    expect(finishRun(quick, 1, 20_000)).toBe(true)
  })

  it('goes on at its timers where one of four is gone, and tells nobody that it withheld', () => {
    const three = startRun({ nodes: 4, seed: 6 })
    run(three.world, 50, () => false)
    stopNode(three.world, three.world.nodes[3] as SimNode)
    run(three.world, 60_000, () => three.witness.closed.size > 0)
    expect(three.closed).toHaveLength(1)
    expect(three.closed[0]?.result.rated).toBe(true)
    expect(three.closed[0]?.changes.every(({ penalty }) => penalty === null)).toBe(true)
    expect(three.witness.violations).toEqual([])
  })

  it('gives the asker its ranking before the round is closed', () => {
    const four = startRun({ nodes: 4, seed: 2 })
    finishRun(four)
    const at = (type: string): number => four.notices.findIndex(({ node, notice }) => node === 0 && notice.type === type)
    expect(at('ranked')).toBeGreaterThan(0)
    expect(at('ranked')).toBeLessThan(at('round-closed'))
  })

  it('runs beside others: rounds share blocks and all close', () => {
    const many = startRun({ nodes: 4, seed: 2, askers: [0, 1, 2, 3, 0, 1] })
    expect(finishRun(many, 6)).toBe(true)
    expect(new Set(many.closed.map(({ round }) => round)).size).toBe(6)
    expect(verdictOf(many)).toEqual([])
  })

  it('ends, and then nothing happens any more: an idle network makes no blocks and forgets what it held', () => {
    const four = startRun({ nodes: 4, seed: 2 })
    finishRun(four)
    const heights = four.world.nodes.map(({ machine }) => machine?.ledger.height)
    run(four.world, four.world.nowMs + 60_000, () => false)
    expect(four.world.nodes.map(({ machine }) => machine?.ledger.height)).toEqual(heights)
    for (const { machine, store } of four.world.nodes) {
      expect(machine).toMatchObject({ items: new Map(), rounds: new Map(), results: new Map(), blocks: new Map() })
      expect([...store.keys()].filter((key) => /^(open-item|secret|unfinal)\//.test(key))).toEqual([])
    }
  })
})

describe('a task', () => {
  it('is refused at once if the network does not allow it, and says why', () => {
    const tight = startRun({ nodes: 3, seed: 1, parameters: { agentMsMax: 1_000 } })
    run(tight.world, 2_000, () => false)
    expect(tight.notices.find(({ notice }) => notice.type === 'asked')?.notice).toMatchObject({ round: null, code: 'time-limit' })
  })

  it('that its asker has too many of waits for its turn', () => {
    const busy = startRun({ nodes: 4, seed: 1, askers: [0, 0, 0], parameters: { openRoundsMax: 1 } })
    expect(finishRun(busy, 3)).toBe(true)
    expect(busy.closed).toHaveLength(3)
  })

  it('survives a crash of its asker before anybody has heard of it', () => {
    const crashed = startRun({ nodes: 4, seed: 1, askers: [] })
    const { world } = crashed
    const asker = world.nodes[0] as SimNode
    const { interfere } = world
    world.interfere = (node, effects) => {
      const isAsked = effects.some((effect) => effect.type === 'notify' && effect.notice.type === 'asked')
      return node === asker && isAsked ? { effects, crash: 'after-write' } : interfere(node, effects)
    }
    at(world, 200, () => world.heap.push(world.nowMs, { node: 0, life: asker.life, event: { type: 'ask', ticket: 1, task: { kind: 'label', prompt: 'x', reference: null, answerMs: 1_500, judgeMs: 1_500 }, truth: null } }))
    expect(finishRun(crashed)).toBe(true)
    expect(crashed.witness.violations).toEqual([])
  })
})
