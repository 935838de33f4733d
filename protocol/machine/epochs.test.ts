import { describe, expect, it } from 'vitest'
import type { Certificate } from '../../consensus/index.ts'
import { decodeCanonical } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { applyBlock } from '../ledger/apply-block.ts'
import { checkReplay } from '../sim/replay.ts'
import { at, ask, run, setFaults, startNode, stopNode, type SimNode } from '../sim/world.ts'
import { attend, createScene, endEpoch, idOf, openEntry, openRound, say, TASK, type Scene } from '../test/scene.ts'
import { blockHash } from './chain.ts'
import { KEYS } from './keys.ts'
import { createBench, deliver, feed, finalize, finalizeNext, follow, judge, proposalOf, publishedIn, votesOf, type Bench } from './test/bench.ts'
import { finishRun, startRun } from './test/runs.ts'

/** A bench with epochs of four blocks, one block before the end of the first. */
function beforeTheEnd(): Bench {
  const bench = createBench(createScene({ members: 4, parameters: { epochBlocks: 4 } }))
  for (let sequence = 1; sequence <= 3; sequence++) finalizeNext(bench, [openEntry(bench.scene, 1, sequence)])
  expect(bench.machine.ledger).toMatchObject({ epoch: 0, height: 3 })
  return bench
}

/** The last block of the epoch, by its leader. */
const lastBlock = (bench: Bench): Message<'proposal'> => proposalOf(bench, [openEntry(bench.scene, 2, 1)])
const votesIn = (messages: readonly Message[]) => messages.flatMap(({ kind, body }) => (kind === 'vote' ? [body] : []))

describe('the end of an epoch', () => {
  it('starts agreement anew on the last block, with the validators of the next', () => {
    const bench = beforeTheEnd()
    const last = lastBlock(bench)
    finalize(bench, last)
    const { machine } = bench
    expect(machine.ledger).toMatchObject({ epoch: 1, epochHeight: 4 })
    expect(machine.agreement).toMatchObject({ epoch: 1, view: last.body.view + 1, final: { view: last.body.view, block: blockHash(last.body) } })
    expect(machine.agreement.validators).toBe(machine.ledger.validators)
  })

  it('lets go of the votes and certificates of the old one, on disk too', () => {
    const bench = beforeTheEnd()
    finalize(bench, lastBlock(bench))
    const kept = [...bench.store.keys()].filter((key) => /^(own\/(vote|proposal)|unfinal|certificate)\//.test(key))
    expect(kept).toEqual([])
    expect(bench.machine.blocks.size).toBe(0)
  })

  it('keeps the certificate that proves it for those who come later', () => {
    const bench = beforeTheEnd()
    finalize(bench, lastBlock(bench))
    expect([...bench.store.keys()].filter((key) => key.startsWith('final/'))).toHaveLength(4)
  })
})

describe('the last block of an epoch', () => {
  it('is repeated where it needs a successor to become final, and is the head after it', () => {
    const bench = beforeTheEnd()
    const last = lastBlock(bench)
    const hash = blockHash(last.body)
    deliver(bench, last)
    for (const vote of votesOf(bench, [1, 2, 3], { kind: 'notarize', view: last.body.view, block: hash })) deliver(bench, vote)
    const repeat = proposalOf(bench, [], { epoch: 0, view: last.body.view + 1, height: 4, parent: hash, stateRoot: last.body.stateRoot })
    const published = publishedIn(finalize(bench, repeat))
    expect(votesIn(published)).toContainEqual({ kind: 'notarize', epoch: 0, view: last.body.view + 1, block: blockHash(repeat.body) })
    expect(bench.machine).toMatchObject({ ledger: { epoch: 1, height: 4 }, head: { hash, view: last.body.view } })
    expect(decodeCanonical(bench.store.get(KEYS.final(4)) as Uint8Array)).toMatchObject({ hash, repeats: [repeat.bytes], certificate: { block: blockHash(repeat.body) } })
  })

  it('has no other successor: a block with entries on top of it gets no vote', () => {
    const bench = beforeTheEnd()
    const last = lastBlock(bench)
    const hash = blockHash(last.body)
    deliver(bench, last)
    for (const vote of votesOf(bench, [1, 2, 3], { kind: 'notarize', view: last.body.view, block: hash })) deliver(bench, vote)
    const next = proposalOf(bench, [openEntry(bench.scene, 2, 2)], { epoch: 0, view: last.body.view + 1, height: 4, parent: hash, stateRoot: last.body.stateRoot })
    expect(votesIn(publishedIn(deliver(bench, next)))).toMatchObject([{ kind: 'nullify', view: last.body.view + 1 }])
  })
})

describe('what is said of the next epoch', () => {
  it('is kept until this node gets there, and its author asked for the chain', () => {
    const bench = beforeTheEnd()
    bench.nowMs += 1_000
    const [vote] = votesOf(bench, [1], { kind: 'nullify', epoch: 1, view: 5, block: null })
    const effects = deliver(bench, vote as Message)
    expect(effects).toContainEqual({ type: 'verdict', verdict: { verdict: 'accept' } })
    expect(effects.find((effect) => effect.type === 'request')).toMatchObject({ to: idOf(bench.scene, 1), request: { type: 'chain', fromHeight: 4 } })
    expect([...bench.machine.early.keys()]).toEqual([vote?.id])
  })

  it('is ignored if it is of an epoch further on, or from a stranger to this one', () => {
    const bench = beforeTheEnd()
    for (const vote of votesOf(bench, [1, 2], { kind: 'nullify', epoch: 2, view: 5, block: null })) expect(judge(bench, vote)).toBe('ignore far-away')
    expect(bench.machine.early.size).toBe(0)
  })

  it('counts then: votes that came early give up a view, and an early block is voted on', () => {
    const bench = beforeTheEnd()
    const last = lastBlock(bench)
    const applied = applyBlock(bench.scene.state, last.body, bench.scene.context)
    if (!applied.ok) throw new Error(applied.code)
    const view = last.body.view + 1
    for (const vote of votesOf(bench, [1, 2, 3], { kind: 'nullify', epoch: 1, view, block: null })) deliver(bench, vote)
    const ahead = { ...bench, scene: { ...bench.scene, state: applied.state } }
    const next = proposalOf(ahead, [openEntry(bench.scene, 2, 2)], { view: view + 1, parent: blockHash(last.body) })
    expect(judge(bench, next)).toBe('accept')
    expect(bench.machine.early.size).toBe(4)
    const published = publishedIn(finalize(bench, last))
    expect(bench.machine.agreement.view).toBe(view + 1)
    expect(bench.machine.early.size).toBe(0)
    expect(votesIn(published)).toContainEqual({ kind: 'notarize', epoch: 1, view: view + 1, block: blockHash(next.body) })
  })
})

describe('what is left of the epoch before', () => {
  function afterTheEnd(): { bench: Bench; last: Message<'proposal'> } {
    const bench = beforeTheEnd()
    const last = lastBlock(bench)
    finalize(bench, last)
    return { bench, last }
  }

  it('changes nothing: neither timers nor votes, blocks or certificates', () => {
    const { bench, last } = afterTheEnd()
    const { agreement } = bench.machine
    const view = last.body.view + 1
    // There is something to do, so that the same timers of this epoch run.
    deliver(bench, say(bench.scene, 3, 'open', { sequence: 1, task: TASK, truth: null }))
    expect(agreement.views.get(view)?.arming).toBe(1)
    const old = votesOf(bench, [1, 2, 3], { kind: 'nullify', epoch: 0, view, block: null })
    const certificate: Certificate = { kind: 'nullify', epoch: 0, view, block: null, signatures: old.map(({ author, signature }) => ({ author, signature })).sort((a, b) => (a.author < b.author ? -1 : 1)) }
    for (const vote of old) expect(judge(bench, vote)).toBe('ignore far-away')
    expect(judge(bench, last)).toBe('ignore far-away')
    feed(bench, { type: 'frames', frames: [{ type: 'certificate', certificate }], from: idOf(bench.scene, 1), asked: null })
    for (const timer of ['leader', 'view', 'fill']) {
      for (let arming = 0; arming < 4; arming++) expect(votesIn(publishedIn(feed(bench, { type: 'timer', name: `${timer}/0/${view}/${arming}` })))).toEqual([])
    }
    expect(bench.machine.agreement).toBe(agreement)
    expect([agreement.view, agreement.nullifications.size]).toEqual([view, 0])
  })
})

describe('a node that becomes a validator', () => {
  it('observes at once the phases that were due while it was none', () => {
    const scene: Scene = createScene({ members: 5, observers: 1, weight: 1_000_000, parameters: { epochBlocks: 4, openRoundsMax: 16 } })
    attend(scene, [0, 1, 2, 3, 4])
    endEpoch(scene)
    const round = openRound(scene)
    const bench = createBench(scene, 4)
    follow(bench)
    expect(publishedIn(feed(bench, { type: 'timer', name: `phase/${round}/answer-commit` }))).toEqual([])
    const published = [1, 2, 3].flatMap((sequence) => publishedIn(finalizeNext(bench, [openEntry(scene, 1, sequence)], [0, 1, 2, 3])))
    expect(bench.machine.ledger.validators.map(({ member }) => member)).toContain(idOf(scene, 4))
    expect(published.filter(({ kind }) => kind === 'observation')).toMatchObject([{ author: idOf(scene, 4), body: { round, phase: 'answer-commit' } }])
  })
})

describe('a network whose epochs are short', () => {
  const parameters = { epochBlocks: 4 }

  it('goes on through many of them, and all end with one state', () => {
    const network = startRun({ nodes: 4, seed: 3, askers: [0, 1, 2, 3, 0, 1], parameters })
    expect(finishRun(network, 6)).toBe(true)
    const { world, witness } = network
    expect(world.nodes[0]?.machine?.ledger.epoch).toBeGreaterThanOrEqual(3)
    expect([...witness.violations, ...checkReplay(world, world.nodes[0] as SimNode)]).toEqual([])
  })

  it('takes back who was away for several of them', () => {
    const network = startRun({ nodes: 4, seed: 4, askers: [0, 1, 2, 0, 1], parameters })
    const { world, witness } = network
    stopNode(world, world.nodes[3] as SimNode)
    expect(run(world, 60_000, () => (world.nodes[0]?.machine?.ledger.records ?? 0) >= 5)).toBe(true)
    expect(world.nodes[0]?.machine?.ledger.epoch).toBeGreaterThanOrEqual(3)
    startNode(world, world.nodes[3] as SimNode)
    expect(finishRun(network, 5)).toBe(true)
    // It takes part again: with another one away, its vote is needed.
    stopNode(world, world.nodes[2] as SimNode)
    ask(world, world.nodes[3] as SimNode, 9, false)
    expect(run(world, world.nowMs + 60_000, () => world.nodes[3]?.machine?.ledger.records === 6)).toBe(true)
    expect(witness.violations).toEqual([])
  })

  it('tells an idle node that it lacks something by the heights that others announce', () => {
    const network = startRun({ nodes: 4, seed: 5, askers: [], parameters })
    const { world } = network
    setFaults(world, [{ type: 'partition', shape: 'isolated', node: 3, fromMs: 1_000, untilMs: 30_000 }])
    at(world, 1_100, () => ask(world, world.nodes[0] as SimNode, 1, false))
    run(world, 29_999, () => false)
    expect(world.nodes.map(({ machine }) => machine?.ledger.records)).toEqual([1, 1, 1, 0])
    expect(finishRun(network, 1, 10_000)).toBe(true)
  })
})
