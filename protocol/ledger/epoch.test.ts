import { describe, expect, it } from 'vitest'
import { sha256 } from '../../consensus/index.ts'
import type { Block } from '../bodies.ts'
import { simulatedSigner } from '../sim/members.ts'
import { apply, attend, blockOf, breachOf, codeOf, createScene, cutEntry, endEpoch, idOf, openEntry, openRound, say, type Scene } from '../test/scene.ts'
import { applyBlock } from './apply-block.ts'
import { consentBytes } from './members.ts'
import { stateRoot } from './state.ts'

const FULL = 1_000_000

/** Founders of full weight and observers without any, in epochs of six blocks. */
function network(members: number, observers = 0, weight = FULL): Scene {
  return createScene({ members, observers, weight, parameters: { epochBlocks: 6, openRoundsMax: 16 } })
}

/** An epoch in which these members were heard in all of eight cuts, the others in none. */
function epochOf(scene: Scene, members: number[]): void {
  attend(scene, members)
  endEpoch(scene)
}

function outcome(scene: Scene, block: Block): string {
  const applied = applyBlock(scene.state, block, scene.context)
  return applied.ok ? 'ok' : applied.code
}

const weightsIn = (validators: readonly { member: string; weight: number }[]) => Object.fromEntries(validators.map(({ member, weight }) => [member, weight]))
const stateOf = (scene: Scene, member: number) => scene.state.members[idOf(scene, member)]

describe('an epoch', () => {
  it('ends with as many blocks as the network says, and starts the count again', () => {
    const scene = network(4)
    const epochs = Array.from({ length: 13 }, () => {
      apply(scene, [])
      return scene.state.epoch
    })
    expect(epochs).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2])
    expect(scene.state).toMatchObject({ epochHeight: 12, height: 13 })
  })

  it('counts cuts, joins and attendance anew', () => {
    const scene = network(4)
    attend(scene, [0, 1, 2])
    apply(scene, [{ type: 'join', envelope: say(scene, simulatedSigner(60), 'join', { sequence: 0 }).bytes }])
    expect(scene.state).toMatchObject({ epochCuts: 8, epochJoins: 1 })
    expect([0, 3].map((member) => stateOf(scene, member)?.heard)).toEqual([8, 0])
    endEpoch(scene)
    expect(scene.state).toMatchObject({ epochCuts: 0, epochJoins: 0 })
    expect(Object.values(scene.state.members).every(({ heard, penalisedNow }) => heard === 0 && !penalisedNow)).toBe(true)
  })

  it('takes blocks of its own number only, and those of the one before no more', () => {
    const scene = network(4)
    expect(outcome(scene, { ...blockOf(scene, []), epoch: 1 })).toBe('wrong-epoch')
    endEpoch(scene)
    const block = blockOf(scene, [openEntry(scene, 0, 1)])
    expect(outcome(scene, { ...block, epoch: 0 })).toBe('wrong-epoch')
    expect(outcome(scene, block)).toBe('ok')
  })
})

describe('weight earned in an epoch', () => {
  it('counts in the epoch after the next', () => {
    const scene = network(4, 1)
    const newcomer = idOf(scene, 3)
    const votes = (): (number | undefined)[] => [scene.state.validators, scene.state.nextValidators].map((validators) => weightsIn(validators)[newcomer])
    epochOf(scene, [0, 1, 2, 3])
    expect([scene.state.epoch, stateOf(scene, 3)?.weight, ...votes()]).toEqual([1, 250_000, undefined, 250_000])
    endEpoch(scene)
    expect([scene.state.epoch, ...votes()]).toEqual([2, 250_000, 250_000])
  })

  it('is listed by member id, whoever came first', () => {
    const scene = network(6, 3)
    epochOf(scene, [0, 1, 2, 3, 4, 5])
    const ids = scene.state.nextValidators.map(({ member }) => member)
    expect(ids).toEqual([...ids].sort())
    expect(ids).toHaveLength(6)
  })

  it('is none in an epoch in which hardly anything was decided', () => {
    const scene = network(4, 1)
    attend(scene, [0, 1, 2, 3], 7)
    endEpoch(scene)
    expect([stateOf(scene, 3)?.weight, stateOf(scene, 3)?.absentEpochs]).toEqual([0, 0])
  })

  it('goes to a member also if it took another key meanwhile', () => {
    const scene = network(4, 1)
    attend(scene, [0, 1, 2, 3])
    const [from, to] = [idOf(scene, 3), simulatedSigner(61)]
    const consent = to.sign(consentBytes(scene.network, from, to.member))
    apply(scene, [{ type: 'rotate', envelope: say(scene, 3, 'rotate', { sequence: 0, to: to.member, consent }).bytes }])
    endEpoch(scene)
    expect(weightsIn(scene.state.nextValidators)).toMatchObject({ [to.member]: 250_000 })
  })
})

describe('the validators of an epoch', () => {
  it('stay as they are whatever happens in it', () => {
    const scene = network(5)
    const { validators } = scene.state
    const to = simulatedSigner(62)
    const consent = to.sign(consentBytes(scene.network, idOf(scene, 2), to.member))
    apply(scene, [
      { type: 'leave', envelope: say(scene, 0, 'leave', { sequence: 0 }).bytes },
      { type: 'evidence', breach: breachOf(scene, 1) },
      { type: 'rotate', envelope: say(scene, 2, 'rotate', { sequence: 0, to: to.member, consent }).bytes },
      { type: 'join', envelope: say(scene, simulatedSigner(63), 'join', { sequence: 0 }).bytes },
    ])
    expect(scene.state.validators).toEqual(validators)
    attend(scene, [1, 2, 3, 4])
    expect(scene.state.validators).toEqual(validators)
    endEpoch(scene)
    expect(weightsIn(scene.state.validators)).toEqual({ [idOf(scene, 3)]: FULL, [idOf(scene, 4)]: FULL, [to.member]: FULL })
  })

  it('weigh the observations of its blocks, also those of phases that began before', () => {
    const scene = network(4)
    const round = openRound(scene)
    apply(scene, [{ type: 'evidence', breach: breachOf(scene, 3) }])
    const cut = cutEntry(scene, round, 'answer-commit', [], [1, 2, 3])
    expect(codeOf(scene, [cut])).toBe('ok')
    endEpoch(scene)
    expect(codeOf(scene, [cut])).toBe('no-quorum')
    expect(codeOf(scene, [cutEntry(scene, round, 'answer-commit', [], [0, 1, 2])])).toBe('ok')
  })

  it('never are none: those that are left stay, even if all are convicted', () => {
    const scene = network(1)
    const { validators } = scene.state
    apply(scene, [{ type: 'evidence', breach: breachOf(scene, 0) }])
    for (let epoch = 0; epoch < 3; epoch++) endEpoch(scene)
    expect(scene.state).toMatchObject({ validators, nextValidators: validators })
  })
})

describe('a repeat of the last block of an epoch', () => {
  const repeatIn = ({ state, network }: Scene): Block => ({ epoch: state.epoch - 1, view: 99, height: state.height, parent: network, entries: [], stateRoot: stateRoot(state) })

  function ended(): Scene {
    const scene = network(4)
    endEpoch(scene)
    return scene
  }

  it('leaves the state as it is', () => {
    const scene = ended()
    const applied = applyBlock(scene.state, repeatIn(scene), scene.context)
    expect(applied).toMatchObject({ ok: true, closed: [], penalties: [] })
    expect(applied.ok && applied.state).toBe(scene.state)
  })

  it('holds no entries, and names the very state', () => {
    const scene = ended()
    const repeat = repeatIn(scene)
    expect(outcome(scene, { ...repeat, entries: [openEntry(scene, 0, 1)] })).toBe('not-empty')
    expect(outcome(scene, { ...repeat, stateRoot: sha256('another') })).toBe('wrong-state-root')
    expect(outcome(scene, { ...repeat, height: repeat.height + 1 })).toBe('wrong-epoch')
  })

  it('is none once the next epoch has a block', () => {
    const scene = ended()
    apply(scene, [])
    expect(outcome(scene, repeatIn(scene))).toBe('wrong-epoch')
  })
})

describe('a member without weight that is absent', () => {
  const present = [0, 1, 2, 3]
  const absences = (scene: Scene, epochs: number): void => {
    for (let epoch = 0; epoch < epochs; epoch++) epochOf(scene, present)
  }

  it('is removed after eight epochs in a row', () => {
    const scene = network(5, 1)
    absences(scene, 7)
    expect(stateOf(scene, 4)?.absentEpochs).toBe(7)
    absences(scene, 1)
    expect(stateOf(scene, 4)).toBeUndefined()
    expect(scene.state.former[idOf(scene, 4)]).toMatchObject({ cause: 'absent', movedTo: null, sinceEpoch: 8 })
  })

  it('starts anew once it was heard, if only in a quiet epoch; an epoch without cuts says nothing', () => {
    const scene = network(5, 1)
    absences(scene, 7)
    endEpoch(scene)
    expect(stateOf(scene, 4)?.absentEpochs).toBe(7)
    attend(scene, [...present, 4], 1)
    endEpoch(scene)
    expect(stateOf(scene, 4)?.absentEpochs).toBe(0)
  })

  it('stays while it has a round open', () => {
    const scene = network(5, 1)
    openRound(scene, { asker: 4 })
    absences(scene, 10)
    expect(stateOf(scene, 4)?.absentEpochs).toBe(10)
  })

  it('stays while it is a validator', () => {
    const scene = network(5, 0, 2 * FULL)
    absences(scene, 8)
    expect(stateOf(scene, 4)).toMatchObject({ weight: 0, absentEpochs: 8 })
    expect(weightsIn(scene.state.validators)[idOf(scene, 4)]).toBeGreaterThan(0)
    absences(scene, 1)
    expect(stateOf(scene, 4)).toBeUndefined()
  })
})

describe('the state after an epoch', () => {
  it('has one encoding, whatever happened', () => {
    const scene = network(6, 1)
    apply(scene, [{ type: 'leave', envelope: say(scene, 1, 'leave', { sequence: 0 }).bytes }, { type: 'evidence', breach: breachOf(scene, 2) }])
    epochOf(scene, [0, 2, 3, 4, 5])
    expect(stateRoot(structuredClone(scene.state))).toBe(stateRoot(scene.state))
  })
})
