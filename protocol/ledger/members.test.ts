import { describe, expect, it } from 'vitest'
import type { Entry } from '../bodies.ts'
import type { Signer } from '../envelope.ts'
import { simulatedSigner } from '../sim/members.ts'
import { answerWith, apply, attend, breachOf, close, codeOf, commit, createScene, endEpoch, finish, idOf, openEntry, openRound, play, reveal, roundOf, say, type Scene } from '../test/scene.ts'
import { consentBytes, findMember, holderOf } from './members.ts'
import { emptyMember } from './state.ts'

const [STRANGER, OTHER] = [simulatedSigner(99), simulatedSigner(98)]
const EPOCHS = { epochBlocks: 6 }

type Who = number | Signer
type MembershipEntry = Extract<Entry, { type: 'join' | 'leave' | 'rotate' }>
const signerOf = (scene: Scene, who: Who): Signer => (typeof who === 'number' ? (scene.members[who] as Signer) : who)
const joinOf = (scene: Scene, who: Who): MembershipEntry => ({ type: 'join', envelope: say(scene, who, 'join', { sequence: 0 }).bytes })
const leaveOf = (scene: Scene, who: Who): MembershipEntry => ({ type: 'leave', envelope: say(scene, who, 'leave', { sequence: 0 }).bytes })

/** Hands a membership over; the consent is that of the new key unless somebody else signs it. */
function rotateOf(scene: Scene, who: Who, to: Signer, by: Pick<Signer, 'sign'> = to): MembershipEntry {
  const consent = by.sign(consentBytes(scene.network, signerOf(scene, who).member, to.member))
  return { type: 'rotate', envelope: say(scene, who, 'rotate', { sequence: 0, to: to.member, consent }).bytes }
}

describe('a join', () => {
  it('admits a stranger without voting weight, points or history', () => {
    const scene = createScene({ members: 4 })
    apply(scene, [joinOf(scene, STRANGER)])
    expect(scene.state.members[STRANGER.member]).toEqual(emptyMember(1))
    expect(emptyMember(1)).toMatchObject({ answering: {}, judging: {}, points: 0, weight: 0, convicted: null })
    expect(scene.state.validators.map(({ member }) => member)).not.toContain(STRANGER.member)
  })

  it('is refused from a member', () => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [joinOf(scene, 0)])).toBe('already-a-member')
    expect(codeOf(scene, [joinOf(scene, STRANGER), joinOf(scene, STRANGER)])).toBe('already-a-member')
  })

  it('is refused where only founders are admitted, or where the network is full', () => {
    const closed = createScene({ members: 4, parameters: { admission: 'founders' } })
    expect(codeOf(closed, [joinOf(closed, STRANGER)])).toBe('admission-closed')
    const full = createScene({ members: 4, parameters: { membersMax: 5 } })
    expect(codeOf(full, [joinOf(full, STRANGER), joinOf(full, OTHER)])).toBe('admission-closed')
    expect(codeOf(full, [joinOf(full, STRANGER)])).toBe('ok')
  })

  it('is refused beyond the joins of an epoch, and admitted in the next', () => {
    const scene = createScene({ members: 4, parameters: { ...EPOCHS, joinsPerEpochMax: 1 } })
    apply(scene, [joinOf(scene, STRANGER)])
    expect(codeOf(scene, [joinOf(scene, OTHER)])).toBe('admission-closed')
    endEpoch(scene)
    expect(codeOf(scene, [joinOf(scene, OTHER)])).toBe('ok')
  })

  it('lets the newcomer ask and take part from the same block on', () => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [joinOf(scene, STRANGER), openEntry(scene, STRANGER, 1)])).toBe('ok')
    expect(codeOf(scene, [openEntry(scene, STRANGER, 1), joinOf(scene, STRANGER)])).toBe('not-a-member')
  })

  it('gives who comes back all it had, except voting weight and attendance', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: { pairing: 'open' } })
    const round = openRound(scene, { asker: 3 })
    play(scene, { round, answers: ['a', 'a', 'b', 'a'], ballots: Array.from({ length: 4 }, () => ({ comparisons: [{ left: 0, right: 2, verdict: 'left' as const }] })) })
    finish(scene, round)
    const before = scene.state.members[idOf(scene, 0)]
    expect(before?.points).toBeGreaterThan(0)
    apply(scene, [leaveOf(scene, 0), joinOf(scene, 0)])
    expect(scene.state.members[idOf(scene, 0)]).toEqual({ ...before, weight: 0, heard: 0 })
    expect(scene.state.former).toEqual({})
  })
})

describe('a leave', () => {
  it('ends a membership; what the member had stays with it', () => {
    const scene = createScene({ members: 4 })
    const before = scene.state.members[idOf(scene, 1)]
    apply(scene, [leaveOf(scene, 1)])
    expect(scene.state.members[idOf(scene, 1)]).toBeUndefined()
    expect(scene.state.former[idOf(scene, 1)]).toEqual({ member: { ...before, weight: 0 }, cause: 'left', movedTo: null, sinceHeight: 1, sinceEpoch: 0 })
    expect(scene.state.nextValidators.map(({ member }) => member)).not.toContain(idOf(scene, 1))
  })

  it('is refused from strangers and former members, and while the member has a round open or owes something', () => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [leaveOf(scene, STRANGER)])).toBe('not-a-member')
    expect(codeOf(scene, [leaveOf(scene, 1), leaveOf(scene, 1)])).toBe('not-a-member')
    const round = openRound(scene, { asker: 2 })
    expect(codeOf(scene, [leaveOf(scene, 2)])).toBe('rounds-open')
    close(scene, round, [0, 3].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x'))))
    close(scene, round, [reveal(scene, 0, round, 'answer-reveal', answerWith('x'))])
    for (const entry of [leaveOf(scene, 3), rotateOf(scene, 3, STRANGER)]) expect(codeOf(scene, [entry])).toBe('rounds-open')
    expect(codeOf(scene, [leaveOf(scene, 1)])).toBe('ok')
  })

  it('is refused from the last validator, of this epoch or of the next', () => {
    const scene = createScene({ members: 3, observers: 1, parameters: EPOCHS })
    expect(codeOf(scene, [leaveOf(scene, 0), leaveOf(scene, 1)])).toBe('last-validator')
    apply(scene, [leaveOf(scene, 0)])
    expect(codeOf(scene, [leaveOf(scene, 1)])).toBe('last-validator')
    endEpoch(scene)
    expect(codeOf(scene, [leaveOf(scene, 1)])).toBe('last-validator')
    expect(codeOf(scene, [leaveOf(scene, 2)])).toBe('ok')
  })

  it('leaves the author its word in rounds that were open before, and in no later ones', () => {
    const scene = createScene({ members: 4 })
    const before = openRound(scene)
    close(scene, before, [0, 1, 2].map((member) => commit(scene, member, before, 'answer-reveal', answerWith('x'))))
    apply(scene, [leaveOf(scene, 1)])
    const after = openRound(scene)
    close(scene, before, [0, 1, 2].map((member) => reveal(scene, member, before, 'answer-reveal', answerWith('x'))))
    close(scene, after, [0, 1, 2].map((member) => commit(scene, member, after, 'answer-reveal', answerWith('x'))))
    const authors = (round: string, phase: 'answer-commit' | 'answer-reveal') => roundOf(scene, round).cuts[phase]?.map(([author]) => author)
    expect(authors(before, 'answer-reveal')).toContain(idOf(scene, 1))
    expect(authors(after, 'answer-commit')).toEqual([idOf(scene, 0), idOf(scene, 2)])
  })

  it('does not take away what a round that was open still brings', () => {
    const scene = createScene({ members: 4, parameters: { pairing: 'open' } })
    const round = openRound(scene, { asker: 3 })
    play(scene, { round, answers: ['a', 'a', 'b', 'a'], ballots: Array.from({ length: 4 }, () => ({ comparisons: [{ left: 0, right: 2, verdict: 'left' as const }] })) })
    apply(scene, [leaveOf(scene, 0)])
    const { changes } = finish(scene, round)
    expect(changes.find(({ member }) => member === idOf(scene, 0))?.points).toBeGreaterThan(0)
    expect(findMember(scene.state, idOf(scene, 0))?.points).toBe(changes.find(({ member }) => member === idOf(scene, 0))?.pointsAfter)
  })
})

describe('going over to another key', () => {
  it('takes along all that a member has', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: EPOCHS })
    apply(scene, [{ type: 'evidence', breach: breachOf(scene, 0) }])
    const before = scene.state.members[idOf(scene, 0)]
    apply(scene, [rotateOf(scene, 0, STRANGER)])
    expect(scene.state.members[STRANGER.member]).toEqual(before)
    expect(before).toMatchObject({ convicted: 'proposal/0/1', penalties: { breach: 1 } })
    expect(scene.state.members[idOf(scene, 0)]).toBeUndefined()
    expect(scene.state.former[idOf(scene, 0)]).toMatchObject({ cause: 'rotated', movedTo: STRANGER.member })
  })

  it('keeps the voting weight, from the next epoch on under the new key', () => {
    const scene = createScene({ members: 4, weight: 1_000_000, parameters: EPOCHS })
    apply(scene, [rotateOf(scene, 0, STRANGER)])
    const voters = () => scene.state.validators.map(({ member }) => member)
    expect(voters()).toContain(idOf(scene, 0))
    endEpoch(scene)
    expect(voters()).toEqual([STRANGER.member, ...[1, 2, 3].map((member) => idOf(scene, member))].sort())
    endEpoch(scene)
    expect(scene.state.validators.reduce((sum, { weight }) => sum + weight, 0)).toBe(4_000_000)
  })

  it('needs the consent of the new key, for this member and this network', () => {
    const scene = createScene({ members: 4 })
    const elsewhere: Pick<Signer, 'sign'> = { sign: () => STRANGER.sign(consentBytes('another network', idOf(scene, 0), STRANGER.member)) }
    const forAnother: Pick<Signer, 'sign'> = { sign: () => STRANGER.sign(consentBytes(scene.network, idOf(scene, 1), STRANGER.member)) }
    for (const by of [OTHER, signerOf(scene, 0), elsewhere, forAnother]) expect(codeOf(scene, [rotateOf(scene, 0, STRANGER, by)])).toBe('bad-consent')
    expect(codeOf(scene, [rotateOf(scene, 0, STRANGER)])).toBe('ok')
  })

  it('is refused to whoever is or was a member, from strangers, and while a round of the member is open', () => {
    const scene = createScene({ members: 4 })
    for (const to of [0, 1]) expect(codeOf(scene, [rotateOf(scene, 0, signerOf(scene, to))])).toBe('already-a-member')
    expect(codeOf(scene, [leaveOf(scene, 1), rotateOf(scene, 0, signerOf(scene, 1))])).toBe('already-a-member')
    expect(codeOf(scene, [rotateOf(scene, STRANGER, OTHER)])).toBe('not-a-member')
    expect(codeOf(scene, [rotateOf(scene, 0, STRANGER), rotateOf(scene, 0, OTHER)])).toBe('not-a-member')
    openRound(scene, { asker: 0 })
    expect(codeOf(scene, [rotateOf(scene, 0, STRANGER)])).toBe('rounds-open')
  })

  it('can be done again, and every key of the past leads to the present one', () => {
    const scene = createScene({ members: 4 })
    apply(scene, [rotateOf(scene, 0, STRANGER), rotateOf(scene, STRANGER, OTHER)])
    for (const id of [idOf(scene, 0), STRANGER.member, OTHER.member]) expect(holderOf(scene.state, id)).toBe(OTHER.member)
    expect(holderOf(scene.state, idOf(scene, 1))).toBe(idOf(scene, 1))
  })

  it('ends the old key for good: it can neither join nor be taken over', () => {
    const scene = createScene({ members: 4 })
    apply(scene, [rotateOf(scene, 0, STRANGER)])
    expect(codeOf(scene, [joinOf(scene, 0)])).toBe('not-a-member')
    expect(codeOf(scene, [rotateOf(scene, 1, signerOf(scene, 0))])).toBe('already-a-member')
    expect(codeOf(scene, [openEntry(scene, 0, 1)])).toBe('not-a-member')
  })

  it('brings points, reputation and penalties of rounds under the old key to the new one', () => {
    const scene = createScene({ members: 4, parameters: { epochBlocks: 8, openRoundsMax: 16, pairing: 'open' } })
    const round = openRound(scene, { asker: 3 })
    close(scene, round, [0, 1, 2, 3].map((member) => commit(scene, member, round, 'answer-reveal', answerWith('x'))))
    apply(scene, [rotateOf(scene, 0, STRANGER), rotateOf(scene, 1, OTHER)])
    close(scene, round, [0, 2, 3].map((member) => reveal(scene, member, round, 'answer-reveal', answerWith('x'))))
    play(scene, { round, answers: [], ballots: [] })
    const { changes } = finish(scene, round)
    expect(changes.map(({ member }) => member)).toContain(STRANGER.member)
    expect(scene.state.members[STRANGER.member]?.points).toBe(changes.find(({ member }) => member === STRANGER.member)?.pointsAfter)
    scene.members[1] = OTHER
    endEpoch(scene)
    attend(scene, [2, 1, 3], 16)
    expect(endEpoch(scene)).toMatchObject([{ member: OTHER.member, penalty: 'withheld-reveal' }])
    expect(scene.state.members[OTHER.member]?.penalties['withheld-reveal']).toBe(1)
  })
})

describe('an entry about membership', () => {
  it.each(['join', 'leave', 'rotate'] as const)('%s is refused if its envelope does not open, or holds something else', (type) => {
    const scene = createScene({ members: 4 })
    expect(codeOf(scene, [{ type, envelope: new Uint8Array(3) }])).toBe('bad-envelope')
    expect(codeOf(scene, [{ type, envelope: openEntry(scene, 0, 1).envelope }])).toBe('bad-envelope')
    const others = { join: leaveOf(scene, 0), leave: rotateOf(scene, 0, STRANGER), rotate: joinOf(scene, STRANGER) }
    expect(codeOf(scene, [others[type]])).toBe('ok')
    expect(codeOf(scene, [{ ...others[type], type }])).toBe('bad-envelope')
  })
})
