import { describe, expect, it } from 'vitest'
import { leaderOf, sha256 } from '../../consensus/index.ts'
import type { Block, Body } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import { encodeFrame } from '../frames.ts'
import { resultHash } from '../ledger/close-round.ts'
import { stateRoot } from '../ledger/state.ts'
import { closeRound } from '../round/close.ts'
import { simulatedSigner } from '../sim/members.ts'
import { answerWith, blockOf, commit, createScene, idOf, observe, openRound, play, resultEntry, say, TASK, transcriptOf, type Scene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { blockHash } from './chain.ts'
import { createBench, feed, judge, publishedIn } from './test/bench.ts'

const STRANGER = simulatedSigner(77)

function presence(scene: Scene, member: number | typeof STRANGER, sequence: number): Message<'presence'> {
  return say(scene, member, 'presence', { sequence, canAnswer: true, canJudge: true, model: 'm', links: 3, height: 0 })
}

function open(scene: Scene, member: number | typeof STRANGER, sequence: number, body: Partial<Body<'open'>> = {}): Message<'open'> {
  return say(scene, member, 'open', { sequence, task: TASK, truth: null, ...body })
}

/** A block for a view by whoever leads it, or by another. */
function proposal(scene: Scene, view: number, change: Partial<Block> = {}, by?: number): Message<'proposal'> {
  const leader = scene.members.findIndex(({ member }) => member === leaderOf(scene.state.validators, view))
  const next = { ...scene.state, height: scene.state.height + 1 }
  return say(scene, by ?? leader, 'proposal', { epoch: 0, view, height: next.height, parent: scene.network, entries: [], stateRoot: stateRoot(next), ...change })
}

describe('a vote', () => {
  it('is ignored from whoever has no voting weight', () => {
    const scene = createScene({ members: 5, observers: 1 })
    const bench = createBench(scene)
    const vote = { kind: 'nullify', epoch: 0, view: 1, block: null } as const
    expect(judge(bench, say(scene, 4, 'vote', vote))).toBe('ignore not-a-validator')
    expect(judge(bench, say(scene, STRANGER, 'vote', vote))).toBe('ignore not-a-validator')
    expect(judge(bench, say(scene, 1, 'vote', vote))).toBe('accept')
  })
})

describe('a repeated vote', () => {
  it('is ignored, so that gossip does not carry it again', () => {
    const bench = createBench(createScene({ members: 4 }))
    const vote = say(bench.scene, 1, 'vote', { kind: 'nullify', epoch: 0, view: 1, block: null }) as Message
    expect([judge(bench, vote), judge(bench, vote)]).toEqual(['accept', 'ignore slot-taken'])
  })
})

describe('a presence', () => {
  it('is ignored from strangers, and when it is not newer than the last', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    expect(judge(bench, presence(scene, STRANGER, 1))).toBe('ignore unknown-member')
    expect(judge(bench, presence(scene, 1, 5))).toBe('accept')
    expect(judge(bench, presence(scene, 1, 5))).toBe('ignore stale')
    expect(judge(bench, presence(scene, 1, 4))).toBe('ignore stale')
    expect(judge(bench, presence(scene, 1, 6))).toBe('accept')
  })

  it('is heard again after a clock was set back, once the last one no longer counts', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    judge(bench, presence(scene, 1, 1_000_000))
    bench.nowMs += 3 * scene.rules.parameters.presenceMs + 1
    expect(judge(bench, presence(scene, 1, 7))).toBe('accept')
  })
})

describe('a join', () => {
  it('is pooled while it could be valid, and ignored otherwise', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    expect(judge(bench, say(scene, 1, 'join', { sequence: 0 }))).toBe('ignore not-valid-now')
    expect(judge(bench, say(scene, STRANGER, 'join', { sequence: 0 }))).toBe('accept')
    expect(bench.machine.pool.membership.size).toBe(1)
    const closed = createBench(createScene({ members: 4, parameters: { admission: 'founders' } }))
    expect(judge(closed, say(closed.scene, STRANGER, 'join', { sequence: 0 }))).toBe('ignore not-valid-now')
  })
})

describe('an open', () => {
  it('is pooled once', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    const message = open(scene, 1, 1)
    expect(judge(bench, message)).toBe('accept')
    expect(judge(bench, message)).toBe('ignore slot-taken')
    expect(bench.machine.agreement.hasMaterial).toBe(true)
  })

  it('is ignored if it can never become valid', () => {
    const scene = createScene({ members: 4, parameters: { agentMsMax: 2_000 } })
    openRound(scene, { asker: 1 })
    const bench = createBench(scene)
    expect(judge(bench, open(scene, STRANGER, 1))).toBe('ignore not-valid-now')
    expect(judge(bench, open(scene, 1, 1))).toBe('ignore not-valid-now')
    expect(judge(bench, open(scene, 1, 2, { task: { ...TASK, answerMs: 2_001 } }))).toBe('ignore not-valid-now')
  })

  it('waits while its author has too many rounds open, and is no material meanwhile', () => {
    const scene = createScene({ members: 4, parameters: { openRoundsMax: 1 } })
    openRound(scene, { asker: 1 })
    const bench = createBench(scene)
    expect(judge(bench, open(scene, 1, 2))).toBe('accept')
    expect(bench.machine.agreement.hasMaterial).toBe(false)
  })

  it('is ignored beyond sixteen of one author', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    for (let sequence = 1; sequence <= 16; sequence++) expect(judge(bench, open(scene, 1, sequence))).toBe('accept')
    expect(judge(bench, open(scene, 1, 17))).toBe('ignore buffer-full')
    expect(judge(bench, open(scene, 2, 1))).toBe('accept')
  })
})

describe('a proposal, by the checks in their order', () => {
  it('is rejected unless its author leads the view', () => {
    const bench = createBench(createScene({ members: 4 }))
    expect(judge(bench, proposal(bench.scene, 1, {}, 0))).toBe('reject not-the-leader')
    expect(judge(bench, proposal(bench.scene, 1, {}, 2))).toBe('reject not-the-leader')
    expect(judge(bench, proposal(bench.scene, 1))).toBe('accept')
  })

  it('is ignored at a height that is final already, or far ahead', () => {
    const scene = createScene({ members: 4 })
    openRound(scene)
    const bench = createBench(scene)
    expect(judge(bench, proposal(scene, 3, { height: 1 }))).toBe('ignore far-away')
    expect(judge(bench, proposal(scene, 3, { height: 1_002 }))).toBe('ignore far-away')
  })

  it('is ignored as a second block for one view, unless it was asked for', () => {
    const bench = createBench(createScene({ members: 4 }))
    expect(judge(bench, proposal(bench.scene, 1))).toBe('accept')
    const rival = proposal(bench.scene, 1, { stateRoot: sha256('another') })
    expect(judge(bench, rival)).toBe('ignore slot-taken')
    // In a history without a certificate for it, it is as unwanted as before.
    feed(bench, { type: 'frames', frames: [{ type: 'message', message: rival }], from: idOf(bench.scene, 1), asked: 'chain' })
    expect(bench.machine.blocks.size).toBe(1)
    bench.machine.wanted.set(blockHash(rival.body), 0)
    feed(bench, { type: 'frames', frames: [{ type: 'message', message: rival }], from: idOf(bench.scene, 1), asked: 'get' })
    expect(bench.machine.blocks.size).toBe(2)
  })

  it('is ignored for a view that is over for good, or nowhere near', () => {
    const bench = createBench(createScene({ members: 4 }))
    expect(judge(bench, proposal(bench.scene, 12))).toBe('ignore far-away')
    expect(judge(bench, proposal(bench.scene, 11))).toBe('accept')
  })

  it('gets the vote of this node if it applies, and a nullification if it does not', () => {
    const votesFor = (change: Partial<Block>): string[] => {
      const bench = createBench(createScene({ members: 4 }))
      judge(bench, open(bench.scene, 1, 1))
      const effects = feed(bench, { type: 'message', message: proposal(bench.scene, 1, change) as Message, from: idOf(bench.scene, 1) })
      return effects.flatMap((effect) => (effect.type === 'publish' && effect.message.kind === 'vote' ? [effect.message.body.kind] : []))
    }
    expect(votesFor({})).toEqual(['notarize'])
    expect(votesFor({ stateRoot: sha256('a lie') })).toEqual(['nullify'])
    expect(votesFor({ height: 2 })).toEqual(['nullify'])
    expect(votesFor({ entries: [{ type: 'result', round: sha256('x'), hash: sha256('x') }] })).toEqual(['nullify'])
  })

  it('that closes a round waits for this node to compute the result, and gets its vote for no other', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'a', 'a'] })
    const result = closeRound(transcriptOf(scene, round), scene.rules)
    const votesIn = (effects: readonly Effect[]): string[] => publishedIn(effects).flatMap(({ kind, body }) => (kind === 'vote' ? [body.kind] : []))
    const { stateRoot } = blockOf(scene, [resultEntry(scene, round)])
    for (const [hash, vote] of [[resultHash(result), 'notarize'], [sha256('another result'), 'nullify']] as const) {
      const bench = createBench(scene)
      const message = proposal(scene, scene.state.height + 1, { parent: bench.machine.head.hash, entries: [{ type: 'result', round, hash }], stateRoot })
      expect(votesIn(feed(bench, { type: 'message', message: message as Message, from: message.author }))).toEqual([])
      expect(votesIn(feed(bench, { type: 'computed', round, result }))).toEqual([vote])
    }
  })
})

describe('a history without a certificate', () => {
  it('leaves nothing here, whatever its blocks list', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    const nowhere = sha256('a round nobody knows')
    const item = commit(scene, 1, nowhere, 'answer-reveal', answerWith('x'))
    const observations = [observe(scene, 1, nowhere, 'answer-commit', [[item.author, item.id]]).bytes]
    const block = proposal(scene, 1, { entries: [{ type: 'cut', round: nowhere, phase: 'answer-commit', observations }] })
    const frames = [item, block].map((message) => ({ type: 'message' as const, message }))
    feed(bench, { type: 'frames', frames, from: idOf(scene, 1), asked: 'chain' })
    expect(bench.machine).toMatchObject({ items: new Map(), blocks: new Map(), early: new Map() })
    expect(bench.store.has(`item/${item.id}`)).toBe(false)
  })
})

describe('results from peers', () => {
  it('are kept only if they were asked for by their hash', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'a', 'a'] })
    const bench = createBench(scene)
    const result = closeRound(transcriptOf(scene, round), scene.rules)
    feed(bench, { type: 'computed', round, result })
    const others = ['1', '2'].map((name) => ({ type: 'result' as const, hash: sha256(name), result }))
    bench.machine.wanted.set(sha256('2'), 0)
    for (const asked of [null, 'get', 'chain', 'certificates'] as const) feed(bench, { type: 'frames', frames: others.slice(0, 1), from: idOf(scene, 1), asked })
    expect([...bench.machine.results.keys()]).toEqual([resultHash(result)])
    feed(bench, { type: 'frames', frames: others, from: idOf(scene, 1), asked: 'get' })
    expect([...bench.machine.results.keys()]).toEqual([resultHash(result), sha256('2')])
  })
})

describe('certificates from peers', () => {
  it('help a straggler: who votes in an old view is sent what moves it on', () => {
    const bench = createBench(createScene({ members: 4 }))
    for (const member of [1, 2, 3]) judge(bench, say(bench.scene, member, 'vote', { kind: 'nullify', epoch: 0, view: 1, block: null }))
    expect(bench.machine.agreement.view).toBe(2)
    const certificate = bench.machine.agreement.nullifications.get(1)
    const again = say(bench.scene, 2, 'vote', { kind: 'nullify', epoch: 0, view: 1, block: null })
    const effects = feed(bench, { type: 'message', message: again as Message, from: again.author })
    expect(certificate).toBeDefined()
    if (certificate === undefined) return
    expect(effects).toContainEqual({ type: 'send', to: again.author, frames: [encodeFrame({ type: 'certificate', certificate })] })
  })
})
