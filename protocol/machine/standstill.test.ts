import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import { openFrame } from '../frames.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { answerWith, breachOf, close, commit, createScene, idOf, openRound, reveal, say, TASK } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { createBench, deliver, feed, finalize, proposalOf, votesOf, type Bench } from './test/bench.ts'

const tick = (bench: Bench): Effect[] => feed(bench, { type: 'timer', name: 'standstill' })

/** The effects of the second of two ticks, between which nothing moved. */
function stand(bench: Bench): Effect[] {
  tick(bench)
  bench.nowMs += bench.scene.rules.parameters.standstillMs
  return tick(bench)
}

/** What was sent, as `kind author` for messages and `kind/view` for certificates, and to whom. */
function sentIn(bench: Bench, effects: readonly Effect[]): { to: string; what: string[] }[] {
  return effects.flatMap((effect) => {
    if (effect.type !== 'send') return []
    const what = effect.frames.map((bytes) => {
      const result = openFrame(bytes, { network: bench.scene.network, verify: verifySimulated })
      if (!result.ok) throw new Error(result.code)
      if (result.opened.type === 'certificate') return `${result.opened.certificate.kind}/${result.opened.certificate.view}`
      if (result.opened.type !== 'message') return result.opened.type
      const { kind, author } = result.opened.message
      return `${kind} ${bench.scene.members.findIndex(({ member }) => member === author)}`
    })
    return [{ to: effect.to, what }]
  })
}

const requestsIn = (effects: readonly Effect[]) => effects.flatMap((effect) => (effect.type === 'request' ? [[effect.request.type, effect.to]] : []))
const opening = (bench: Bench, member: number, sequence: number) => say(bench.scene, member, 'open', { sequence, task: TASK, truth: null })
const nullify = (bench: Bench, view: number, members: number[]) => votesOf(bench, members, { kind: 'nullify', view, block: null })

/** A bench that waits for others: somebody's open is pooled, and nobody proposes it. */
function waiting(): Bench {
  const bench = createBench(createScene({ members: 4 }))
  deliver(bench, opening(bench, 2, 1))
  return bench
}

describe('a tick', () => {
  it('sets the next one, and sends nothing where nothing is to be done', () => {
    const bench = createBench(createScene({ members: 4 }))
    const effects = stand(bench)
    expect(effects).toContainEqual({ type: 'timer', name: 'standstill', ms: bench.scene.rules.parameters.standstillMs })
    expect(sentIn(bench, effects)).toEqual([])
    expect(requestsIn(effects)).toEqual([])
  })

  it('sends nothing either while things move: a view, a block, or an observation heard', () => {
    const bench = waiting()
    tick(bench)
    for (const vote of nullify(bench, 1, [1, 2, 3])) deliver(bench, vote)
    expect(sentIn(bench, tick(bench))).toEqual([])
    finalize(bench, proposalOf(bench, [{ type: 'open', envelope: opening(bench, 2, 1).bytes }]))
    expect(sentIn(bench, tick(bench))).toEqual([])
    const [round] = Object.keys(bench.machine.ledger.rounds) as [string]
    deliver(bench, say(bench.scene, 1, 'observation', { round, phase: 'answer-commit', items: [] }))
    expect(sentIn(bench, tick(bench))).toEqual([])
    expect(sentIn(bench, tick(bench))).toHaveLength(1)
  })
})

describe('in a standstill a node sends to everybody', () => {
  it('what waits for a block, whoever said it: opens, changes of membership, breaches, and what was owed', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    close(scene, round, [0, 1, 2].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x'))))
    close(scene, round, [0, 1].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith('x'))))
    const bench = createBench(scene)
    deliver(bench, opening(bench, 1, 1))
    deliver(bench, say(scene, 3, 'leave', { sequence: 0 }))
    deliver(bench, say(scene, 3, 'evidence', breachOf(scene, 1)))
    deliver(bench, reveal(scene, 2, round, 'answer-reveal', answerWith('x')))
    const [sent] = sentIn(bench, stand(bench))
    expect(sent?.to).toBe('everybody')
    expect(sent?.what).toEqual(expect.arrayContaining(['open 1', 'leave 3', 'evidence 0', 'reveal 2']))
  })

  it('the certificates that others may lack, and its votes and blocks above the last final view', () => {
    const bench = waiting()
    const first = proposalOf(bench, [{ type: 'open', envelope: opening(bench, 2, 1).bytes }])
    finalize(bench, first)
    deliver(bench, opening(bench, 2, 2))
    for (const vote of nullify(bench, 2, [1, 2, 3])) deliver(bench, vote)
    feed(bench, { type: 'timer', name: `view/0/3/${bench.machine.agreement.views.get(3)?.arming}` })
    const [sent] = sentIn(bench, stand(bench))
    expect(sent?.what.filter((each) => each.includes('/')).sort()).toEqual(['finalize/1', 'nullify/2'])
    expect(sent?.what.filter((each) => each.startsWith('vote'))).toEqual(['vote 0'])
  })

  it('its own items and observations of the phases that rounds are in, and those of no other phase or member', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const bench = createBench(scene)
    feed(bench, { type: 'answered', round, answer: answerWith('x'), salt: new Uint8Array(32) })
    deliver(bench, commit(scene, 1, round, 'answer-reveal', answerWith('y')))
    feed(bench, { type: 'timer', name: `phase/${round}/answer-commit` })
    expect(sentIn(bench, stand(bench))[0]?.what).toEqual(['commit 0', 'observation 0'])
    const observations = [0, 1, 2, 3].map((member) => say(scene, member, 'observation', { round, phase: 'answer-commit', items: [] }).bytes)
    finalize(bench, proposalOf(bench, [{ type: 'cut', round, phase: 'answer-commit', observations }]))
    expect(bench.machine.ledger.rounds[round]?.phase).toBe('closing')
    expect(sentIn(bench, stand(bench)).flatMap(({ what }) => what).filter((each) => each.includes(' 0') && !each.startsWith('vote'))).toEqual([])
  })

  it('a bounded number: sixteen opens, changes of membership and breaches', () => {
    const scene = createScene({ members: 40 })
    const bench = createBench(scene)
    for (let member = 1; member < 40; member++) {
      deliver(bench, opening(bench, member, 1))
      deliver(bench, say(scene, simulatedSigner(1_000 + member), 'join', { sequence: 0 }))
      deliver(bench, say(scene, 0, 'evidence', breachOf(scene, member)))
    }
    const kinds = sentIn(bench, stand(bench)).flatMap(({ what }) => what).map((each) => each.split(' ')[0])
    for (const kind of ['open', 'join', 'evidence']) expect(kinds.filter((each) => each === kind)).toHaveLength(16)
    expect(kinds).toHaveLength(48)
  })
})

describe('in a standstill a node asks any peer', () => {
  it('for certificates, and for the chain, where it has not just done so', () => {
    const bench = waiting()
    expect(requestsIn(stand(bench))).toEqual([['certificates', null], ['chain', null]])
  })

  it('for what it wants and was not sent', () => {
    const bench = waiting()
    const hash = sha256('a lost item')
    bench.machine.wanted.set(hash, bench.nowMs)
    expect(stand(bench)).toContainEqual({ type: 'request', to: null, request: { type: 'get', hashes: [hash] } })
  })
})

describe('a member without peers that answer', () => {
  it('says the same again at every tick, and nothing more than that', () => {
    const bench = waiting()
    const first = sentIn(bench, stand(bench))
    for (let count = 0; count < 5; count++) {
      bench.nowMs += 1_000
      expect(sentIn(bench, tick(bench))).toEqual(first)
    }
    expect(first).toEqual([{ to: 'everybody', what: [`open ${bench.scene.members.findIndex(({ member }) => member === idOf(bench.scene, 2))}`] }])
  })
})
