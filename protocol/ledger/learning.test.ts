import { describe, expect, it } from 'vitest'
import { isInProbation, poolTrial } from '../../consensus/index.ts'
import type { BallotContent } from '../bodies.ts'
import type { Parameters } from '../genesis.ts'
import { createScene, endEpoch, finish, idOf, openRound, play, type Scene } from '../test/scene.ts'
import type { MemberState } from './state.ts'

const OPEN: Partial<Parameters> = { pairing: 'open', selfBallots: true }
const LAST = 4

/** A round with a truth that only the last member knows; everybody else says something else, and judges the first answer best. */
function favour(scene: Scene, asker: number, accepted = 'x'): void {
  const round = openRound(scene, { asker, accepted: [accepted] })
  const members = Array.from({ length: LAST + 1 }, (_, member) => member)
  const ballot: BallotContent = { comparisons: [{ left: 0, right: LAST - 1, verdict: 'left' }] }
  const informed: BallotContent = { comparisons: [{ left: 0, right: LAST - 1, verdict: 'right' }] }
  play(scene, {
    round,
    answers: members.map((member) => (member === asker ? undefined : member === LAST ? 'x' : 'y')),
    ballots: members.map((member) => (member === asker ? undefined : member === LAST ? informed : ballot)),
    accepted: [accepted],
  })
  finish(scene, round)
}

function known(scene: Scene, member: number): { inProbation: boolean; success: number; failure: number } {
  const { answering, judging } = scene.state.members[idOf(scene, member)] as MemberState
  const [answered, judged] = [answering.label ?? { success: 0, failure: 0 }, judging.label === undefined ? { success: 0, failure: 0 } : poolTrial(judging.label)]
  return { inProbation: isInProbation(answered) && isInProbation(judged), success: answered.success, failure: answered.failure }
}

describe('a friend', () => {
  it('stays in probation as long as only one of five askers shows that it is right, and is out when two do', () => {
    const scene = createScene({ members: 5, parameters: OPEN })
    for (let time = 0; time < 30; time++) favour(scene, 0)
    expect(known(scene, LAST)).toMatchObject({ inProbation: true, failure: 0 })
    for (let time = 0; time < 30; time++) favour(scene, 1)
    expect(known(scene, LAST)).toMatchObject({ inProbation: false, failure: 0 })
  })

  it('is believed less than what others show of it, whatever one asker shows', () => {
    const scene = createScene({ members: 5, parameters: OPEN })
    for (let time = 0; time < 6; time++) for (const asker of [1, 2, 3]) favour(scene, asker, 'y')
    const before = known(scene, LAST)
    expect(before).toMatchObject({ inProbation: false, success: 0 })
    for (let time = 0; time < 40; time++) favour(scene, 0)
    const after = known(scene, LAST)
    expect(after.failure).toBe(before.failure)
    expect(after.success).toBeLessThan(after.failure + 8_000_000)
  })

  it('gains less than a trial of an asker without voting weight, where others have shown what it can', () => {
    const scene = createScene({ members: 5, observers: 2, parameters: OPEN })
    for (let time = 0; time < 6; time++) for (const asker of [0, 1, 2]) favour(scene, asker, 'y')
    for (let time = 0; time < 20; time++) favour(scene, 3)
    expect(known(scene, LAST)).toMatchObject({ inProbation: false, success: 0 })
  })

  it('gains from everybody where the genesis says that askers are trusted', () => {
    const scene = createScene({ members: 5, observers: 4, parameters: { ...OPEN, askers: 'trusted' } })
    for (let time = 0; time < 12; time++) favour(scene, 2)
    expect(known(scene, LAST)).toMatchObject({ inProbation: false, failure: 0 })
  })
})

it('what askers have shown stays theirs from one epoch to the next', () => {
  const scene = createScene({ members: 5, parameters: { ...OPEN, epochBlocks: 8 } })
  favour(scene, 0)
  endEpoch(scene)
  favour(scene, 0)
  favour(scene, 1)
  const testimonies = (scene.state.members[idOf(scene, LAST)] as MemberState).testimonies.label
  expect(testimonies?.map(({ asker, answering }) => [asker, answering.count])).toEqual([[idOf(scene, 0), 2], [idOf(scene, 1), 1]])
})
