import { describe, expect, it } from 'vitest'
import { stateRoot } from '../ledger/state.ts'
import { checkReplay } from '../sim/replay.ts'
import type { SimNode } from '../sim/world.ts'
import { commit, createScene, openRound, play, roundOf, type Scene } from '../test/scene.ts'
import type { Effect } from './events.ts'
import { localRound } from './machine-state.ts'
import { enterPhase } from './phases.ts'
import { createBench, feed, publishedIn } from './test/bench.ts'
import { finishRun, startRun, type Run } from './test/runs.ts'

const SALT = new Uint8Array(32).fill(7)

/** Three rounds, some of which commit to no truth. The agents of the silent nodes never come back with grades. */
function startGraded(silent: readonly number[], parameters = {}): Run {
  const graded = startRun({ nodes: 4, seed: 3, askers: [0, 1, 2], parameters: { creditGrades: 2, ...parameters } })
  graded.world.interfere = (node, effects) => ({
    effects: silent.includes(node.index) ? effects.filter((effect) => effect.type !== 'ask-agent' || effect.job !== 'grade') : effects,
    crash: 'no',
  })
  return graded
}

const gradingsOf = ({ closed }: Run) => closed.flatMap(({ result }) => (result.grading === undefined ? [] : [result.grading]))

describe('a round with grades', () => {
  it('closes with values from them, and all end with one state', () => {
    const four = startGraded([])
    expect(finishRun(four, 3)).toBe(true)
    const graded = four.closed.filter(({ result }) => result.evaluation.source === 'grades')
    expect(graded.length).toBeGreaterThan(0)
    expect(four.closed.filter(({ result }) => result.evaluation.source === 'truth').every(({ result }) => result.grading === undefined)).toBe(true)
    expect(new Set(four.world.nodes.map(({ machine }) => (machine === null ? '' : stateRoot(machine.ledger)))).size).toBe(1)
    expect([...four.witness.violations, ...checkReplay(four.world, four.world.nodes[0] as SimNode)]).toEqual([])
  })

  it('waits for who keeps silent until the timer of the phase, and no longer', () => {
    const three = startGraded([3])
    expect(finishRun(three, 3)).toBe(true)
    expect(gradingsOf(three).map(({ graders, outcome }) => [graders.length, outcome !== null])).toContainEqual([3, true])
    expect(three.witness.violations).toEqual([])
  })

  it('goes on by the ballots where too few have graded', () => {
    const two = startGraded([2, 3], { exactPlayersMax: 2, creditPairs: 6 })
    expect(finishRun(two, 3)).toBe(true)
    const [first] = two.closed.filter(({ result }) => result.grading !== undefined)
    expect(first?.result).toMatchObject({ evaluation: { source: 'consensus' }, credit: { method: 'regression' }, grading: { outcome: null } })
    expect(two.witness.violations).toEqual([])
  })
})

describe('a member in a round to be graded', () => {
  function beforeGrades(): { scene: Scene; round: string } {
    const scene = createScene({ members: 4, parameters: { creditGrades: 3 } })
    const round = openRound(scene)
    play(scene, { round, answers: ['a', 'b', 'a', null], ballots: [] })
    return { scene, round }
  }

  it('hands its agent each answer once, without an author, and seals what comes back', () => {
    const { scene, round } = beforeGrades()
    const bench = createBench(scene)
    // Entered anew, as after a restart.
    localRound(bench.machine, round).entered = null
    const effects: Effect[] = []
    enterPhase(bench.machine, effects, round)
    const [asked] = effects.filter(({ type }) => type === 'ask-agent')
    expect(asked).toMatchObject({ job: 'grade', draws: 3, answers: [{ text: 'I say a.', value: 'a' }, { text: 'I say b.', value: 'b' }] })
    const published = publishedIn(feed(bench, { type: 'graded', round, grades: { grades: [[1, 2, 3], [4]] }, salt: SALT }))
    expect(published.filter(({ kind }) => kind === 'commit').map(({ body }) => body)).toMatchObject([{ phase: 'grade-commit', hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string }])
    expect(bench.store.has(`secret/${round}/grade`)).toBe(true)
  })

  it('passes at once where its agent does not judge, or declines', () => {
    const { scene, round } = beforeGrades()
    const deaf = createBench(scene, 1, { canAnswer: true, canJudge: false, model: 'none' })
    expect(deaf.machine.own.get(`${round}/grade-commit`)?.body).toMatchObject({ hash: null })
    const bench = createBench(scene)
    const [pass] = publishedIn(feed(bench, { type: 'graded', round, grades: null, salt: SALT })).filter(({ kind }) => kind === 'commit')
    expect(pass?.body).toMatchObject({ phase: 'grade-commit', hash: null })
  })

  it('takes no commitment of who is no player', () => {
    const { scene, round } = beforeGrades()
    expect(roundOf(scene, round).frozen?.players).toHaveLength(3)
    const bench = createBench(scene)
    const effects = feed(bench, { type: 'message', message: commit(scene, 3, round, 'grade', { grades: [[1], [2]] }), from: 'somebody' })
    expect(effects).toContainEqual({ type: 'verdict', verdict: { verdict: 'reject', code: 'unfit-item' } })
  })
})
