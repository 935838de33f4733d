import { describe, expect, it } from 'vitest'
import { emptyJudging, emptyPosterior, observeJudging, poolTrial, observe, sha256, type JudgingTrial, type Trial } from '../../consensus/index.ts'
import { roundCredit } from '../../credit/index.ts'
import type { BallotContent } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { answerWith, apply, codeOf, commit, createScene, cutEntry, finish, idOf, openRound, play, resultEntry, type Scene } from '../test/scene.ts'
import { applyEntries } from './apply-block.ts'
import { resultHash } from './close-round.ts'
import { resultSchema } from './result.ts'

const FIRST: BallotContent = { comparisons: [{ left: 0, right: 1, verdict: 'left' }, { left: 0, right: 2, verdict: 'left' }] }

/** A round with a truth that is about to close: members 1 and 3 are right, and everybody says so. */
function closing(scene: Scene): string {
  const round = openRound(scene, { accepted: ['x'] })
  play(scene, { round, answers: [undefined, 'x', 'y', 'x'], ballots: [undefined, FIRST, FIRST, FIRST], accepted: ['x'] })
  return round
}

const open = { pairing: 'open', selfBallots: true } as const

describe('a result is refused', () => {
  it('before the round has come to its end, and for a round that is not open', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    expect(codeOf(scene, [{ type: 'result', round, hash: sha256('x') }])).toBe('wrong-phase')
    expect(codeOf(scene, [{ type: 'result', round: sha256('nowhere'), hash: sha256('x') }])).toBe('unknown-round')
  })

  it('naming its hash, where this node has not computed it', () => {
    const scene = createScene({ members: 4 })
    const round = closing(scene)
    const hash = sha256('not known')
    expect(applyEntries(scene.state, [{ type: 'result', round, hash }], scene.context)).toEqual({ ok: false, code: 'missing-result', missing: [hash] })
  })

  it('where this node has computed another', () => {
    const scene = createScene({ members: 4 })
    const round = closing(scene)
    const context = { ...scene.context, result: () => 'wrong' as const }
    expect(applyEntries(scene.state, [resultEntry(scene, round)], context)).toMatchObject({ ok: false, code: 'wrong-result' })
  })

  it('twice', () => {
    const scene = createScene({ members: 4 })
    const entry = resultEntry(scene, closing(scene))
    expect(codeOf(scene, [entry, entry])).toBe('unknown-round')
  })
})

describe('a result that is on record', () => {
  it('pays its points, and no others: minted equals held', () => {
    const scene = createScene({ members: 4, parameters: open })
    for (let time = 1; time <= 3; time++) {
      const { result, changes } = finish(scene, closing(scene))
      expect(result.points.reduce((sum, points) => sum + points, 0)).toBe(1_000)
      for (const [player, member] of result.players.entries()) {
        expect(changes.find((change) => change.member === member)).toMatchObject({ points: result.points[player], pointsAfter: scene.state.members[member]?.points })
      }
      expect(scene.state.minted).toBe(1_000 * time)
      expect(Object.values(scene.state.members).reduce((sum, { points }) => sum + points, 0)).toBe(scene.state.minted)
    }
  })

  const spoke = ({ success, failure }: Trial): boolean => success + failure > 0

  it('moves reputation by its evidence, in the domain of its task', () => {
    const scene = createScene({ members: 4, parameters: open })
    const { result } = finish(scene, closing(scene))
    for (const [player, member] of result.players.entries()) {
      const answered = result.answering[player] as Trial
      const judged = result.judging[player] as JudgingTrial
      expect(scene.state.members[member]?.answering).toEqual(spoke(answered) ? { label: observe(emptyPosterior(), answered) } : {})
      expect(scene.state.members[member]?.judging).toEqual(spoke(poolTrial(judged)) ? { label: observeJudging(emptyJudging(), judged) } : {})
    }
    expect(scene.state.members[idOf(scene, 1)]?.answering.label).toMatchObject({ success: 1_000_000, failure: 0 })
    expect(scene.state.members[idOf(scene, 2)]?.answering.label).toMatchObject({ success: 0, failure: 1_000_000 })
    expect(scene.state.members[idOf(scene, 0)]).toMatchObject({ answering: {}, judging: {}, points: 0 })
  })

  it('tells what it changed: before, after, credit in micro-units', () => {
    const scene = createScene({ members: 4, parameters: open })
    finish(scene, closing(scene))
    const before = scene.state.members
    const { result, changes } = finish(scene, closing(scene))
    const credit = result.credit === null ? [] : roundCredit(result.credit)
    for (const change of changes) {
      expect(change.answering?.before ?? null).toEqual(before[change.member]?.answering.label ?? null)
      expect(change.answering?.after ?? null).toEqual(scene.state.members[change.member]?.answering.label ?? null)
      expect(change.creditMicro).toBe(credit[result.players.indexOf(change.member)])
      expect(change).toMatchObject({ kind: 'label', height: scene.state.height, round: result.round })
    }
  })

  it('takes the round out of the state and rolls the record on', () => {
    const scene = createScene({ members: 4 })
    expect(scene.state).toMatchObject({ records: 0, lastRecord: scene.network })
    const round = closing(scene)
    const { hash } = finish(scene, round)
    expect(scene.state.rounds).toEqual({})
    expect(scene.state).toMatchObject({ records: 1, lastRecord: sha256(encode(['peerage/record/1', scene.network, hash, scene.state.height])) })
  })

  it('has the schema of a result, and its hash is that of its bytes', () => {
    const scene = createScene({ members: 4, parameters: open })
    const { result, hash } = finish(scene, closing(scene))
    expect(resultSchema.parse(result)).toEqual(result)
    expect(resultHash(result)).toBe(hash)
    expect(sha256(encode(result))).toBe(hash)
  })

  it('leaves members alone who had nothing to do with it', () => {
    const scene = createScene({ members: 6, observers: 2 })
    const before = scene.state.members[idOf(scene, 5)]
    const { changes } = finish(scene, closing(scene))
    expect(changes.map(({ member }) => member)).not.toContain(idOf(scene, 5))
    expect(scene.state.members[idOf(scene, 5)]).toEqual({ ...before, missed: 1, missedBallots: 1 })
  })
})

describe('a round that nobody answered', () => {
  it('closes without players, points or evidence', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    play(scene, { round, answers: [null, null] })
    expect(finish(scene, round).result).toMatchObject({ rated: false, players: [], answers: [], winner: null, credit: null, points: [], evaluation: { source: 'none', success: false } })
  })

  it('closes also where all who committed withheld', () => {
    const scene = createScene({ members: 4 })
    const round = openRound(scene)
    apply(scene, [cutEntry(scene, round, 'answer-commit', [0, 1].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x'))))])
    apply(scene, [cutEntry(scene, round, 'answer-reveal', [])])
    expect(finish(scene, round)).toMatchObject({ result: { rated: false, players: [], credit: null }, changes: [] })
  })
})
