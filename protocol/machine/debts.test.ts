import { describe, expect, it } from 'vitest'
import type { Message } from '../envelope.ts'
import { checkReplay } from '../sim/replay.ts'
import type { SimNode } from '../sim/types.ts'
import { ask, run, startNode, stopNode } from '../sim/world.ts'
import { encode } from '../encoding.ts'
import { answerWith, apply, close, commit, createScene, finish, idOf, openRound, play, reveal, saltOf, say, truthOf, type Scene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { createBench, feed, finalizeNext, follow, judge, publishedIn, type Bench } from './test/bench.ts'
import { finishRun, startRun, type Run } from './test/runs.ts'

/** A round in which member 2 committed to an answer and did not show it, open or closed; bench of `self`. */
function owing(self: number, closed: boolean, leaves = false): { bench: Bench; scene: Scene; round: string } {
  const scene = createScene({ members: 4 })
  const round = openRound(scene)
  close(scene, round, [0, 1, 2].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  const bench = createBench(scene, self)
  bench.machine.rounds.get(round)?.secrets.set('answer-reveal', { content: encode(answerWith(`${self}`)), salt: saltOf(self) })
  if (leaves) apply(scene, [{ type: 'leave', envelope: say(scene, 2, 'leave', { sequence: 0 }).bytes }])
  close(scene, round, [0, 1].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  play(scene, { round, answers: [] })
  if (closed) finish(scene, round)
  follow(bench)
  return { bench, scene, round }
}

const late = (scene: Scene, round: string, text = '2'): Message => reveal(scene, 2, round, 'answer-reveal', answerWith(text))

describe('what a member owes', () => {
  it('is shown by itself as soon as it can, and waits for a block', () => {
    const { bench, scene, round } = owing(2, false)
    const published = publishedIn(feed(bench, { type: 'start' }))
    expect(published.find(({ kind }) => kind === 'reveal')).toMatchObject({ author: idOf(scene, 2), body: { round, phase: 'answer-reveal', salt: saltOf(2) } })
    expect(bench.machine.pool.late.size).toBe(1)
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is taken from it also after the round has closed, by nodes that have not seen it close, too', () => {
    for (const remembered of [true, false]) {
      const { bench, scene, round } = owing(0, true)
      if (remembered) bench.machine.closed.add(round)
      expect(judge(bench, late(scene, round))).toBe('accept')
      expect(judge(bench, late(scene, round))).toBe('ignore slot-taken')
      expect(bench.machine.agreement.hasMaterial).toBe(true)
    }
  })

  it('is taken from nobody else, and in no other words', () => {
    const { bench, scene, round } = owing(0, true)
    expect(judge(bench, late(scene, round, 'better'))).toBe('reject unfit-item')
    bench.machine.closed.add(round)
    expect(judge(bench, reveal(scene, 1, round, 'answer-reveal', answerWith('1')) as Message)).toBe('ignore phase-closed')
    expect(bench.machine.pool.late.size).toBe(0)
  })

  it('is taken also after it has left', () => {
    const { bench, scene, round } = owing(0, true, true)
    expect(scene.state.members[idOf(scene, 2)]).toBeUndefined()
    expect(judge(bench, late(scene, round))).toBe('accept')
  })

  it('may be a truth', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { asker: 1, accepted: ['x'] })
    const commits = [0, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x')))
    close(scene, round, commits)
    close(scene, round, [0, 2, 3].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith('x'))))
    close(scene, round, [])
    close(scene, round, [])
    const bench = createBench(scene)
    expect(scene.state.owed).toMatchObject([{ member: idOf(scene, 1), phase: 'evaluate' }])
    expect(judge(bench, truthOf(scene, 1, round, ['y']) as Message)).toBe('reject unfit-item')
    expect(judge(bench, truthOf(scene, 1, round, ['x']) as Message)).toBe('accept')
  })

  it('is forgotten once a block has paid it, on disk too', () => {
    const { bench, scene, round } = owing(2, false)
    feed(bench, { type: 'start' })
    finalizeNext(bench, [{ type: 'late', envelope: late(scene, round).bytes }], [0, 1, 3])
    expect(bench.machine.ledger.owed).toEqual([])
    expect(bench.machine.pool.late.size).toBe(0)
    expect(publishedIn(feed(bench, { type: 'start' })).filter(({ kind }) => kind === 'reveal')).toEqual([])
  })
})

describe('a member that is down between its word and its deed', () => {
  const parameters = { epochBlocks: 6 }
  const debtor = ({ world }: Run): SimNode => world.nodes[3] as SimNode
  const ledgerOf = ({ world }: Run, node = 0) => world.nodes[node]?.machine?.ledger

  /** Node 3 dies with the step that would reveal its answer, and is away until the round has closed. */
  function downAtReveal(): Run {
    const network = startRun({ nodes: 4, seed: 21, parameters })
    const { world } = network
    const { interfere } = world
    world.interfere = (node, effects) => {
      const reveals = effects.some((effect) => effect.type === 'publish' && effect.message.kind === 'reveal')
      if (node !== debtor(network) || !reveals || network.closed.length > 0) return interfere(node, effects)
      stopNode(world, node)
      return { effects: [], crash: 'no' }
    }
    expect(run(world, 30_000, () => ledgerOf(network)?.records === 1)).toBe(true)
    expect(ledgerOf(network)?.owed).toMatchObject([{ member: debtor(network).member, phase: 'answer-reveal' }])
    return network
  }

  /** Rounds go on until so many epochs are over. */
  function goOn(network: Run, epoch: number): void {
    const { world } = network
    let sequence = 2
    while ((ledgerOf(network)?.epoch ?? 0) < epoch) {
      ask(world, world.nodes[0] as SimNode, sequence++, false)
      const target = (ledgerOf(network)?.records ?? 0) + 1
      expect(run(world, world.nowMs + 30_000, () => (ledgerOf(network)?.records ?? 0) >= target)).toBe(true)
    }
  }

  function expectNothingKept({ machine, store }: SimNode): void {
    expect(machine).toMatchObject({ debts: new Map(), rounds: new Map() })
    expect([...store.keys()].filter((key) => key.startsWith('secret/'))).toEqual([])
  }

  const penalties = (network: Run) => ledgerOf(network)?.members[debtor(network).member]?.penalties

  it('pays after the round has closed, and is not penalised', () => {
    const network = downAtReveal()
    startNode(network.world, debtor(network))
    expect(run(network.world, network.world.nowMs + 10_000, () => ledgerOf(network)?.owed.length === 0)).toBe(true)
    goOn(network, 8)
    expect(Object.values(penalties(network) ?? { unknown: 1 }).some((count) => count > 0)).toBe(false)
    expect(finishRun(network)).toBe(true)
    expectNothingKept(debtor(network))
    expect([...network.witness.violations, ...checkReplay(network.world, debtor(network))]).toEqual([])
  })

  it('pays also if it dies once more before it could', () => {
    const network = downAtReveal()
    const { world } = network
    const { interfere } = world
    const pays = (effects: readonly Effect[]): boolean => effects.some((effect) => effect.type === 'publish' && effect.message.kind === 'reveal')
    let deaths = 0
    world.interfere = (node, effects) => (node === debtor(network) && pays(effects) && deaths++ < 2 ? { effects, crash: deaths === 1 ? 'after-write' : 'before-write' } : interfere(node, effects))
    startNode(world, debtor(network))
    expect(run(world, world.nowMs + 30_000, () => ledgerOf(network)?.owed.length === 0)).toBe(true)
    expect(deaths).toBeGreaterThanOrEqual(2)
    expect(finishRun(network)).toBe(true)
    expectNothingKept(debtor(network))
    expect(network.witness.violations).toEqual([])
  })

  it('is not penalised while it stays away', () => {
    const network = downAtReveal()
    goOn(network, 6)
    expect(penalties(network)?.['withheld-reveal']).toBe(0)
    expect(ledgerOf(network)?.owed).toHaveLength(1)
  })
})
