import { describe, expect, it } from 'vitest'
import type { BallotContent } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import { commitmentOf } from '../sealed.ts'
import type { MemberChange } from './close-round.ts'
import {
  answerWith, apply, attend, close, codeOf, commit, createScene, endEpoch, finish, idOf, openRound, play, reveal, roundOf, saltOf, say, truthOf, type Scene,
} from '../test/scene.ts'

const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }] }
const FULL_FAILURE = { success: 0, failure: 1_000_000 }
const EVERYBODY = [0, 1, 2, 3]
const PARAMETERS = { pairing: 'open', epochBlocks: 8, openRoundsMax: 16 } as const

/** A round of four, in epochs of eight blocks, that is about to close; the members named committed and did not reveal. */
function owing(init: { answers?: number[]; ballots?: number[] }): { scene: Scene; round: string } {
  const scene = createScene({ members: 4, weight: 1_000_000, parameters: PARAMETERS })
  const round = openRound(scene)
  const others = (silent: number[] = []): number[] => EVERYBODY.filter((member) => !silent.includes(member))
  close(scene, round, EVERYBODY.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  close(scene, round, others(init.answers).map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
  close(scene, round, EVERYBODY.map((member) => commit(scene, member, round, 'ballot-reveal', BALLOT)))
  close(scene, round, others(init.ballots).map((member) => reveal(scene, member, round, 'ballot-reveal', BALLOT)))
  return { scene, round }
}

/** The epoch ends, after so many cuts in which these members were heard; the penalties of its end. */
function passEpoch(scene: Scene, members: number[] = EVERYBODY, cuts = 16): MemberChange[] {
  if (cuts > 0) attend(scene, members, cuts)
  return endEpoch(scene)
}

const late = (message: Message) => ({ type: 'late', envelope: message.bytes }) as const
const answerOf = (scene: Scene, member: number, round: string, text = `${member}`) => late(reveal(scene, member, round, 'answer-reveal', answerWith(text)))
const ballotOf = (scene: Scene, member: number, round: string) => late(reveal(scene, member, round, 'ballot-reveal', BALLOT))
const debtsOf = ({ state }: Scene) => state.owed.map(({ member, phase }) => [member, phase])
const penaltiesOf = (scene: Scene) => EVERYBODY.map((member) => scene.state.members[idOf(scene, member)]?.penalties['withheld-reveal'])

describe('what was committed to and not shown', () => {
  it('is owed from the end of its phase on', () => {
    const { scene, round } = owing({ answers: [1, 2], ballots: [2] })
    expect(debtsOf(scene)).toEqual([[idOf(scene, 1), 'answer-reveal'], [idOf(scene, 2), 'answer-reveal'], [idOf(scene, 2), 'ballot-reveal']])
    expect(scene.state.owed[0]).toMatchObject({ round, kind: 'label', epoch: 0 })
  })

  it('is penalised at the end of an epoch, once its author was heard in sixteen cuts of later epochs than its own', () => {
    const { scene, round } = owing({ answers: [1] })
    expect(finish(scene, round).changes.every(({ penalty }) => penalty === null)).toBe(true)
    expect(endEpoch(scene)).toEqual([])
    expect(passEpoch(scene, EVERYBODY, 15)).toEqual([])
    expect([scene.state.epoch, scene.state.owed[0]?.heard, penaltiesOf(scene)]).toEqual([2, 15, [0, 0, 0, 0]])
    expect(passEpoch(scene, EVERYBODY, 1)).toMatchObject([{ member: idOf(scene, 1), height: 24, round, kind: 'label', penalty: 'withheld-reveal' }])
    expect([scene.state.owed, penaltiesOf(scene)]).toEqual([[], [0, 1, 0, 0]])
    expect(passEpoch(scene)).toEqual([])
  })

  it('is held against nobody who is away, for however long', () => {
    const { scene, round } = owing({ answers: [1] })
    finish(scene, round)
    endEpoch(scene)
    for (let epoch = 0; epoch < 5; epoch++) expect(passEpoch(scene, [0, 2, 3])).toEqual([])
    expect(debtsOf(scene)).toEqual([[idOf(scene, 1), 'answer-reveal']])
    expect(passEpoch(scene)).toMatchObject([{ member: idOf(scene, 1) }])
  })

  it('is then a full failure in its role, and an eighth of the voting weight', () => {
    const { scene, round } = owing({ answers: [1], ballots: [2] })
    finish(scene, round)
    endEpoch(scene)
    const changes = passEpoch(scene)
    expect(changes).toMatchObject([
      { member: idOf(scene, 1), answering: FULL_FAILURE, judging: null, points: 0, creditMicro: null },
      { member: idOf(scene, 2), answering: null, judging: FULL_FAILURE },
    ])
    expect(scene.state.members[idOf(scene, 1)]?.answering.label).toEqual(changes[0]?.answering?.after)
    expect(EVERYBODY.map((member) => scene.state.members[idOf(scene, member)]?.weight)).toEqual([1_000_000, 875_000, 875_000, 1_000_000])
  })

  it('costs more than to say nothing, and more than to pass', () => {
    const scene = createScene({ members: 5, weight: 1_000_000, parameters: PARAMETERS })
    const round = openRound(scene)
    close(scene, round, [0, 1, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', member === 3 ? null : answerWith('x'))))
    close(scene, round, [0, 1].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith('x'))))
    play(scene, { round, answers: [], ballots: [] })
    const { changes } = finish(scene, round)
    endEpoch(scene)
    const touched = [...changes, ...passEpoch(scene, [0, 1, 2, 3, 4])].map(({ member }) => member)
    expect(touched).toContain(idOf(scene, 2))
    for (const member of [3, 4]) {
      expect(touched).not.toContain(idOf(scene, member))
      expect(scene.state.members[idOf(scene, member)]?.weight).toBe(1_000_000)
    }
  })

  it('is owed also where all who committed withheld, so that the round ended there', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    close(scene, round, [0, 1].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x'))))
    close(scene, round, [])
    expect(roundOf(scene, round).phase).toBe('closing')
    expect(debtsOf(scene)).toEqual([[idOf(scene, 0), 'answer-reveal'], [idOf(scene, 1), 'answer-reveal']])
  })

  it('waits for who has left meanwhile, and falls due if it comes back', () => {
    const scene = createScene({ members: 4, parameters: PARAMETERS })
    const round = openRound(scene)
    close(scene, round, EVERYBODY.map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    apply(scene, [{ type: 'leave', envelope: say(scene, 1, 'leave', { sequence: 0 }).bytes }])
    close(scene, round, [0, 2, 3].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    play(scene, { round, answers: [] })
    finish(scene, round)
    endEpoch(scene)
    for (let epoch = 0; epoch < 5; epoch++) expect(passEpoch(scene, [0, 2, 3])).toEqual([])
    expect(codeOf(scene, [answerOf(scene, 1, round)])).toBe('ok')
    apply(scene, [{ type: 'join', envelope: say(scene, 1, 'join', { sequence: 0 }).bytes }])
    expect(passEpoch(scene)).toMatchObject([{ member: idOf(scene, 1), penalty: 'withheld-reveal' }])
  })
})

describe('a debtor that is removed for its absence', () => {
  it('owes nothing any more, and is not penalised on top', () => {
    const scene = createScene({ members: 5, observers: 1, weight: 1_000_000, parameters: PARAMETERS })
    const round = openRound(scene)
    close(scene, round, [0, 4].map((member) => commit(scene, member, round, 'answer-reveal', answerWith(`${member}`))))
    close(scene, round, [reveal(scene, 0, round, 'answer-reveal', answerWith('0'))])
    expect(debtsOf(scene)).toEqual([[idOf(scene, 4), 'answer-reveal']])
    for (let epoch = 0; epoch < 9; epoch++) expect(passEpoch(scene, EVERYBODY, 8)).toEqual([])
    expect(scene.state.former[idOf(scene, 4)]).toMatchObject({ cause: 'absent', member: { penalties: { 'withheld-reveal': 0 } } })
    expect(scene.state.owed).toEqual([])
  })
})

describe('what comes late', () => {
  it('pays, and counts for nothing else', () => {
    const { scene, round } = owing({ answers: [1] })
    const { rounds } = scene.state
    apply(scene, [answerOf(scene, 1, round)])
    expect(scene.state).toMatchObject({ owed: [], rounds })
    expect(finish(scene, round).result.answers.map(({ author }) => author)).toEqual([0, 2, 3])
    expect([...endEpoch(scene), ...passEpoch(scene)]).toEqual([])
  })

  it('pays also after the round has closed, until the debt is collected', () => {
    const { scene, round } = owing({ answers: [1, 2] })
    finish(scene, round)
    apply(scene, [answerOf(scene, 1, round)])
    endEpoch(scene)
    expect(codeOf(scene, [answerOf(scene, 2, round)])).toBe('ok')
    expect(passEpoch(scene).map(({ member }) => member)).toEqual([idOf(scene, 2)])
    expect(codeOf(scene, [answerOf(scene, 2, round)])).toBe('nothing-owed')
  })

  it('pays in the last block before', () => {
    const { scene, round } = owing({ answers: [1] })
    finish(scene, round)
    endEpoch(scene)
    attend(scene, EVERYBODY, 16)
    for (let block = 0; block < 4; block++) apply(scene, [])
    expect(apply(scene, [answerOf(scene, 1, round)])).toMatchObject({ ok: true, penalties: [], state: { epoch: 2, owed: [] } })
  })

  it('of one kind does not pay for the other', () => {
    const { scene, round } = owing({ answers: [1], ballots: [1, 2] })
    apply(scene, [ballotOf(scene, 1, round)])
    expect(debtsOf(scene)).toEqual([[idOf(scene, 1), 'answer-reveal'], [idOf(scene, 2), 'ballot-reveal']])
    expect(codeOf(scene, [ballotOf(scene, 1, round)])).toBe('nothing-owed')
    expect(codeOf(scene, [answerOf(scene, 1, round)])).toBe('ok')
  })

  it('is refused from somebody who owes nothing, or twice, or for another round', () => {
    const { scene, round } = owing({ answers: [1] })
    const other = openRound(scene)
    expect(codeOf(scene, [answerOf(scene, 0, round)])).toBe('nothing-owed')
    expect(codeOf(scene, [answerOf(scene, 1, round), answerOf(scene, 1, round)])).toBe('nothing-owed')
    expect(codeOf(scene, [answerOf(scene, 1, other)])).toBe('nothing-owed')
  })

  it('is refused unless it opens the commitment, in an envelope that opens', () => {
    const { scene, round } = owing({ answers: [1] })
    expect(codeOf(scene, [answerOf(scene, 1, round, 'something better')])).toBe('nothing-owed')
    expect(codeOf(scene, [late(say(scene, 1, 'join', { sequence: 0 }))])).toBe('nothing-owed')
    expect(codeOf(scene, [{ type: 'late', envelope: new Uint8Array(2) }])).toBe('bad-envelope')
  })

  it('has to be an answer: who committed to noise has nothing to pay with', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    const noise = { content: new Uint8Array(3), salt: saltOf(1) }
    const hash = commitmentOf(scene.network, round, 'answer-reveal', idOf(scene, 1), noise)
    const message = say(scene, 1, 'reveal', { round, phase: 'answer-reveal', ...noise })
    close(scene, round, [commit(scene, 0, round, 'answer-reveal', answerWith('0')), say(scene, 1, 'commit', { round, phase: 'answer-commit', hash })])
    close(scene, round, [reveal(scene, 0, round, 'answer-reveal', answerWith('0')), message])
    expect(debtsOf(scene)).toEqual([[idOf(scene, 1), 'answer-reveal']])
    expect(codeOf(scene, [late(message)])).toBe('nothing-owed')
  })
})

describe('a truth that was committed to', () => {
  /** A round with a truth by member 0, at its end. */
  function asked(accepted: string[] | undefined, answers: (string | undefined)[] = [undefined, 'x', 'y', 'x']): { scene: Scene; round: string } {
    const scene = createScene({ members: 4, parameters: { ...PARAMETERS, pairing: 'scheduled' } })
    const round = openRound(scene, { accepted: ['x'] })
    play(scene, { round, answers, ballots: [undefined, BALLOT, BALLOT, BALLOT], ...(accepted === undefined ? {} : { accepted }) })
    return { scene, round }
  }

  it('and not revealed costs the asker, and moves nothing of anybody', () => {
    const { scene, round } = asked(undefined)
    const { changes, result } = finish(scene, round)
    expect(result).toMatchObject({ rated: false, credit: null, points: [0, 0, 0] })
    expect(changes.filter(({ answering, judging }) => answering !== null || judging !== null)).toEqual([])
    endEpoch(scene)
    expect(passEpoch(scene)).toMatchObject([{ member: idOf(scene, 0), penalty: 'withheld-truth', answering: null, judging: null }])
    expect(scene.state.members[idOf(scene, 0)]?.penalties).toMatchObject({ 'withheld-reveal': 0, 'withheld-truth': 1, 'wrong-share': 0, breach: 0 })
  })

  it('is paid late by the values and the salt, and by no others', () => {
    const { scene, round } = asked(undefined)
    finish(scene, round)
    expect(codeOf(scene, [late(truthOf(scene, 0, round, ['y']))])).toBe('nothing-owed')
    expect(codeOf(scene, [late(truthOf(scene, 1, round, ['x']))])).toBe('nothing-owed')
    apply(scene, [late(truthOf(scene, 0, round, ['x']))])
    expect([...endEpoch(scene), ...passEpoch(scene)]).toEqual([])
  })

  it('is owed by nobody where it was revealed, or where the round ended before it could be', () => {
    expect(asked(['x']).scene.state.owed).toEqual([])
    expect(asked(undefined, []).scene.state.owed).toEqual([])
  })
})
