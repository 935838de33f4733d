import { describe, expect, it } from 'vitest'
import { leaderOf } from '../../consensus/index.ts'
import type { BallotContent, Block } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import { LIMITS } from '../limits.ts'
import { closeRound } from '../round/close.ts'
import { simulatedSigner } from '../sim/members.ts'
import { answerWith, breachOf, close, commit, createScene, observe, openRound, play, reveal, say, TASK, transcriptOf, type Scene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { createBench, deliver, feed, finalize, judge, publishedIn, type Bench } from './test/bench.ts'

/** A bench of the member that leads the next view, or the one after it. */
function leaderOfNext(scene: Scene, views = 1): Bench {
  const leader = leaderOf(scene.state.validators, scene.state.height + views)
  return createBench(scene, scene.members.findIndex(({ member }) => member === leader))
}

/** All others give up the present view; the effects of entering the next one. */
function nullifyView(bench: Bench): Effect[] {
  const { scene, machine } = bench
  const { view } = machine.agreement
  return scene.members.flatMap((signer) => (signer.member === machine.self ? [] : deliver(bench, say(scene, signer, 'vote', { kind: 'nullify', epoch: 0, view, block: null }) as Message)))
}

function proposalIn(effects: readonly Effect[]): Message<'proposal'> {
  const [proposal] = publishedIn(effects).flatMap((message) => (message.kind === 'proposal' ? [message] : []))
  if (proposal === undefined) throw new Error('nothing was proposed')
  return proposal
}

function blockIn(effects: readonly Effect[]): Block | undefined {
  return publishedIn(effects).flatMap(({ kind, body }) => (kind === 'proposal' ? [body] : []))[0]
}

const opening = (scene: Scene, member: number, sequence: number): Message<'open'> => say(scene, member, 'open', { sequence, task: TASK, truth: null })

describe('the leader of a view', () => {
  it('proposes as soon as it holds something, and does so once', () => {
    const scene = createScene({ members: 4 })
    const bench = leaderOfNext(scene)
    const effects = deliver(bench, opening(scene, 0, 1))
    expect(blockIn(effects)).toMatchObject({ epoch: 0, view: 1, height: 1, parent: scene.network, entries: [{ type: 'open' }] })
    expect(blockIn(deliver(bench, opening(scene, 2, 1) as Message))).toBeUndefined()
  })

  it('votes for its own block, which is on disk before it is sent', () => {
    const scene = createScene({ members: 4 })
    const effects = deliver(leaderOfNext(scene), opening(scene, 0, 1))
    expect(publishedIn(effects).map(({ kind }) => kind)).toEqual(['proposal', 'vote'])
    const persisted = effects.findIndex((effect) => effect.type === 'persist' && effect.changes[0]?.key === 'own/proposal/0/1')
    expect(persisted).toBeGreaterThanOrEqual(0)
    expect(persisted).toBeLessThan(effects.findIndex(({ type }) => type === 'publish'))
  })

  it('proposes nothing in the view of another, nor without anything to propose', () => {
    const scene = createScene({ members: 4 })
    const leader = leaderOf(scene.state.validators, 1)
    const other = createBench(scene, scene.members.findIndex(({ member }) => member !== leader))
    expect(blockIn(deliver(other, opening(scene, 0, 1) as Message))).toBeUndefined()
    expect(blockIn(feed(leaderOfNext(scene), { type: 'timer', name: 'standstill' }))).toBeUndefined()
  })

  it('puts evidence first, then what was owed, results and cuts, joins, and opens by sequence', () => {
    const scene = createScene({ members: 4 })
    const [first, second] = [openRound(scene), openRound(scene, { asker: 1 })]
    close(scene, first, [0, 1, 2].map((member) => commit(scene, member, first, 'answer-reveal', answerWith('x'))))
    close(scene, first, [0, 1].map((member) => reveal(scene, member, first, 'answer-reveal', answerWith('x'))))
    play(scene, { round: first, answers: [] })
    const bench = leaderOfNext(scene, 2)
    const messages: Message[] = [
      opening(scene, 0, 3),
      opening(scene, 0, 2),
      opening(scene, 3, 1),
      say(scene, simulatedSigner(70), 'join', { sequence: 0 }),
      ...[0, 1, 2, 3].map((member) => observe(scene, member, second, 'answer-commit', [])),
      reveal(scene, 2, first, 'answer-reveal', answerWith('x')),
      say(scene, 0, 'evidence', breachOf(scene, 3)),
    ]
    for (const message of messages) judge(bench, message)
    feed(bench, { type: 'computed', round: first, result: closeRound(transcriptOf(scene, first), scene.rules) })
    const types = blockIn(nullifyView(bench))?.entries.map(({ type }) => type)
    expect(types?.slice(0, 2)).toEqual(['evidence', 'late'])
    expect(types?.slice(2, 4).sort()).toEqual(['cut', 'result'])
    expect(types?.slice(4)).toEqual(['join', 'open', 'open'])
  })

  it('holds no more entries than a block may', () => {
    const scene = createScene({ members: 70 })
    const bench = leaderOfNext(scene, 2)
    for (let member = 0; member < 70; member++) judge(bench, opening(scene, member, 1))
    expect(bench.machine.pool.opens.size).toBe(70)
    expect(blockIn(nullifyView(bench))?.entries).toHaveLength(LIMITS.entriesMax)
  })

  it('takes no late reveal that is too large for a block, and includes what fits', () => {
    const scene = createScene({ members: 4, parameters: { pairing: 'open' } })
    const round = openRound(scene)
    const huge: BallotContent = { comparisons: Array.from({ length: 2_900 }, () => ({ left: 0, right: 1, verdict: 'tie' as const, reason: 'x'.repeat(270) })) }
    const everybody = [0, 1, 2, 3]
    const small: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }] }
    close(scene, round, everybody.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, everybody.map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, everybody.map((member) => commit(scene, member, round, 'ballot-reveal', member === 3 ? huge : small)))
    close(scene, round, [0, 1, 2].map((member) => reveal(scene, member, round, 'ballot-reveal', small)))
    const bench = leaderOfNext(scene, 2)
    const late = reveal(scene, 3, round, 'ballot-reveal', huge)
    expect(late.bytes.length).toBeGreaterThan(LIMITS.blockBytesMax)
    expect(judge(bench, late as Message)).toBe('ignore phase-closed')
    judge(bench, opening(scene, 1, 1))
    expect(blockIn(nullifyView(bench))?.entries.map(({ type }) => type)).toEqual(['open'])
  })
})

describe('a final block', () => {
  it('with the open of another leaves the own open of the same sequence in its slot', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene, 0)
    feed(bench, { type: 'ask', ticket: 1, task: TASK, truth: null })
    finalize(bench, proposalIn(deliver(leaderOfNext(scene), opening(scene, 2, 1))))
    expect(bench.machine.ledger.height).toBe(1)
    expect(bench.store.has('own/open/1')).toBe(true)
    expect(bench.machine.pool.opens.size).toBe(1)
  })

  it('with another open of the own author in its place ends the wait for one, on disk too', () => {
    const scene = createScene({ members: 4 })
    const bench = createBench(scene, 0)
    const kept = (): string[] => [...bench.store.keys()].filter((key) => key.startsWith('secret/') || key.startsWith('own/open/'))
    feed(bench, { type: 'ask', ticket: 1, task: TASK, truth: { accepted: ['x'], salt: new Uint8Array(32) } })
    expect(kept()).toHaveLength(2)
    finalize(bench, proposalIn(deliver(leaderOfNext(scene), opening(scene, 0, 1))))
    expect(bench.machine.ledger.height).toBe(1)
    expect(bench.machine.pool.opens.size).toBe(0)
    expect(kept()).toEqual([])
    expect([...bench.machine.rounds.keys()]).toEqual(Object.keys(bench.machine.ledger.rounds))
  })
})
