import { describe, expect, it } from 'vitest'
import type { BallotContent } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import {
  answerWith, apply, close, codeOf, commit, createScene, finish, idOf, openRound, play, reveal, roundOf, say, type Scene,
} from '../test/scene.ts'

const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }] }
const FULL_FAILURE = { success: 0, failure: 1_000_000 }

/** A round of four that is about to close; the members named committed and did not reveal. */
function withholding(init: { answers?: number[]; ballots?: number[] }): { scene: Scene; round: string } {
  const scene = createScene({ members: 4, parameters: { pairing: 'open' } })
  const round = openRound(scene)
  const everybody = [0, 1, 2, 3]
  const others = (withheld: number[] = []): number[] => everybody.filter((member) => !withheld.includes(member))
  close(scene, round, everybody.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  close(scene, round, others(init.answers).map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  close(scene, round, everybody.map((member) => commit(scene, member, round, 'ballot-reveal', BALLOT)))
  close(scene, round, others(init.ballots).map((member) => reveal(scene, member, round, 'ballot-reveal', BALLOT)))
  return { scene, round }
}

const late = (round: string, message: Message) => ({ type: 'late', round, envelope: message.bytes }) as const

describe('a withheld reveal', () => {
  it('is recorded under what was withheld', () => {
    const { scene, round } = withholding({ answers: [1, 2], ballots: [2] })
    expect(roundOf(scene, round).withheld).toEqual({ 'answer-reveal': [idOf(scene, 1), idOf(scene, 2)], 'ballot-reveal': [idOf(scene, 2)] })
  })

  it('is a full failure in its role, and a penalty', () => {
    const { scene, round } = withholding({ answers: [1], ballots: [2] })
    const { changes } = finish(scene, round)
    const of = (member: number) => changes.find((change) => change.member === idOf(scene, member))
    expect(of(1)).toMatchObject({ penalty: 'withheld-reveal', answering: FULL_FAILURE })
    expect(of(2)).toMatchObject({ penalty: 'withheld-reveal', judging: FULL_FAILURE })
    expect(of(2)?.answering).not.toMatchObject(FULL_FAILURE)
    expect([0, 1, 2, 3].map((member) => scene.state.members[idOf(scene, member)]?.penalties['withheld-reveal'])).toEqual([0, 1, 1, 0])
  })

  it('costs more than to say nothing, and more than to pass', () => {
    const scene = createScene({ members: 5, parameters: { pairing: 'open' } })
    const round = openRound(scene)
    const commits = [0, 1, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', member === 3 ? null : answerWith('x')))
    close(scene, round, commits)
    close(scene, round, [0, 1].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith('x'))))
    play(scene, { round, answers: [], ballots: [] })
    const { changes } = finish(scene, round)
    expect(changes.find(({ member }) => member === idOf(scene, 2))).toMatchObject({ penalty: 'withheld-reveal' })
    expect(changes.some(({ member }) => member === idOf(scene, 3) || member === idOf(scene, 4))).toBe(false)
  })
})

describe('a late reveal', () => {
  it('clears its author, and counts for nothing else', () => {
    const { scene, round } = withholding({ answers: [1] })
    const { cuts } = roundOf(scene, round)
    apply(scene, [late(round, reveal(scene, 1, round, 'answer-reveal', answerWith('1')))])
    expect(roundOf(scene, round)).toMatchObject({ withheld: { 'answer-reveal': [], 'ballot-reveal': [] }, cuts })
    const { changes, result } = finish(scene, round)
    expect(changes.every(({ penalty }) => penalty === null)).toBe(true)
    expect(result.answers.map(({ author }) => author)).toEqual([0, 2, 3])
  })

  it('of one kind does not make up for the other', () => {
    const { scene, round } = withholding({ answers: [1], ballots: [1, 2] })
    const ofAnswer = reveal(scene, 1, round, 'answer-reveal', answerWith('1'))
    const ofBallot = reveal(scene, 1, round, 'ballot-reveal', BALLOT)
    apply(scene, [late(round, ofBallot)])
    expect(roundOf(scene, round).withheld).toEqual({ 'answer-reveal': [idOf(scene, 1)], 'ballot-reveal': [idOf(scene, 2)] })
    expect(codeOf(scene, [late(round, ofBallot)])).toBe('nothing-withheld')
    apply(scene, [late(round, ofAnswer)])
    expect(roundOf(scene, round).withheld['answer-reveal']).toEqual([])
  })

  it('a ballot revealed in time does not excuse the answer that was withheld', () => {
    const { scene, round } = withholding({ answers: [1] })
    expect(codeOf(scene, [late(round, reveal(scene, 1, round, 'ballot-reveal', BALLOT))])).toBe('nothing-withheld')
  })

  it('is refused from somebody who withheld nothing, or twice', () => {
    const { scene, round } = withholding({ answers: [1] })
    const entry = late(round, reveal(scene, 1, round, 'answer-reveal', answerWith('1')))
    expect(codeOf(scene, [late(round, reveal(scene, 0, round, 'answer-reveal', answerWith('0')))])).toBe('nothing-withheld')
    expect(codeOf(scene, [entry, entry])).toBe('nothing-withheld')
  })

  it('is refused unless it opens the commit', () => {
    const { scene, round } = withholding({ answers: [1] })
    expect(codeOf(scene, [late(round, reveal(scene, 1, round, 'answer-reveal', answerWith('something better')))])).toBe('nothing-withheld')
  })

  it('is refused after the record, for another round, or in another envelope', () => {
    const { scene, round } = withholding({ answers: [1] })
    const other = openRound(scene)
    const message = reveal(scene, 1, round, 'answer-reveal', answerWith('1'))
    expect(codeOf(scene, [late(other, message)])).toBe('nothing-withheld')
    expect(codeOf(scene, [late(round, say(scene, 1, 'join', { sequence: 0 }))])).toBe('bad-envelope')
    expect(codeOf(scene, [{ ...late(round, message), envelope: new Uint8Array(2) }])).toBe('bad-envelope')
    finish(scene, round)
    expect(codeOf(scene, [late(round, message)])).toBe('unknown-round')
  })

  it('counts in the very block that closes the round, if it comes first', () => {
    const { scene, round } = withholding({ answers: [1] })
    const { result } = finish({ ...scene }, round)
    const hash = [...scene.results.keys()][0] as string
    const applied = apply(scene, [late(round, reveal(scene, 1, round, 'answer-reveal', answerWith('1'))), { type: 'result', round: result.round, hash }])
    expect(applied.ok && applied.closed[0]?.changes.every(({ penalty }) => penalty === null)).toBe(true)
  })
})

describe('a withheld truth', () => {
  const ballots = [undefined, BALLOT, BALLOT, BALLOT]

  it('costs the asker, and moves nothing of anybody', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { accepted: ['x'] })
    play(scene, { round, answers: [undefined, 'x', 'y', 'x'], ballots })
    const { changes, result } = finish(scene, round)
    expect(result).toMatchObject({ rated: false, credit: null, points: [0, 0, 0] })
    expect(changes.find(({ member }) => member === idOf(scene, 0))).toMatchObject({ penalty: 'withheld-truth', answering: null, judging: null })
    expect(changes.filter(({ answering, judging }) => answering !== null || judging !== null)).toEqual([])
    expect(scene.state.members[idOf(scene, 0)]?.penalties).toEqual({ 'withheld-reveal': 0, 'withheld-truth': 1, breach: 0 })
  })

  it('is none where the round ended before the truth could be revealed', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { accepted: ['x'] })
    play(scene, { round, answers: [] })
    expect(finish(scene, round).changes).toEqual([])
  })

  it('is none where it was revealed', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene, { accepted: ['x'] })
    play(scene, { round, answers: [undefined, 'x', 'y', 'x'], ballots, accepted: ['x'] })
    expect(finish(scene, round).changes.every(({ penalty }) => penalty === null)).toBe(true)
  })
})
