import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../bodies.ts'
import type { Signer } from '../envelope.ts'
import { simulatedSigner } from '../sim/members.ts'
import { apply, breachOf, codeOf, createScene, openEntry, say, type Scene } from '../test/scene.ts'
import { consentBytes, findMember, holderOf } from './members.ts'
import { stateRoot, type LedgerState } from './state.ts'

/** Four founders and four strangers. */
const CROWD = Array.from({ length: 8 }, (_, index) => simulatedSigner(index))
const anybody = fc.constantFrom(...CROWD)

type Deed = (scene: Scene) => Entry
const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  anybody.map((who): Deed => (scene) => ({ type: 'join', envelope: say(scene, who, 'join', { sequence: 0 }).bytes })),
  anybody.map((who): Deed => (scene) => ({ type: 'leave', envelope: say(scene, who, 'leave', { sequence: 0 }).bytes })),
  fc.tuple(anybody, anybody).map(([from, to]): Deed => (scene) => rotation(scene, from, to)),
  anybody.map((who): Deed => (scene) => ({ type: 'evidence', breach: breachOf(scene, who) })),
  anybody.map((who): Deed => (scene) => openEntry(scene, who, (scene.state.members[who.member]?.opened ?? 0) + 1)),
)

function rotation(scene: Scene, from: Signer, to: Signer): Entry {
  const consent = to.sign(consentBytes(scene.network, from.member, to.member))
  return { type: 'rotate', envelope: say(scene, from, 'rotate', { sequence: 0, to: to.member, consent }).bytes }
}

/** States after blocks of those deeds that apply, in epochs of four blocks. */
function statesOf(deeds: readonly (Deed | null)[]): LedgerState[] {
  const scene = createScene({ members: 4, weight: 1_000_000, parameters: { epochBlocks: 4, openRoundsMax: 2 } })
  return deeds.map((deed) => {
    const entries = deed === null ? [] : [deed(scene)].filter((entry) => codeOf(scene, [entry]) === 'ok')
    const applied = apply(scene, entries)
    if (!applied.ok) throw new Error(applied.code)
    return scene.state
  })
}

const anyHistory = fc.array(fc.option(anyDeed, { freq: 5 }), { maxLength: 40 })
const always = (check: (state: LedgerState) => void): void => fc.assert(fc.property(anyHistory, (deeds) => statesOf(deeds).forEach(check)), { numRuns: 60 })

describe('whoever comes, goes, changes keys and lies', () => {
  it('leaves the network with validators: listed once, by id, each with weight, for this epoch and the next', () => {
    always(({ validators, nextValidators }) => {
      for (const listed of [validators, nextValidators]) {
        const ids = listed.map(({ member }) => member)
        expect(ids.length).toBeGreaterThan(0)
        expect(ids).toEqual([...new Set(ids)].sort())
        expect(listed.every(({ weight }) => Number.isSafeInteger(weight) && weight > 0)).toBe(true)
      }
    })
  })

  it('is known once: as a member, or as a former one that leads to whoever it has become', () => {
    always((state) => {
      for (const id of Object.keys(state.members)) expect(state.former[id]).toBeUndefined()
      for (const [id, { movedTo }] of Object.entries(state.former)) {
        expect(findMember(state, id)).toBeDefined()
        expect(holderOf(state, id) === id).toBe(movedTo === null)
      }
      for (const { member } of state.nextValidators) expect(state.members[member]).toBeDefined()
      for (const { asker } of Object.values(state.rounds)) expect(state.members[asker]).toBeDefined()
    })
  })

  it('is convicted once and for good, whatever keys it takes', () => {
    fc.assert(fc.property(anyHistory, (deeds) => {
      const states = statesOf(deeds)
      for (const [index, state] of states.entries()) {
        const earlier = states[index - 1]
        for (const id of Object.keys(earlier?.members ?? {})) {
          const [before, after] = [findMember(earlier as LedgerState, id), findMember(state, id)]
          if (before !== undefined && before.convicted !== null) expect([after?.convicted, after?.penalties.breach]).toEqual([before.convicted, 1])
        }
      }
    }), { numRuns: 60 })
  })

  it('has no more weight than was there and than epochs let grow', () => {
    always((state) => {
      const sum = Object.values(state.members).reduce((total, { weight }) => total + weight, 0)
      expect(sum).toBeLessThanOrEqual(4_000_000 + state.epoch * 250_000)
    })
  })

  it('is written down in one way', () => {
    fc.assert(fc.property(anyHistory, (deeds) => {
      expect(statesOf(deeds).map(stateRoot)).toEqual(statesOf(deeds).map(stateRoot))
    }), { numRuns: 10 })
  })
})
