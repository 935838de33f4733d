import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, freezeWeights } from '../../consensus/index.ts'
import type { BallotContent, Block, Entry } from '../bodies.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import type { Message } from '../envelope.ts'
import { answerWith, apply, blockOf, close, commit, createScene, cutEntry, finish, idOf, openEntry, openRound, play, resultEntry, reveal, roundOf, type Scene } from '../test/scene.ts'
import { applyBlock } from './apply-block.ts'
import { stateRoot, type LedgerState } from './state.ts'

const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }, { left: 1, right: 2, verdict: 'right' }] }

function applied(scene: Scene, block: Block): string {
  const result = applyBlock(scene.state, block, scene.context)
  return result.ok ? 'ok' : result.code
}

/** Freezes all of a value, so that any attempt to change it throws. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) for (const part of Object.values(Object.freeze(value))) deepFreeze(part)
  return value
}

describe('applyBlock', () => {
  it('takes the next height of the same epoch with the root of the outcome, and nothing else', () => {
    const scene = createScene({ members: 4 })
    const block = blockOf(scene, [openEntry(scene, 0, 1)])
    expect(applied(scene, block)).toBe('ok')
    expect(applied(scene, { ...block, epoch: 1 })).toBe('wrong-epoch')
    expect(applied(scene, { ...block, height: 2 })).toBe('wrong-height')
    expect(applied(scene, { ...block, height: 0 })).toBe('wrong-height')
    expect(applied(scene, { ...block, stateRoot: stateRoot(scene.state) })).toBe('wrong-state-root')
  })

  it('applies all entries or none', () => {
    const scene = createScene({ members: 4 })
    const good = openEntry(scene, 0, 1)
    expect(apply(scene, [good, openEntry(scene, 1, 0)])).toMatchObject({ ok: false, code: 'sequence-reused' })
    expect(scene.state.rounds).toEqual({})
    expect(apply(scene, [good]).ok).toBe(true)
  })

  it('counts heights also where a block has no entries', () => {
    const scene = createScene({ members: 4 })
    const before = scene.state
    apply(scene, [])
    expect(scene.state).toEqual({ ...before, height: 1 })
  })

  it('never changes the state it is given', () => {
    const scene = createScene({ members: 4, parameters: { pairing: 'open' } })
    const { context } = scene
    const frozen: LedgerState[] = []
    scene.context = { ...context, open: (bytes) => {
      frozen.push(deepFreeze(scene.state))
      return context.open(bytes)
    } }
    const round = openRound(scene, { accepted: ['a'] })
    play(scene, { round, answers: [undefined, 'a', 'b', 'c'], ballots: [undefined, BALLOT, BALLOT, BALLOT], accepted: ['a'] })
    deepFreeze(scene.state)
    finish(scene, round)
    expect(frozen.length).toBeGreaterThan(0)
  })

  it('leads to a state that has one encoding and survives being stored', () => {
    const scene = createScene({ members: 4 })
    play(scene, { round: openRound(scene), answers: ['a', 'b', null, 'd'], ballots: [BALLOT, undefined, BALLOT, null] })
    const stored = decodeCanonical(encode(scene.state)) as LedgerState
    expect(stored).toEqual(scene.state)
    expect(stateRoot(stored)).toBe(stateRoot(scene.state))
  })
})

describe('the weights of a round', () => {
  /** A round whose next cut is that of its ballots. */
  function judged(scene: Scene): { round: string; cut: Entry } {
    const round = openRound(scene)
    const everybody = [0, 1, 2, 3]
    close(scene, round, everybody.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, everybody.map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, everybody.map((member) => commit(scene, member, round, 'ballot-reveal', BALLOT)))
    return { round, cut: cutEntry(scene, round, 'ballot-reveal', everybody.map((member) => reveal(scene, member, round, 'ballot-reveal', BALLOT))) }
  }

  const weightsNow = (scene: Scene) =>
    freezeWeights(scene.members.map(({ member }) => ({
      id: member,
      answering: scene.state.members[member]?.answering.label ?? emptyPosterior(),
      judging: scene.state.members[member]?.judging.label ?? emptyJudging(),
      kin: scene.state.members[member]?.kin.label ?? [],
    })))

  /** Twelve rounds with a truth: members 1 and 2 learn to be trusted, member 3 not. */
  function learn(scene: Scene): void {
    for (let time = 0; time < 12; time++) {
      const round = openRound(scene, { accepted: ['right'] })
      const rightFirst: BallotContent = { comparisons: [{ left: 0, right: 2, verdict: 'left' }] }
      play(scene, { round, answers: [undefined, 'right', 'right', 'wrong'], ballots: [undefined, rightFirst, rightFirst, { comparisons: [{ left: 0, right: 2, verdict: 'right' }] }], accepted: ['right'] })
      finish(scene, round)
    }
  }

  it('are those of the state before the block that closes its ballots', () => {
    const scene = createScene({ members: 4, parameters: { pairing: 'open', selfBallots: true } })
    learn(scene)
    const { round, cut } = judged(scene)
    const expected = weightsNow(scene)
    expect(new Set(expected.judgeWeights).size).toBeGreaterThan(1)
    apply(scene, [cut])
    expect(roundOf(scene, round).frozen).toEqual({ players: scene.members.map(({ member }) => member), ...expected })
  })

  it('are not moved by another round that closes in the same block, before or after the cut', () => {
    const frozen = ['before', 'after'].map((order) => {
      const scene = createScene({ members: 4, parameters: { pairing: 'open', selfBallots: true } })
      learn(scene)
      const other = openRound(scene, { accepted: ['right'] })
      play(scene, { round: other, answers: [undefined, 'right', 'wrong', 'wrong'], ballots: [undefined, BALLOT, BALLOT, BALLOT], accepted: ['right'] })
      const { round, cut } = judged(scene)
      const [expected, result] = [weightsNow(scene), resultEntry(scene, other)]
      expect(apply(scene, order === 'before' ? [result, cut] : [cut, result]).ok).toBe(true)
      expect(weightsNow(scene)).not.toEqual(expected)
      expect(roundOf(scene, round).frozen).toMatchObject({ ...expected })
      return roundOf(scene, round).frozen
    })
    expect(frozen[0]).toEqual(frozen[1])
  })

  it('stay as they are for the rest of the round', () => {
    const scene = createScene({ members: 4, parameters: { pairing: 'open', selfBallots: true } })
    const round = openRound(scene, { accepted: ['x'] })
    play(scene, { round, answers: [undefined, 'x', 'y', 'x'], ballots: [undefined, BALLOT, BALLOT, BALLOT] })
    const { frozen } = roundOf(scene, round)
    expect(frozen?.players).toEqual([1, 2, 3].map((member) => idOf(scene, member)))
    learn(scene)
    expect(roundOf(scene, round).frozen).toEqual(frozen)
  })
})

describe('any order of delivery', () => {
  const EVERYBODY = [0, 1, 2, 3]

  /** Plays one round; `turn` puts everything that has an order into another one. Returns the hash of its record. */
  function recordOf(turn: <T>(items: readonly T[]) => T[]): string {
    const scene = createScene({ members: 4, parameters: { exactPlayersMax: 8 } })
    const round = openRound(scene)
    const said = [
      () => EVERYBODY.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member % 2}`))),
      () => EVERYBODY.map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member % 2}`))),
      () => EVERYBODY.map((member) => commit(scene, member, round, 'ballot-reveal', BALLOT)),
      () => EVERYBODY.map((member) => reveal(scene, member, round, 'ballot-reveal', BALLOT)),
    ]
    for (const contribute of said as (() => Message[])[]) {
      const { phase } = roundOf(scene, round)
      if (phase === 'closing') throw new Error('the round ended early')
      const entry = cutEntry(scene, round, phase, turn(contribute()))
      apply(scene, [{ ...entry, observations: turn(entry.observations) }])
      const items = turn([...scene.items])
      scene.items.clear()
      for (const [id, item] of items) scene.items.set(id, item)
    }
    finish(scene, round)
    return scene.state.lastRecord
  }

  it('of the same agreed items gives the same record', () => {
    const expected = recordOf((items) => [...items])
    const anyTurn = fc.infiniteStream(fc.nat())
    fc.assert(fc.property(anyTurn, (stream) => {
      const turn = <T>(items: readonly T[]): T[] => {
        const rest = [...items]
        return items.map(() => rest.splice((stream.next().value as number) % rest.length, 1)[0] as T)
      }
      expect(recordOf(turn)).toBe(expected)
    }), { numRuns: 15 })
  })
})
