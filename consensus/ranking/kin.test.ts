import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countShares, KIN_MAX, observeKin, type Kin } from './kin.ts'
import { anyOrder } from './test/rounds.ts'

const MICRO = 1_000_000
const IDS = Array.from({ length: 20 }, (_, index) => String.fromCharCode(97 + index))

const anySeen: fc.Arbitrary<Kin[]> = fc.uniqueArray(
  fc.record({ member: fc.constantFrom(...IDS), apart: fc.constantFrom(0, MICRO / 4, MICRO), chance: fc.integer({ min: 1, max: 2 * MICRO }) }),
  { selector: ({ member }) => member, maxLength: 20 },
)
const anyHistory = fc.array(anySeen, { maxLength: 60 })

/** The same evidence over and over. */
function repeat(rounds: number, seen: readonly Kin[]): Kin[] {
  return Array.from({ length: rounds }).reduce<Kin[]>((kin) => observeKin(kin, seen), [])
}

/** A family of copies, each of whom knows `known` of the others. */
function copies(count: number, chance: number, known = KIN_MAX): { id: string; kin: Kin[] }[] {
  const ids = Array.from({ length: count }, (_, index) => `m${String(index).padStart(3, '0')}`)
  return ids.map((id, index) => ({ id, kin: Array.from({ length: Math.min(known, count - 1) }, (_, step) => ({ member: ids[(index + 1 + step) % count] as string, apart: 0, chance })) }))
}

const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0)

describe('observeKin', () => {
  it('remembers eight at most, each once, in order, in bounded integers', () => {
    fc.assert(fc.property(anyHistory, (history) => {
      const kin = history.reduce<Kin[]>((known, seen) => observeKin(known, seen), [])
      expect(kin.length).toBeLessThanOrEqual(KIN_MAX)
      expect(kin.map(({ member }) => member)).toEqual([...new Set(kin.map(({ member }) => member))].sort())
      for (const { apart, chance } of kin) {
        expect(Number.isSafeInteger(apart) && Number.isSafeInteger(chance) && apart >= 0 && chance > 2 * apart).toBe(true)
        expect(chance).toBeLessThanOrEqual(131 * MICRO)
      }
    }))
  })

  it('does not see the order in which a round names members', () => {
    fc.assert(fc.property(anySeen.chain((seen) => anyOrder(seen.length).map((order) => ({ seen, order }))), ({ seen, order }) => {
      expect(observeKin([], order.map((index) => seen[index] as Kin))).toEqual(observeKin([], seen))
    }))
  })

  it('keeps who is never apart and drops who errs like a stranger', () => {
    const stranger = { member: 'b', apart: MICRO, chance: MICRO }
    expect(repeat(10, [{ member: 'a', apart: 0, chance: MICRO }, stranger])).toEqual([{ member: 'a', apart: 0, chance: 10 * MICRO }])
    expect(observeKin([{ member: 'b', apart: 0, chance: MICRO }], [stranger])).toEqual([])
  })

  it('lets copies displace chance acquaintances', () => {
    const acquaintances = IDS.slice(0, KIN_MAX).map((member) => ({ member, apart: 0, chance: MICRO }))
    const kin = repeat(3, [{ member: 'z', apart: 0, chance: MICRO }])
    expect(observeKin(acquaintances, [{ member: 'z', apart: 0, chance: 2 * MICRO }]).map(({ member }) => member)).toContain('z')
    expect(kin[0]?.chance).toBe(3 * MICRO)
  })

  it('forgets: who has parted ways is kin no more', () => {
    const copied = repeat(200, [{ member: 'a', apart: 0, chance: MICRO }])
    const parted = Array.from({ length: 150 }).reduce<Kin[]>((kin) => observeKin(kin, [{ member: 'a', apart: MICRO, chance: MICRO }]), copied)
    expect(parted).toEqual([])
  })
})

describe('countShares', () => {
  it('counts strangers in full, and acquaintances of a few rounds', () => {
    expect(countShares(copies(5, 15 * MICRO))).toEqual(Array.from({ length: 5 }, () => MICRO))
    expect(countShares([])).toEqual([])
  })

  it('counts any number of copies as less than two members, and nearly one when they are known well', () => {
    for (const count of [2, 3, 10, 50]) {
      expect(total(countShares(copies(count, 16 * MICRO)))).toBeLessThan(2 * MICRO)
      expect(total(countShares(copies(count, 120 * MICRO)))).toBeLessThan(1.15 * MICRO)
    }
  })

  it('finds a family of any size though each member knows only some of it, and by one side alone', () => {
    expect(total(countShares(copies(40, 20 * MICRO, 1)))).toBeLessThan(2 * MICRO)
    const [first, ...others] = copies(2, 20 * MICRO) as [{ id: string; kin: Kin[] }, { id: string; kin: Kin[] }]
    expect(total(countShares([first, ...others.map(({ id }) => ({ id, kin: [] }))]))).toBeLessThan(2 * MICRO)
  })

  it('leaves everybody outside the family alone', () => {
    const shares = countShares([...copies(4, 20 * MICRO), { id: 'other', kin: [{ member: 'absent', apart: 0, chance: 99 * MICRO }] }])
    expect(shares[4]).toBe(MICRO)
  })

  it('is invariant under relabelling', () => {
    const anyPlayers = fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 10 }).chain((ids) => fc.tuple(...ids.map((id) => anyHistory.map((history) => ({ id, kin: history.slice(0, 8).reduce<Kin[]>((kin, seen) => observeKin(kin, seen), []) })))))
    fc.assert(fc.property(anyPlayers.chain((players) => anyOrder(players.length).map((order) => ({ players, order }))), ({ players, order }) => {
      const shares = countShares(players)
      expect(countShares(order.map((index) => players[index] as (typeof players)[number]))).toEqual(order.map((index) => shares[index]))
      expect(shares.every((share) => share > 0 && share <= MICRO)).toBe(true)
    }), { numRuns: 50 })
  })
})
