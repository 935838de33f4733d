import { describe, expect, it } from 'vitest'
import type { BallotContent, GradesContent } from '../bodies.ts'
import { closeRound } from '../round/close.ts'
import { close, commit, createScene, finish, idOf, openRound, play, playSealed, reveal, roundOf, say, transcriptOf, type Scene } from '../test/scene.ts'
import { checkItem } from './items.ts'

const BALLOT: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }, { left: 1, right: 2, verdict: 'left' }] }
const GRADES: GradesContent = { grades: [[900_000], [500_000, 400_000], [100_000], [0]] }
const FOUR = [GRADES, GRADES, GRADES, GRADES]

/** Four players whose answers are to be graded, ballots agreed. */
function beforeGrades(parameters: Parameters<typeof createScene>[0]['parameters'] = {}, accepted?: string[]): { scene: Scene; round: string } {
  const scene = createScene({ members: 5, parameters: { creditGrades: 2, pairing: 'open', ...parameters } })
  const round = openRound(scene, { asker: accepted === undefined ? 0 : 4, ...(accepted === undefined ? {} : { accepted }) })
  play(scene, { round, answers: ['a', 'b', 'c', 'd'], ballots: [BALLOT, BALLOT, BALLOT, BALLOT], ...(accepted === undefined ? {} : { accepted }) })
  return { scene, round }
}

describe('grades', () => {
  it('are committed to, then shown, and the round goes on as ever', () => {
    const { scene, round } = beforeGrades()
    expect(roundOf(scene, round).phase).toBe('grade-commit')
    playSealed(scene, round, 'grade', FOUR)
    expect(scene.closed.slice(-2)).toEqual(['grade-commit', 'grade'])
    expect(roundOf(scene, round).phase).toBe('closing')
    const { result } = finish(scene, round)
    expect(result).toMatchObject({ evaluation: { source: 'grades' }, credit: { grandValue: 900_000 }, grading: { graders: [0, 1, 2, 3] } })
    expect(scene.state.owed).toEqual([])
    const shared = beforeGrades({ exactPlayersMax: 3 })
    playSealed(shared.scene, shared.round, 'grade', FOUR)
    expect(roundOf(shared.scene, shared.round).phase).toBe('credit-commit')
  })

  it('are asked for after the ballots where nobody has judged, too', () => {
    const scene = createScene({ members: 4, parameters: { creditGrades: 1 } })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'c', 'd'], ballots: [] })
    expect(roundOf(scene, round).phase).toBe('grade-commit')
  })

  it('are not asked for with a truth, from fewer than three players, or where the genesis does not say so', () => {
    expect(roundOf(...spread(beforeGrades({}, ['a']))).phase).toBe('closing')
    const two = createScene({ members: 4, parameters: { creditGrades: 2 } })
    const round = openRound(two)
    play(two, { round, answers: ['a', 'b'], ballots: [] })
    expect(roundOf(two, round).phase).toBe('closing')
    const plain = createScene({ members: 4 })
    const other = openRound(plain)
    play(plain, { round: other, answers: ['a', 'b', 'c', 'd'], ballots: [BALLOT, BALLOT] })
    expect(roundOf(plain, other).phase).toBe('closing')
  })

  it('that nobody gives are not waited for, and those that too few show do not count', () => {
    const nobody = beforeGrades()
    playSealed(nobody.scene, nobody.round, 'grade', [null, undefined, null])
    expect([nobody.scene.closed.at(-1), roundOf(nobody.scene, nobody.round).phase]).toEqual(['grade-commit', 'closing'])
    const { scene, round } = beforeGrades()
    close(scene, round, [0, 1, 2].map((member) => commit(scene, member, round, 'grade', GRADES)))
    close(scene, round, [reveal(scene, 0, round, 'grade', GRADES)])
    expect(roundOf(scene, round).phase).toBe('closing')
    expect(closeRound(transcriptOf(scene, round), scene.rules)).toMatchObject({ evaluation: { source: 'consensus' }, grading: { graders: [0], outcome: null } })
    // Not to show grades is no debt.
    expect(scene.state.owed).toEqual([])
  })

  it('count only if their author is a player, committed to them, and they are grades', () => {
    const { scene, round } = beforeGrades()
    const verdictOf = (item: Parameters<typeof checkItem>[3]) => checkItem(scene.state, round, roundOf(scene, round), item, scene.context)
    expect(verdictOf(commit(scene, 4, round, 'grade', GRADES))).toBe('unfit')
    const outOfRange = { grades: [[1_000_001]] }
    close(scene, round, [commit(scene, 0, round, 'grade', GRADES), commit(scene, 1, round, 'grade', outOfRange), commit(scene, 2, round, 'grade', GRADES)])
    expect(verdictOf(reveal(scene, 0, round, 'grade', GRADES))).toBe('fits')
    expect(verdictOf(reveal(scene, 1, round, 'grade', outOfRange))).toBe('unfit')
    expect(verdictOf(reveal(scene, 2, round, 'grade', { grades: [[1]] }))).toBe('unfit')
    expect(verdictOf(reveal(scene, 3, round, 'grade', GRADES))).toBe('unfit')
    expect(verdictOf(say(scene, 0, 'reveal', { ...reveal(scene, 0, round, 'grade', GRADES).body, salt: new Uint8Array(32) }))).toBe('unfit')
    expect(idOf(scene, 0)).toBe(roundOf(scene, round).frozen?.players[0])
  })
})

function spread({ scene, round }: { scene: Scene; round: string }): [Scene, string] {
  return [scene, round]
}
