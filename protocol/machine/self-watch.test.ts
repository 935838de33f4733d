import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { decodeRequest, openFrame, type Opened } from '../frames.ts'
import { verifySimulated } from '../sim/members.ts'
import { commit, createScene, idOf, openRound, say, type Scene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { KEYS } from './keys.ts'
import { createMachine } from './machine-state.ts'
import type { GuardInit } from './self-watch.ts'
import { saidBy, signOnce } from './sign-guard.ts'
import { createBench, deliver, feed, finalizeNext, follow, noticesIn, publishedIn, type Bench } from './test/bench.ts'

const KNOWN: GuardInit = { loss: null, lastPresence: 500, vouched: false }

/** A bench whose machine watches itself, started and connected to all others. */
function createGuarded(scene: Scene, guard: GuardInit, self = 0): Bench {
  const { signer, ...config } = createBench(scene, self).machine.config
  const bench: Bench = { scene, machine: createMachine({ ...config, signer, guard }), store: new Map(), nowMs: 1_000 }
  follow(bench)
  feed(bench, { type: 'start' })
  for (const { member } of scene.members) if (member !== signer.member) feed(bench, { type: 'peer-connected', member })
  return bench
}

/** Members answer what they were asked: what they heard, and that they have nothing of the chain. */
function answer(bench: Bench, members: readonly number[], frames: Opened[] = []): Effect[] {
  return members.flatMap((member) => [
    ...feed(bench, { type: 'frames', frames, from: idOf(bench.scene, member), asked: 'said' }),
    ...feed(bench, { type: 'frames', frames: [], from: idOf(bench.scene, member), asked: 'chain' }),
  ])
}

const vote = (scene: Scene, view: number, block = 'x'): Message => say(scene, 0, 'vote', { kind: 'notarize', epoch: 0, view, block: sha256(block) })
const presence = (scene: Scene, sequence: number, member = 0): Message =>
  say(scene, member, 'presence', { sequence, canAnswer: true, canJudge: true, model: 'none', links: 3, height: 0 })
const modeOf = ({ machine }: Bench): string => (machine.guard.cause === null ? machine.guard.mode : `${machine.guard.mode}: ${machine.guard.cause}`)

describe('a node that starts', () => {
  it('says nothing before a quorum, itself included, has answered; then it announces itself', () => {
    const bench = createGuarded(createScene({ members: 4 }), KNOWN)
    expect(publishedIn(answer(bench, [1]))).toEqual([])
    expect(modeOf(bench)).toBe('asking')
    expect(publishedIn(answer(bench, [2])).map(({ kind }) => kind)).toEqual(['presence'])
    expect(modeOf(bench)).toBe('active')
  })

  it('makes do with those it is connected to after ten ticks, and asks the silent ones again at each', () => {
    const bench = createGuarded(createScene({ members: 7 }), KNOWN)
    for (const member of [3, 4, 5, 6]) feed(bench, { type: 'peer-disconnected', member: idOf(bench.scene, member) })
    answer(bench, [1])
    const asked = feed(bench, { type: 'timer', name: 'standstill' }).flatMap((effect) => (effect.type === 'request' && effect.request.type === 'said' ? [effect.to] : []))
    expect(asked).toEqual([idOf(bench.scene, 2)])
    answer(bench, [2])
    for (let tick = 0; tick < 8; tick++) feed(bench, { type: 'timer', name: 'standstill' })
    expect(modeOf(bench)).toBe('asking')
    feed(bench, { type: 'timer', name: 'standstill' })
    expect(modeOf(bench)).toBe('active')
  })

  it('asks nobody if it is a quorum by itself', () => {
    const bench = createGuarded(createScene({ members: 3, observers: 2 }), KNOWN)
    expect(modeOf(bench)).toBe('active')
  })

  it('keeps its presence rising over clocks that were set back', () => {
    const scene = createScene({ members: 1 })
    const bench = createGuarded(scene, { ...KNOWN, lastPresence: 9_000 })
    expect(bench.machine.guard.lastPresence).toBe(9_001)
  })
})

describe('a node that hears itself', () => {
  it('goes on if it remembers, or if nobody could say anything there any more', () => {
    const scene = createScene({ members: 4 })
    const bench = createGuarded(scene, KNOWN)
    answer(bench, [1, 2, 3])
    const own = signOnce(bench.machine, [], 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256('x') }) as Message
    deliver(bench, own)
    deliver(bench, presence(scene, bench.machine.guard.lastPresence))
    bench.machine.head.view = 12
    deliver(bench, vote(scene, 1, 'y'))
    expect(modeOf(bench)).toBe('observing: second-copy')
    const other = createGuarded(scene, KNOWN)
    answer(other, [1, 2, 3])
    other.machine.head.view = 12
    deliver(other, vote(scene, 1))
    deliver(other, say(scene, 0, 'commit', { round: sha256('closed long ago'), phase: 'answer-commit', hash: null }))
    expect(modeOf(other)).toBe('active')
  })

  it.each(['asking', 'active'])('say what it does not remember observes at once and says why, while %s', (mode) => {
    const scene = createScene({ members: 4 })
    const bench = createGuarded(scene, KNOWN)
    if (mode === 'active') answer(bench, [1, 2, 3])
    const effects = deliver(bench, vote(scene, 1))
    expect(noticesIn(effects)).toContainEqual({ type: 'signing', mode: 'observing', cause: 'forgotten' })
    expect([...bench.store.keys()]).toContain(KEYS.guard)
    expect(signOnce(bench.machine, [], 'vote', { kind: 'notarize', epoch: 0, view: 2, block: null })).toBeNull()
    expect(publishedIn(feed(bench, { type: 'timer', name: 'presence' }))).toEqual([])
  })

  it('notices of a round that it did not know when it heard it', () => {
    const scene = createScene({ members: 4 })
    const bench = createGuarded(scene, KNOWN)
    answer(bench, [1, 2, 3])
    const round = openRound(scene)
    deliver(bench, commit(scene, 0, round, 'answer-reveal', { text: 'it was I', value: null }))
    expect(modeOf(bench)).toBe('active')
    follow(bench)
    feed(bench, { type: 'timer', name: 'standstill' })
    expect(modeOf(bench)).toBe('observing: forgotten')
  })

  it('takes a presence of the time after its start for a second copy, and an earlier one for its past', () => {
    const scene = createScene({ members: 4 })
    const [copied, forgotten] = [createGuarded(scene, KNOWN), createGuarded(scene, KNOWN)]
    deliver(copied, presence(scene, 1_001))
    deliver(forgotten, presence(scene, 900))
    expect([modeOf(copied), modeOf(forgotten)]).toEqual(['observing: second-copy', 'observing: forgotten'])
  })
})

describe('an observer', () => {
  /** Member 4, which has no weight and so leads no view. */
  const observe = (loss: GuardInit['loss'], scene = createScene({ members: 5, observers: 1 })): Bench => createGuarded(scene, { ...KNOWN, loss }, 4)
  /** So many blocks without entries become final, each in the next view; and something happens. */
  const pass = (bench: Bench, views: number): void => {
    for (let view = 0; view < views; view++) finalizeNext(bench, [])
    feed(bench, { type: 'timer', name: 'presence' })
  }

  it('signs again once a block is final beyond the views it may have voted in', () => {
    const bench = observe('store-behind')
    expect(modeOf(bench)).toBe('observing: store-behind')
    answer(bench, [1, 2, 3])
    expect(bench.machine.guard.through).toBe(11)
    pass(bench, 11)
    expect(modeOf(bench)).toBe('observing: store-behind')
    pass(bench, 1)
    expect(modeOf(bench)).toBe('active')
    expect([...bench.store.keys()]).not.toContain(KEYS.guard)
  })

  it('waits for the rounds that were open by then', () => {
    const scene = createScene({ members: 5, observers: 1 })
    const round = openRound(scene)
    const bench = observe('store-missing', scene)
    answer(bench, [1, 2, 3])
    pass(bench, 12)
    expect(bench.machine.guard).toMatchObject({ mode: 'observing', rounds: [round] })
  })

  it('never comes back by itself beside a second copy, but by the word of its owner, who is held to what peers remember', () => {
    const scene = createScene({ members: 4 })
    const bench = createGuarded(scene, KNOWN)
    deliver(bench, presence(scene, 1_001))
    answer(bench, [1, 2, 3])
    pass(bench, 20)
    expect(modeOf(bench)).toBe('observing: second-copy')

    const fresh = createScene({ members: 4 })
    const vouched = createGuarded(fresh, { loss: 'store-missing', lastPresence: -1, vouched: true })
    const said = vote(fresh, 1)
    answer(vouched, [1, 2, 3], [{ type: 'signed', ...said, slot: said.slot as string }])
    expect(modeOf(vouched)).toBe('active')
    expect(signOnce(vouched.machine, [], 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256('y') })).toBeNull()
    expect(signOnce(vouched.machine, [], 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256('x') })?.bodyHash).toBe(said.bodyHash)
  })
})

describe('what was said', () => {
  it('is all that was heard of a member, each signature of which can be checked, and its last presence', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene)
    const spoken = say(scene, 2, 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256('x') })
    deliver(bench, spoken)
    deliver(bench, presence(scene, 7, 2))
    const opened = saidBy(bench.machine, idOf(scene, 2)).map((frame) => openFrame(frame, { network: scene.network, verify: verifySimulated }))
    expect(opened).toMatchObject([
      { ok: true, opened: { type: 'signed', author: idOf(scene, 2), slot: spoken.slot, bodyHash: spoken.bodyHash } },
      { ok: true, opened: { type: 'message', message: { kind: 'presence' } } },
    ])
    expect(saidBy(bench.machine, idOf(scene, 3))).toEqual([])
    expect(decodeRequest(encode({ type: 'said' }))).toEqual({ type: 'said' })
  })
})
