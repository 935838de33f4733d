import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { earnWeights, isAbsent, WEIGHT_MAX, type Attendance } from './voting-weight.ts'

/** A member heard in all of sixteen cuts, unless something else is said. */
function memberWith(change: Partial<Attendance> = {}): Attendance {
  return { weight: WEIGHT_MAX, heard: 16, withheld: false, barred: false, ...change }
}

const crowdOf = (size: number, change: Partial<Attendance> = {}): Attendance[] => Array.from({ length: size }, () => memberWith(change))
const sumOf = (weights: readonly number[]): number => weights.reduce((sum, weight) => sum + weight, 0)
const totalOf = (members: readonly Attendance[]): number => sumOf(members.map(({ weight }) => weight))
const isCrowded = (members: readonly Attendance[]): boolean => members.filter(({ weight }) => weight > 0).length >= 5
const budgetOf = (members: readonly Attendance[]): number => Math.max(Math.floor(totalOf(members) / 20), isCrowded(members) ? 0 : 250_000)

const anyWeight = fc.oneof(fc.constant(0), fc.constant(WEIGHT_MAX), fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 3_000_000 }))
const anyEpoch = fc.integer({ min: 0, max: 40 }).chain((cuts) =>
  fc.record({
    cuts: fc.constant(cuts),
    members: fc.array(fc.record({ weight: anyWeight, heard: fc.integer({ min: 0, max: cuts }), withheld: fc.boolean(), barred: fc.boolean() }), { minLength: 1, maxLength: 12 }),
  }),
)

describe('the voting weights after any epoch', () => {
  it('are integers, none negative, and not all zero unless they were', () => {
    fc.assert(fc.property(anyEpoch, ({ members, cuts }) => {
      const earned = earnWeights(members, cuts)
      expect(earned).toHaveLength(members.length)
      expect(earned.every((weight) => Number.isSafeInteger(weight) && weight >= 0)).toBe(true)
      expect(sumOf(earned) > 0 || totalOf(members) === 0).toBe(true)
    }))
  })

  it('have grown by at most 5 % of the total, or 250,000 while there are fewer than five validators', () => {
    fc.assert(fc.property(anyEpoch, ({ members, cuts }) => {
      const grown = earnWeights(members, cuts).map((weight, index) => Math.max(0, weight - (members[index] as Attendance).weight))
      expect(sumOf(grown)).toBeLessThanOrEqual(budgetOf(members))
    }))
  })

  it('have grown for nobody at or above the cap, and past it for nobody', () => {
    fc.assert(fc.property(anyEpoch, ({ members, cuts }) => {
      const cap = isCrowded(members) ? Math.min(WEIGHT_MAX, Math.floor(totalOf(members) / 5)) : WEIGHT_MAX
      for (const [index, weight] of earnWeights(members, cuts).entries()) expect(weight).toBeLessThanOrEqual(Math.max(cap, (members[index] as Attendance).weight))
    }))
  })

  it('are the same in whatever order members are listed', () => {
    fc.assert(fc.property(anyEpoch, fc.nat(), ({ members, cuts }, turn) => {
      const at = turn % members.length
      const turned = <T>(list: readonly T[]): T[] => [...list.slice(at), ...list.slice(0, at)].reverse()
      expect(earnWeights(turned(members), cuts)).toEqual(turned(earnWeights(members, cuts)))
    }))
  })

  it('are higher only for who was heard in half of the cuts, broke nothing and withheld nothing', () => {
    fc.assert(fc.property(anyEpoch, ({ members, cuts }) => {
      for (const [index, weight] of earnWeights(members, cuts).entries()) {
        const { weight: before, heard, withheld, barred } = members[index] as Attendance
        if (weight > before) expect([cuts >= 8, heard * 2 >= cuts, withheld, barred]).toEqual([true, true, false, false])
      }
    }))
  })
})

describe('voting weight', () => {
  it('is gone for who is proven to have broken the protocol', () => {
    expect(earnWeights([memberWith({ barred: true }), ...crowdOf(4)], 16)[0]).toBe(0)
    expect(earnWeights([memberWith({ barred: true, heard: 0 }), ...crowdOf(4)], 0)[0]).toBe(0)
  })

  it('is never gone for everybody: the last weights stay', () => {
    expect(earnWeights(crowdOf(3, { barred: true }), 16)).toEqual([WEIGHT_MAX, WEIGHT_MAX, WEIGHT_MAX])
    expect(earnWeights([memberWith({ weight: 20_000, heard: 0 })], 16)).toEqual([20_000])
  })

  it('is halved by each epoch of absence, and then gone', () => {
    const seen: number[] = []
    for (let weight = WEIGHT_MAX; weight > 0; seen.push(weight)) [weight] = earnWeights([memberWith({ weight, heard: 0 }), ...crowdOf(3)], 16) as [number]
    expect(seen).toEqual([500_000, 250_000, 125_000, 62_500, 31_250, 15_625, 0])
  })

  it('is lost by absence below an eighth of the cuts, and stays as it is between there and a half', () => {
    const after = (heard: number): number => earnWeights([memberWith({ weight: 400_000, heard }), ...crowdOf(3)], 16)[0] as number
    expect([0, 1, 2, 7].map(after)).toEqual([200_000, 200_000, 400_000, 400_000])
    expect(after(8)).toBe(400_000 + 250_000)
    expect([isAbsent(0, 7), isAbsent(0, 8), isAbsent(1, 8), isAbsent(1, 9)]).toEqual([false, true, false, true])
  })

  it('loses an eighth by withholding, which costs more than to be heard too little', () => {
    expect(earnWeights([memberWith({ withheld: true }), memberWith({ heard: 4 }), ...crowdOf(2)], 16)).toEqual([875_000, WEIGHT_MAX, WEIGHT_MAX, WEIGHT_MAX])
    expect(earnWeights([memberWith({ withheld: true, weight: 15 }), ...crowdOf(3)], 16)[0]).toBe(14)
  })

  it('is what it was after an epoch with fewer than eight cuts, for all who kept their word', () => {
    fc.assert(fc.property(fc.array(anyWeight, { minLength: 1, maxLength: 8 }), fc.nat({ max: 7 }), fc.nat({ max: 7 }), (weights, cuts, heard) => {
      expect(earnWeights(weights.map((weight) => memberWith({ weight, heard: Math.min(heard, cuts) })), cuts)).toEqual(weights)
    }))
  })

  it('comes to a newcomer beside founders of full weight within the first epoch it attends, not all at once', () => {
    expect(earnWeights([...crowdOf(4), memberWith({ weight: 0 })], 16).at(-1)).toBe(250_000)
    expect(earnWeights([...crowdOf(40), memberWith({ weight: 0 })], 16).at(-1)).toBe(1_000_000)
    expect(earnWeights([...crowdOf(10), memberWith({ weight: 0 })], 16).at(-1)).toBe(500_000)
  })
})

describe('a crowd of one owner', () => {
  it('of any size gains no more in an epoch than one newcomer would beside members of full weight', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }), (founders, size) => {
      const gain = (count: number): number => sumOf(earnWeights([...crowdOf(founders), ...crowdOf(count, { weight: 0 })], 16)) - founders * WEIGHT_MAX
      expect(gain(size)).toBeLessThanOrEqual(gain(1))
    }))
  })

  it('that attends everything takes at least eight epochs to a third of the weight of five founders', () => {
    let members = [...crowdOf(5), ...crowdOf(100, { weight: 0 })]
    let epochs = 0
    const isThird = (): boolean => 3 * totalOf(members.slice(5)) >= totalOf(members)
    for (; !isThird(); epochs++) {
      const weights = earnWeights(members, 16)
      members = members.map((member, index) => ({ ...member, weight: weights[index] as number }))
    }
    expect(epochs).toBeGreaterThanOrEqual(8)
  })
})
