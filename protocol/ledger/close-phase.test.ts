import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import type { BallotContent, Entry } from '../bodies.ts'
import { simulatedSigner } from '../sim/members.ts'
import {
  answerWith, apply, close, codeOf, commit, createScene, cutEntry, finish, idOf, listOf, observe, openRound, play, reveal, roundOf, say, truthOf, type Scene,
} from '../test/scene.ts'
import { applyEntries } from './apply-block.ts'
import { cutOf } from './items.ts'

const LEFT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }] }

function authorsIn(scene: Scene, round: string, phase: Parameters<typeof cutOf>[1]): number[] {
  return cutOf(roundOf(scene, round), phase).map(([author]) => scene.members.findIndex(({ member }) => member === author))
}

describe('a cut is refused', () => {
  const scene = createScene({ members: 4 })
  const round = openRound(scene)
  const commits = [0, 1].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x')))

  it('for a round that is not open', () => {
    expect(codeOf(scene, [cutEntry(scene, sha256('nowhere'), 'answer-commit', commits)])).toBe('unknown-round')
  })

  it('for any phase but the one the round is in', () => {
    for (const phase of ['answer-reveal', 'ballot-commit', 'ballot-reveal', 'evaluate', 'credit'] as const) {
      expect(codeOf(scene, [cutEntry(scene, round, phase, [])])).toBe('wrong-phase')
    }
  })

  it('twice in one block', () => {
    expect(codeOf(scene, [cutEntry(scene, round, 'answer-commit', commits), cutEntry(scene, round, 'answer-commit', commits)])).toBe('wrong-phase')
  })

  it('without observations that weigh a quorum, each validator once', () => {
    for (const by of [[], [0, 1], [0, 0, 1], [0, 1, 2, 2]]) expect(codeOf(scene, [cutEntry(scene, round, 'answer-commit', commits, by)])).toBe('no-quorum')
    expect(codeOf(scene, [cutEntry(scene, round, 'answer-commit', commits, [0, 1, 2])])).toBe('ok')
  })

  it('where members without weight stand in for validators', () => {
    const mixed = createScene({ members: 6, observers: 2 })
    const id = openRound(mixed)
    expect(codeOf(mixed, [cutEntry(mixed, id, 'answer-commit', [], [0, 1, 4, 5])])).toBe('no-quorum')
    expect(codeOf(mixed, [cutEntry(mixed, id, 'answer-commit', [], [0, 1, 2, 4])])).toBe('ok')
  })

  it('with an observation of another round or phase, or one that does not open', () => {
    const good = cutEntry(scene, round, 'answer-commit', commits)
    const bad = [
      observe(scene, 3, sha256('elsewhere'), 'answer-commit', []).bytes,
      observe(scene, 3, round, 'credit', []).bytes,
      say(scene, 3, 'join', { sequence: 0 }).bytes,
      new Uint8Array(5),
    ]
    for (const bytes of bad) expect(codeOf(scene, [{ ...good, observations: [...good.observations.slice(0, 3), bytes] }])).toBe('bad-observation')
  })

  it('naming all items that this node lacks, and only those', () => {
    const poorer = { ...scene, context: { ...scene.context, item: (id: string) => (commits.some((each) => each.id === id) ? undefined : scene.items.get(id)) } }
    const applied = applyEntries(poorer.state, [cutEntry(scene, round, 'answer-commit', commits)], poorer.context)
    expect(applied).toEqual({ ok: false, code: 'missing-items', missing: listOf(commits).map(([, id]) => id) })
  })
})

describe('a cut takes', () => {
  it('what more than a third of the weight has seen, whoever proposes', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const [seen, rare] = [0, 1].map((member) => listOf([commit(scene, member, round, 'answer-reveal', answerWith('x'))])[0] as [string, string])
    const observations = [[seen, rare], [seen], []].map((items, member) => observe(scene, member, round, 'answer-commit', items as [string, string][]).bytes)
    apply(scene, [{ type: 'cut', round, phase: 'answer-commit', observations }])
    expect(authorsIn(scene, round, 'answer-commit')).toEqual([0])
  })

  it('no item that does not fit: of a stranger, under another name, of another round or phase', () => {
    const scene = createScene({ members: 4 })
    const [round, other] = [openRound(scene), openRound(scene, { asker: 1 })]
    const good = commit(scene, 0, round, 'answer-reveal', answerWith('x'))
    const stranger = say(scene, simulatedSigner(99), 'commit', { round, phase: 'answer-commit', hash: sha256('x') })
    const elsewhere = commit(scene, 2, other, 'answer-reveal', answerWith('x'))
    const ballot = commit(scene, 3, round, 'ballot-reveal', LEFT)
    const items = [...listOf([good, stranger, elsewhere, ballot]), [idOf(scene, 1), good.id] as [string, string]]
    const observations = [0, 1, 2].map((member) => observe(scene, member, round, 'answer-commit', items).bytes)
    expect(apply(scene, [{ type: 'cut', round, phase: 'answer-commit', observations }]).ok).toBe(true)
    expect(authorsIn(scene, round, 'answer-commit')).toEqual([0])
  })

  it('no reveal that does not open the commit of its author, has none, or holds no answer', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const commits = [0, 1, 2].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`x${member}`)))
    const copied = say(scene, 3, 'commit', { ...(commits[0] as (typeof commits)[number]).body })
    close(scene, round, [...commits, copied])
    const reveals = [
      reveal(scene, 0, round, 'answer-reveal', answerWith('x0')),
      reveal(scene, 1, round, 'answer-reveal', answerWith('changed my mind')),
      reveal(scene, 3, round, 'answer-reveal', answerWith('x0')),
    ]
    close(scene, round, reveals)
    expect(authorsIn(scene, round, 'answer-reveal')).toEqual([0])
  })

  it('in a round with a truth, nothing of the asker but the truth itself', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { asker: 0, accepted: ['x'] })
    play(scene, { round, answers: ['x', 'y', 'z', 'x'], ballots: [LEFT, LEFT, LEFT, LEFT], accepted: ['x'] })
    expect(authorsIn(scene, round, 'answer-commit')).toEqual([1, 2, 3])
    expect(authorsIn(scene, round, 'ballot-commit')).toEqual([1, 2, 3])
    expect(authorsIn(scene, round, 'evaluate')).toEqual([0])
  })

  it('no truth but the one committed to, from the asker', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { asker: 0, accepted: ['x'] })
    play(scene, { round, answers: [undefined, 'x', 'y', 'z'] })
    expect(roundOf(scene, round).phase).toBe('closing')
    const second = openRound(scene, { asker: 0, accepted: ['x'] })
    const before = (phase: string): boolean => roundOf(scene, second).phase === phase
    close(scene, second, [1, 2, 3].map((member) => commit(scene, member, second, 'answer-reveal', answerWith(`${member}`))))
    close(scene, second, [1, 2, 3].map((member) => reveal(scene, member, second, 'answer-reveal', answerWith(`${member}`))))
    close(scene, second, [])
    expect(before('evaluate')).toBe(true)
    close(scene, second, [truthOf(scene, 0, second, ['y']), truthOf(scene, 1, second, ['x'])])
    expect(authorsIn(scene, second, 'evaluate')).toEqual([])
  })
})

describe('the phases of a round', () => {
  /** Every phase that a round is in while it is played. */
  function phasesOf(init: { members?: number; accepted?: string[]; exactPlayersMax?: number; answers: (string | null | undefined)[]; ballots: BallotContent[] }): string[] {
    const { answers, ballots, accepted } = init
    const scene = createScene({ members: init.members ?? 4, parameters: { exactPlayersMax: init.exactPlayersMax ?? 8, creditPairs: 2 } })
    const round = openRound(scene, accepted === undefined ? {} : { accepted })
    play(scene, { round, answers, ballots, ...(accepted === undefined ? {} : { accepted }) })
    const last = roundOf(scene, round).phase
    return last === 'closing' ? scene.closed : [...scene.closed, last]
  }

  const all = ['a', 'b', 'c', 'd']
  const ballots = [LEFT, LEFT, LEFT, LEFT]

  it('come in order, the credit phase only where coalitions are too many to enumerate', () => {
    expect(phasesOf({ answers: all, ballots })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal'])
    expect(phasesOf({ answers: all, ballots, exactPlayersMax: 3 })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal', 'credit-commit'])
  })

  it('include evaluation where a truth is committed', () => {
    expect(phasesOf({ answers: all, ballots, accepted: ['a'] })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit', 'ballot-reveal', 'evaluate'])
    expect(phasesOf({ answers: all, ballots, accepted: ['a'], exactPlayersMax: 2 }).slice(-2)).toEqual(['evaluate', 'credit-commit'])
  })

  it('end at once where nobody commits or everybody passes', () => {
    expect(phasesOf({ answers: [], ballots: [] })).toEqual(['answer-commit'])
    expect(phasesOf({ answers: [null, null, null, null], ballots: [] })).toEqual(['answer-commit'])
  })

  it('skip the ballots where there are fewer than two answers', () => {
    expect(phasesOf({ answers: ['a', null], ballots })).toEqual(['answer-commit', 'answer-reveal'])
  })

  it('skip the ballot reveal where nobody judges', () => {
    expect(phasesOf({ answers: all, ballots: [] })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit'])
    expect(phasesOf({ answers: all, ballots: [], accepted: ['a'] })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit', 'evaluate'])
  })

  it('skip the shares where fewer than three players could be rated', () => {
    expect(phasesOf({ members: 2, answers: ['a', 'b'], ballots: [], exactPlayersMax: 1 })).toEqual(['answer-commit', 'answer-reveal', 'ballot-commit'])
  })
})

describe('a pass', () => {
  it('is heard, so its author is not missed, and is not kept, so there is nothing to withhold', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', null, undefined] })
    expect(authorsIn(scene, round, 'answer-commit')).toEqual([0, 1])
    expect(scene.state.members[idOf(scene, 2)]?.missed).toBe(0)
    expect(scene.state.members[idOf(scene, 3)]?.missed).toBe(1)
    expect(scene.state.owed).toEqual([])
  })
})

describe('the bench', () => {
  const miss = (scene: Scene, absent: number): void => {
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'c', 'd'].map((value, member) => (member === absent ? undefined : value)) })
    finish(scene, round)
  }

  it('takes a member that missed two answer phases in a row for twenty closed rounds', () => {
    const scene = createScene({ members: 4 })
    miss(scene, 3)
    expect(scene.state.members[idOf(scene, 3)]).toMatchObject({ missed: 1, benchedUntil: 0 })
    miss(scene, 3)
    expect(scene.state.members[idOf(scene, 3)]).toMatchObject({ missed: 0, benchedUntil: 21 })
  })

  it('takes a judge that missed two ballot phases in a row, and goes on waiting for its answers', () => {
    const scene = createScene({ members: 4 })
    const everybody = [0, 1, 2, 3]
    for (const missedBallots of [1, 0]) {
      const round = openRound(scene)
      close(scene, round, everybody.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
      close(scene, round, everybody.map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
      close(scene, round, [0, 1, 2].map((member) => commit(scene, member, round, 'ballot-reveal', { comparisons: [] })))
      expect(scene.state.members[idOf(scene, 3)]).toMatchObject({ missedBallots, judgeBenchedUntil: missedBallots === 1 ? 0 : 20, missed: 0, benchedUntil: 0 })
    }
  })

  it('lets nobody sit who missed two phases with one heard in between', () => {
    const scene = createScene({ members: 4 })
    for (const absent of [3, 2, 3, 2]) miss(scene, absent)
    expect([2, 3].map((member) => scene.state.members[idOf(scene, member)]?.benchedUntil)).toEqual([0, 0])
  })

  it('is left at once by being heard, a pass included', () => {
    const scene = createScene({ members: 4 })
    miss(scene, 3)
    miss(scene, 3)
    play(scene, { round: openRound(scene), answers: ['a', 'b', 'c', null] })
    expect(scene.state.members[idOf(scene, 3)]).toMatchObject({ missed: 0, benchedUntil: 0 })
  })

  it('does not wait for the asker of a round with a truth, who may not answer', () => {
    const scene = createScene({ members: 4 })
    for (let time = 0; time < 3; time++) play(scene, { round: openRound(scene, { accepted: ['x'] }), answers: [undefined, 'a', 'b', 'c'] })
    expect(scene.state.members[idOf(scene, 0)]).toMatchObject({ missed: 0, benchedUntil: 0 })
  })
})

describe('any order', () => {
  it('of observations, and of the items inside them, gives the same state', () => {
    const roots = [0, 1, 2, 3].map((turn) => {
      const scene = createScene({ members: 4 })
      const round = openRound(scene)
      const commits = [0, 1, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`)))
      const listed = listOf(commits)
      const turned = [...listed.slice(turn), ...listed.slice(0, turn)]
      const observers = [0, 1, 2, 3].map((member) => (member + turn) % 4)
      const observations = observers.map((member) => observe(scene, member, round, 'answer-commit', turned).bytes)
      apply(scene, [{ type: 'cut', round, phase: 'answer-commit', observations } satisfies Entry])
      return JSON.stringify(scene.state)
    })
    expect(new Set(roots).size).toBe(1)
  })
})
