import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import type { Breach } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import { isProven } from '../ledger/breach.ts'
import { simulatedSigner, verifySimulated } from '../sim/members.ts'
import { apply, breachOf, createScene, idOf, observe, openRound, say, TASK, type Scene } from '../test/scene.ts'
import { createWatch, isNear, noteSigned, type Watch } from './watch.ts'

const vote = (scene: Scene, member: number, view: number, block: string) => say(scene, member, 'vote', { kind: 'notarize', epoch: 0, view, block: sha256(block) })

/** What comes of hearing messages in this order: the breaches found. */
function hear(scene: Scene, watch: Watch, messages: readonly Message[]): Breach[] {
  const place = { ledger: scene.state, head: { view: 0 } }
  return messages.flatMap((message) => noteSigned(watch, scene.state, message, isNear(place, message)) ?? [])
}

describe('what members sign', () => {
  it('is a breach with the second body for a slot, proven by both signatures, whichever comes first', () => {
    const scene = createScene({ members: 4 })
    const both = [vote(scene, 1, 7, 'x'), vote(scene, 1, 7, 'y')]
    for (const messages of [both, [...both].reverse()]) {
      const found = hear(scene, createWatch(), messages)
      expect(found).toEqual([breachOf(scene, 1, 'vote', [both[0], both[1]].map((message) => message?.body) as never)])
      expect(isProven(found[0] as Breach, scene.network, verifySimulated)).toBe(true)
    }
  })

  it('is none where one body is said twice, or two members differ, or one says two things in two slots', () => {
    const scene = createScene({ members: 4 })
    expect(hear(scene, createWatch(), [vote(scene, 1, 7, 'x'), vote(scene, 1, 7, 'x'), vote(scene, 2, 7, 'y'), vote(scene, 1, 8, 'y')])).toEqual([])
  })

  it('is never a breach of anybody who says one thing per slot, in any order and however often', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const honest = [1, 2, 3].flatMap((member): Message[] => [
      vote(scene, member, 1, 'x'),
      vote(scene, member, 2, 'y'),
      say(scene, member, 'vote', { kind: 'nullify', epoch: 0, view: 1, block: null }),
      say(scene, member, 'vote', { kind: 'finalize', epoch: 0, view: 2, block: round }),
      observe(scene, member, round, 'answer-commit', []),
      ...[0, 1].map((sequence) => say(scene, member, 'presence', { sequence, canAnswer: true, canJudge: true, model: '', links: sequence, height: 0 })),
    ])
    fc.assert(fc.property(fc.array(fc.constantFrom(...honest), { maxLength: 40 }), (messages) => {
      expect(hear(scene, createWatch(), messages)).toEqual([])
    }))
  })

  it('is not remembered of strangers, nor what binds to nothing', () => {
    const scene = createScene({ members: 4 })
    const stranger = [0, 1].map((block) => say(scene, simulatedSigner(70), 'vote', { kind: 'notarize', epoch: 0, view: 1, block: sha256(`${block}`) }))
    const watch = createWatch()
    expect(hear(scene, watch, [...stranger, ...[0, 1].map((sequence) => say(scene, 1, 'join', { sequence }))])).toEqual([])
    expect(watch.size).toBe(0)
  })

  it('is remembered of who has left, and of no use once its author is convicted', () => {
    const scene = createScene({ members: 4 })
    const both = [vote(scene, 1, 7, 'x'), vote(scene, 1, 7, 'y')]
    apply(scene, [{ type: 'leave', envelope: say(scene, 1, 'leave', { sequence: 0 }).bytes }])
    expect(hear(scene, createWatch(), both)).toHaveLength(1)
    apply(scene, [{ type: 'evidence', breach: breachOf(scene, 1) }])
    expect(hear(scene, createWatch(), both)).toEqual([])
  })

  it('takes bounded memory, at the cost of its author alone: a flood of slots lets nobody else be forgotten', () => {
    const scene = createScene({ members: 4 })
    const watch = createWatch()
    hear(scene, watch, [vote(scene, 2, 7, 'x')])
    for (let view = 1; view <= 2_000; view++) hear(scene, watch, [vote(scene, 1, view, 'x')])
    expect([...watch].map(([member, { near, far }]) => [member, near.size + far.size])).toEqual([[idOf(scene, 2), 1], [idOf(scene, 1), 64 + 256]])
    expect(hear(scene, watch, [vote(scene, 2, 7, 'y')])).toHaveLength(1)
    expect(hear(scene, watch, [vote(scene, 1, 2_000, 'y')])).toHaveLength(1)
  })

  it('is not forgotten for words about what nobody has heard of, however many', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const said = [vote(scene, 1, 7, 'x'), observe(scene, 1, round, 'answer-commit', [])]
    const otherwise = [vote(scene, 1, 7, 'y'), observe(scene, 1, round, 'answer-commit', [[idOf(scene, 2), sha256('item')]])]
    for (const [index, message] of said.entries()) {
      const watch = createWatch()
      const junk = Array.from({ length: 600 }, (_, count) => [
        vote(scene, 1, 1_000 + count, 'x'),
        say(scene, 1, 'open', { sequence: 1_000 + count, task: TASK, truth: null }),
        observe(scene, 1, sha256(`no round ${count}`), 'answer-commit', []),
      ])
      expect(hear(scene, watch, [message, ...junk.flat(), otherwise[index] as Message])).toHaveLength(1)
    }
  })
})
