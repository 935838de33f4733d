import { describe, expect, it } from 'vitest'
import type { Message } from '../envelope.ts'
import { answerWith, commit, createScene, openRound, say, type Scene } from '../test/scene.ts'
import { createBench, deliver, feed, publishedIn } from './test/bench.ts'

const presence = (scene: Scene, member: number, sequence: number, can: { canAnswer: boolean; canJudge: boolean }): Message =>
  say(scene, member, 'presence', { sequence, ...can, model: 'm', links: 3, height: 0 })
const able = { canAnswer: true, canJudge: true }
const unable = { canAnswer: false, canJudge: true }

describe('what a member can do', () => {
  it('is announced at once when it changes, and with every presence after that', () => {
    const bench = createBench(createScene({ members: 4 }))
    expect(publishedIn(feed(bench, { type: 'ability', ...unable })).map(({ kind, body }) => [kind, body])).toMatchObject([['presence', unable]])
    expect(publishedIn(feed(bench, { type: 'ability', ...unable }))).toEqual([])
    expect(publishedIn(feed(bench, { type: 'timer', name: 'presence' }))).toMatchObject([{ body: unable }])
    expect(publishedIn(feed(bench, { type: 'ability', ...able }))).toMatchObject([{ body: able }])
  })

  it('is not announced by a node that does not sign', () => {
    const bench = createBench(createScene({ members: 4 }))
    bench.machine.guard.mode = 'observing'
    expect(publishedIn(feed(bench, { type: 'ability', ...unable }))).toEqual([])
  })

  it('does not keep its agent from being asked: it may decline, and a pass is heard', () => {
    const scene = createScene({ members: 4 })
    openRound(scene)
    const bench = createBench(scene)
    feed(bench, { type: 'ability', canAnswer: false, canJudge: false })
    bench.machine.rounds.clear()
    expect(feed(bench, { type: 'start' })).toContainEqual(expect.objectContaining({ type: 'ask-agent', job: 'answer' }))
  })

  it('decides who is waited for: a phase ends as soon as only those who cannot speak are missing', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const bench = createBench(scene)
    for (const member of [1, 2, 3]) deliver(bench, presence(scene, member, 1, able))
    for (const member of [0, 1, 2]) deliver(bench, commit(scene, member, round, 'answer-reveal', answerWith(`${member}`)))
    expect(bench.machine.rounds.get(round)?.observed.has('answer-commit')).toBe(false)
    deliver(bench, presence(scene, 3, 2, able))
    expect(bench.machine.rounds.get(round)?.observed.has('answer-commit')).toBe(false)
    const observations = publishedIn(deliver(bench, presence(scene, 3, 3, unable))).filter(({ kind }) => kind === 'observation')
    expect(observations).toMatchObject([{ body: { round, phase: 'answer-commit' } }])
  })
})
