import { describe, expect, it } from 'vitest'
import { sha256, type Certificate } from '../../consensus/index.ts'
import type { Breach, Entry } from '../bodies.ts'
import type { Message, Signer } from '../envelope.ts'
import { consentBytes } from '../ledger/members.ts'
import { simulatedSigner } from '../sim/members.ts'
import { dispatch, type SimNode } from '../sim/types.ts'
import { ask, run, startNode, stopNode } from '../sim/world.ts'
import { apply, breachOf, createScene, idOf, observe, openRound, say, type Scene } from '../test/scene.ts'
import type { Event } from './events.ts'
import { createBench, deliver, feed, finalizeNext, follow, judge, noticesIn, proposalOf, publishedIn, votesOf, type Bench } from './test/bench.ts'
import { startRun, type Run } from './test/runs.ts'

const [STRANGER, OTHER] = [simulatedSigner(77), simulatedSigner(78)]
const network = (): Bench => createBench(createScene({ members: 4 }))
const leaving = (scene: Scene, member: number | Signer, sequence = 0) => say(scene, member, 'leave', { sequence })

function rotating(scene: Scene, member: number, to: Signer, by = to): Message<'rotate'> {
  return say(scene, member, 'rotate', { sequence: 0, to: to.member, consent: by.sign(consentBytes(scene.network, idOf(scene, member), to.member)) })
}

/** What a node answers its owner who wants to change its membership, and what it publishes. */
function request(bench: Bench, request: Extract<Event, { type: 'membership' }>['request']): { code: string | null; kinds: string[] } {
  const effects = feed(bench, { type: 'membership', ticket: 5, request })
  const [notice] = noticesIn(effects).flatMap((each) => (each.type === 'requested' && each.ticket === 5 ? [each] : []))
  if (notice === undefined) throw new Error('a request got no answer')
  return { code: notice.code, kinds: publishedIn(effects).map(({ kind }) => kind) }
}

describe('a message about membership', () => {
  it('waits for a block while the ledger allows it, and is ignored otherwise', () => {
    const bench = network()
    const { scene } = bench
    expect(judge(bench, leaving(scene, 1))).toBe('accept')
    expect(judge(bench, rotating(scene, 2, STRANGER))).toBe('accept')
    expect(judge(bench, leaving(scene, STRANGER))).toBe('ignore not-valid-now')
    expect(judge(bench, rotating(scene, 3, OTHER, STRANGER))).toBe('ignore not-valid-now')
    expect(judge(bench, rotating(scene, 3, scene.members[1] as Signer))).toBe('ignore not-valid-now')
    expect([...bench.machine.pool.membership.values()].map(({ kind }) => kind)).toEqual(['leave', 'rotate'])
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is the last of its author', () => {
    const bench = network()
    judge(bench, leaving(bench.scene, 1))
    judge(bench, rotating(bench.scene, 1, STRANGER))
    expect([...bench.machine.pool.membership.values()].map(({ kind }) => kind)).toEqual(['rotate'])
  })

  it('is ignored where too many strangers wait, but from those that wait already, and from members', () => {
    const bench = network()
    const { scene, machine } = bench
    for (let index = 0; index < 1_024; index++) machine.pool.membership.set(`${index}`, say(scene, STRANGER, 'join', { sequence: index }))
    expect(judge(bench, say(scene, STRANGER, 'join', { sequence: 0 }))).toBe('ignore buffer-full')
    expect(judge(bench, leaving(scene, 1))).toBe('accept')
    for (const waiting of ['0', '1']) machine.pool.membership.delete(waiting)
    for (const sequence of [1, 2]) expect(judge(bench, say(scene, STRANGER, 'join', { sequence }))).toBe('accept')
  })

  it('is forgotten once a block has settled it', () => {
    const bench = network()
    const messages = [leaving(bench.scene, 1), rotating(bench.scene, 2, STRANGER), say(bench.scene, OTHER, 'join', { sequence: 0 })]
    for (const message of messages) judge(bench, message)
    finalizeNext(bench, messages.map(({ kind, bytes }): Entry => ({ type: kind, envelope: bytes })))
    expect(bench.machine.ledger.height).toBe(1)
    expect(bench.machine.pool.membership.size).toBe(0)
    expect(bench.machine.agreement.hasMaterial).toBe(false)
  })
})

describe('a request of the owner', () => {
  it('is published, and waits for a block here too', () => {
    const bench = network()
    expect(request(bench, { kind: 'leave' })).toEqual({ code: null, kinds: ['leave'] })
    expect(bench.machine.pool.membership.get(bench.machine.self)?.kind).toBe('leave')
  })

  it('that the ledger does not allow is answered with why, and nothing is said', () => {
    const bench = network()
    expect(request(bench, { kind: 'join' })).toEqual({ code: 'already-a-member', kinds: [] })
    expect(request(bench, { kind: 'rotate', to: STRANGER.member, consent: new Uint8Array(64) })).toEqual({ code: 'bad-consent', kinds: [] })
    expect(request(createBench(createScene({ members: 1 })), { kind: 'leave' })).toEqual({ code: 'last-validator', kinds: [] })
    expect(bench.machine.pool.membership.size).toBe(0)
  })

  it('may be made again, in other bytes each time: gossip carries the same ones only once', () => {
    const bench = network()
    const ids = [0, 1].map(() => {
      bench.nowMs += 1
      return publishedIn(feed(bench, { type: 'membership', ticket: 1, request: { kind: 'leave' } }))[0]?.id
    })
    expect(new Set(ids).size).toBe(2)
  })
})

describe('a node that is no member', () => {
  const joins = (bench: Bench) => publishedIn(feed(bench, { type: 'timer', name: 'standstill' })).filter(({ kind }) => kind === 'join').length
  const outside = (change: (scene: Scene) => void): Bench => {
    const scene = createScene({ members: 5, observers: 1, parameters: { epochBlocks: 4 } })
    const bench = createBench(scene, 4)
    change(scene)
    follow(bench)
    return bench
  }

  it('asks to be taken in at every tick, unless it has left on purpose or lives on under another key', () => {
    const scene = createScene({ members: 4 })
    scene.members.push(STRANGER)
    const stranger = createBench(scene, 4)
    expect([joins(stranger), joins(stranger)]).toEqual([1, 1])
    expect(joins(outside((scene) => void apply(scene, [{ type: 'leave', envelope: leaving(scene, 4).bytes }])))).toBe(0)
    expect(joins(outside((scene) => void apply(scene, [{ type: 'rotate', envelope: rotating(scene, 4, OTHER).bytes }])))).toBe(0)
    const removed = outside((scene) => {
      const { [idOf(scene, 4)]: member, ...members } = scene.state.members
      const former = { member: member as NonNullable<typeof member>, cause: 'absent' as const, movedTo: null, sinceHeight: 0, sinceEpoch: 0 }
      scene.state = { ...scene.state, members, former: { [idOf(scene, 4)]: former } }
    })
    expect(joins(removed)).toBe(1)
  })
})

describe('a breach', () => {
  const both = (scene: Scene, member: number, view = 1): Message<'vote'>[] => ['x', 'y'].map((block) => say(scene, member, 'vote', { kind: 'notarize', epoch: 0, view, block: sha256(block) }))
  const breaches = ({ machine }: Bench) => [...machine.pool.breaches.keys()]

  it('is found in gossip, published once, and waits for a block', () => {
    const bench = network()
    const published = [...both(bench.scene, 1), ...both(bench.scene, 1, 2)].flatMap((message) => publishedIn(deliver(bench, message)))
    expect(published.filter(({ kind }) => kind === 'evidence')).toMatchObject([{ author: bench.machine.self, body: { member: idOf(bench.scene, 1), slot: 'vote/0/1/notarize' } }])
    expect(breaches(bench)).toEqual([idOf(bench.scene, 1)])
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is found in a block that embeds what its author did not say here', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const bench = createBench(scene)
    deliver(bench, observe(scene, 1, round, 'answer-commit', []))
    const told = observe(scene, 1, round, 'answer-commit', [[idOf(scene, 2), sha256('an item')]])
    const observations = [told, observe(scene, 2, round, 'answer-commit', []), observe(scene, 3, round, 'answer-commit', [])].map(({ bytes }) => bytes)
    deliver(bench, proposalOf(bench, [{ type: 'cut', round, phase: 'answer-commit', observations }]))
    expect(breaches(bench)).toEqual([idOf(scene, 1)])
  })

  it('is found inside a certificate', () => {
    const bench = network()
    const [vote] = both(bench.scene, 1)
    deliver(bench, vote as Message)
    const others = votesOf(bench, [1, 2, 3], { kind: 'notarize', view: 1, block: sha256('y') })
    const signatures = others.map(({ author, signature }) => ({ author, signature })).sort((a, b) => (a.author < b.author ? -1 : 1))
    const certificate: Certificate = { kind: 'notarize', epoch: 0, view: 1, block: sha256('y'), signatures }
    feed(bench, { type: 'frames', frames: [{ type: 'certificate', certificate }], from: idOf(bench.scene, 2), asked: null })
    expect(breaches(bench)).toEqual([idOf(bench.scene, 1)])
  })

  it('that others report is checked, passed on once, and not published again', () => {
    const bench = network()
    const { scene } = bench
    const breach = breachOf(scene, 1)
    const report = (by: number | Signer, body: Breach) => say(scene, by, 'evidence', body)
    expect(judge(bench, report(2, { ...breach, signatures: [breach.signatures[0], breach.signatures[0]] }))).toBe('reject unfit-item')
    expect(judge(bench, report(2, breachOf(scene, STRANGER)))).toBe('ignore not-valid-now')
    const effects = deliver(bench, report(STRANGER, breach))
    expect(effects).toContainEqual({ type: 'verdict', verdict: { verdict: 'accept' } })
    expect(publishedIn(effects).filter(({ kind }) => kind === 'evidence')).toEqual([])
    expect(judge(bench, report(3, breach))).toBe('ignore slot-taken')
    expect(breaches(bench)).toEqual([idOf(scene, 1)])
  })

  it('is recorded by a block, and forgotten with it; what is reported later is of no use', () => {
    const bench = network()
    for (const message of both(bench.scene, 1)) deliver(bench, message)
    finalizeNext(bench, [{ type: 'evidence', breach: breachOf(bench.scene, 1) }])
    expect(bench.machine.ledger.members[idOf(bench.scene, 1)]?.convicted).toBe('proposal/0/1')
    expect(breaches(bench)).toEqual([])
    expect(judge(bench, say(bench.scene, 2, 'evidence', breachOf(bench.scene, 1)))).toBe('ignore not-valid-now')
    for (const message of both(bench.scene, 1, 2)) deliver(bench, message)
    expect(breaches(bench)).toEqual([])
    expect([...bench.store.keys()].filter((key) => key.startsWith(`history/${idOf(bench.scene, 1)}/`))).toHaveLength(1)
  })

  it('that one node has seen convicts everywhere', () => {
    const { world, witness } = startRun({ nodes: 4, seed: 5, askers: [] })
    const culprit = world.nodes[3] as SimNode
    const scene = { network: world.network, items: new Map() } as unknown as Scene
    const said = ['x', 'y'].map((block) => say(scene, culprit.config.signer, 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256(block) }))
    for (const message of said) dispatch(world, world.nodes[0] as SimNode, { type: 'message', message: message as Message, from: culprit.member }, 500)
    expect(run(world, 10_000, () => world.nodes.every(({ machine }) => machine?.ledger.members[culprit.member]?.convicted === 'vote/0/1/notarize'))).toBe(true)
    // To the witness, who does not know better, node 3 is honest.
    expect(witness.violations.filter((violation) => !violation.includes('node 3'))).toEqual([])
  })
})

describe('a validator that goes', () => {
  const ledgerOf = ({ world }: Run) => (world.nodes[0] as SimNode).machine?.ledger
  const closesRound = ({ world }: Run, sequence: number): boolean => {
    const target = ((world.nodes[0] as SimNode).machine?.ledger.records ?? 0) + 1
    ask(world, world.nodes[0] as SimNode, sequence, false)
    return run(world, world.nowMs + 30_000, () => (world.nodes[0] as SimNode).machine?.ledger.records === target)
  }

  it('votes until its epoch ends: with another one down nothing would become final without it', () => {
    const network = startRun({ nodes: 4, seed: 6, askers: [], parameters: { epochBlocks: 1_000 } })
    const { world, witness } = network
    const [, , down, leaver] = world.nodes as [SimNode, SimNode, SimNode, SimNode]
    dispatch(world, leaver, { type: 'membership', ticket: 1, request: { kind: 'leave' } }, 500)
    expect(run(world, 10_000, () => ledgerOf(network)?.former[leaver.member] !== undefined)).toBe(true)
    stopNode(world, down)
    expect(closesRound(network, 1)).toBe(true)
    expect(witness.violations).toEqual([])
  })

  it('to another key votes under that from the next epoch on, with another machine and an empty store', () => {
    const network = startRun({ nodes: 4, seed: 7, askers: [], parameters: { epochBlocks: 4 } })
    const { world } = network
    const [, , down, mover] = world.nodes as [SimNode, SimNode, SimNode, SimNode]
    const former = mover.member
    const consent = STRANGER.sign(consentBytes(world.network, former, STRANGER.member))
    dispatch(world, mover, { type: 'membership', ticket: 1, request: { kind: 'rotate', to: STRANGER.member, consent } }, 500)
    expect(run(world, 10_000, () => ledgerOf(network)?.former[former]?.movedTo === STRANGER.member)).toBe(true)
    for (let sequence = 1; (ledgerOf(network)?.epoch ?? 0) < 1; sequence++) expect(closesRound(network, sequence)).toBe(true)
    expect(ledgerOf(network)?.validators.map(({ member }) => member)).toContain(STRANGER.member)
    stopNode(world, mover)
    Object.assign(mover, { member: STRANGER.member, config: { ...mover.config, signer: STRANGER }, store: new Map() })
    stopNode(world, down)
    expect(closesRound(network, 10)).toBe(false)
    startNode(world, mover)
    expect(run(world, world.nowMs + 30_000, () => (ledgerOf(network)?.records ?? 0) >= 2 && mover.machine?.head.hash === world.nodes[0]?.machine?.head.hash)).toBe(true)
  })
})
