import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countPairs } from './pairs.ts'
import type { SampledPlan } from './plan.ts'
import { BLOCK_EVALUATIONS_MAX, EXACT_MICROS_MAX, UNITS_MAX, assignBlocks, blockUnits, planCredit } from './plan.ts'
import { orderFrom } from './test/games.ts'

const anyPlan = fc.record({ players: fc.integer({ min: 2, max: 200 }), pairs: fc.integer({ min: 1, max: 3_000 }), rule: fc.constantFrom('auto', 'permutations', 'pairs') })
  .map(({ players, pairs, rule }) => ({ players, pairs, plan: planCredit({ players, exactPlayersMax: 0, pairs, rule }) as SampledPlan }))

const anyAssignment = fc.record({
  count: fc.integer({ min: 1, max: 12 }),
  blocks: fc.nat(40),
  redundancy: fc.integer({ min: 1, max: 4 }),
  seed: fc.string(),
}).chain(({ count, blocks, redundancy, seed }) =>
  fc.record({
    members: fc.uniqueArray(fc.string(), { minLength: count, maxLength: count }),
    weights: fc.array(fc.oneof(fc.constant(0), fc.nat(1_000_000)), { minLength: count, maxLength: count }),
  }).map((lists) => ({ ...lists, blocks, redundancy, seed })))

describe('the plan', () => {
  it('is exact up to the limit and sampled above', () => {
    expect(planCredit({ players: 12, exactPlayersMax: 12, pairs: 10 })).toEqual({ kind: 'exact' })
    expect(planCredit({ players: 13, exactPlayersMax: 12, pairs: 10 }).kind).toBe('pairs')
    expect(planCredit({ players: 13, exactPlayersMax: 12, pairs: 10, rule: 'permutations' }).kind).toBe('permutations')
    expect(planCredit({ players: 0, exactPlayersMax: 0, pairs: 1 })).toEqual({ kind: 'exact' })
  })

  it('enumerates more players where the agreed cost of an evaluation allows it', () => {
    const costing = (freshMicros: number, rule: 'auto' | 'pairs' = 'auto') =>
      planCredit({ players: 12, exactPlayersMax: 8, pairs: 10, rule, cost: { freshMicros, prefixMicros: freshMicros } }).kind
    expect(costing(Math.floor(EXACT_MICROS_MAX / 2 ** 12))).toBe('exact')
    expect(costing(Math.floor(EXACT_MICROS_MAX / 2 ** 12) + 1)).toBe('pairs')
    expect(costing(1, 'pairs')).toBe('pairs')
  })

  it('takes prefixes only where they cost less than two fifths of a fresh coalition', () => {
    const growing = (prefixMicros: number) => planCredit({ players: 40, exactPlayersMax: 8, pairs: 10, cost: { freshMicros: 1_000, prefixMicros } }).kind
    expect([growing(399), growing(400), growing(1_000)]).toEqual(['permutations', 'pairs', 'pairs'])
  })

  it('covers every unit once, in blocks of whole antithetic pairs', () => {
    fc.assert(fc.property(anyPlan, ({ players, pairs, plan }) => {
      const units: number[] = []
      for (let block = 0; block < plan.blocks; block++) {
        const { first, count } = blockUnits(plan, block)
        if (plan.kind === 'permutations') expect([first % 2, count % 2]).toEqual([0, 0])
        expect(count).toBeGreaterThan(0)
        for (let offset = 0; offset < count; offset++) units.push(first + offset)
      }
      expect(units).toEqual(Array.from({ length: plan.units }, (_, unit) => unit))
      expect(plan.units).toBe(plan.kind === 'permutations' ? 2 * pairs : Math.min(pairs * players, countPairs(players), UNITS_MAX))
    }))
  })

  it('keeps blocks small and has one per player where units suffice', () => {
    fc.assert(fc.property(anyPlan, ({ players, plan }) => {
      const [leaves, least] = plan.kind === 'permutations' ? [players, 2] : [2, 1]
      expect(plan.unitsPerBlock === least || plan.unitsPerBlock * leaves <= BLOCK_EVALUATIONS_MAX).toBe(true)
      expect(plan.blocks).toBeGreaterThanOrEqual(Math.min(players, plan.units / least))
    }))
  })

  it('refuses limits out of range', () => {
    expect(() => planCredit({ players: 5, exactPlayersMax: 17, pairs: 1 })).toThrow(RangeError)
    expect(() => planCredit({ players: 5, exactPlayersMax: 4, pairs: 0 })).toThrow(RangeError)
    expect(() => planCredit({ players: 5, exactPlayersMax: 4, pairs: 1, cost: { freshMicros: 0, prefixMicros: 1 } })).toThrow(RangeError)
    expect(() => planCredit({ players: -1, exactPlayersMax: 4, pairs: 1 })).toThrow(RangeError)
    expect(() => blockUnits({ kind: 'permutations', units: 4, unitsPerBlock: 2, blocks: 2 }, 2)).toThrow(RangeError)
  })
})

describe('assignment of blocks', () => {
  it('gives every block its redundancy of different members', () => {
    fc.assert(fc.property(anyAssignment, (init) => {
      const assigned = assignBlocks(init)
      expect(assigned).toHaveLength(init.blocks)
      for (const block of assigned) {
        expect(block).toHaveLength(Math.min(init.redundancy, init.members.length))
        expect(new Set(block).size).toBe(block.length)
        for (const member of block) expect(init.members[member]).toBeDefined()
      }
    }))
  })

  it('is the same for the same seed, however members are listed', () => {
    fc.assert(fc.property(anyAssignment, fc.nat(1_000), (init, shuffleSeed) => {
      const order = orderFrom(shuffleSeed, init.members.length)
      const relisted = assignBlocks({
        ...init,
        members: order.map((index) => init.members[index] as string),
        weights: order.map((index) => init.weights[index] as number),
      })
      expect(relisted.map((block) => block.map((index) => order[index]))).toEqual(assignBlocks(init))
    }))
  })

  it('is in proportion to weight to the nearest block, where nobody is needed in every block', () => {
    const members = ['a', 'b', 'c', 'd', 'e', 'f']
    const weights = [300, 250, 200, 150, 100, 0]
    const counts = members.map((_, index) => assignBlocks({ members, weights, blocks: 50, redundancy: 2, seed: 's' }).flat().filter((member) => member === index).length)
    expect(counts).toEqual([30, 25, 20, 15, 10, 0])
  })

  it('is equal where nobody has weight', () => {
    const members = ['a', 'b', 'c', 'd']
    const assigned = assignBlocks({ members, weights: [0, 0, 0, 0], blocks: 10, redundancy: 2, seed: 's' })
    expect(members.map((_, index) => assigned.flat().filter((member) => member === index).length)).toEqual([5, 5, 5, 5])
  })

  it('takes members without weight only where too few have weight', () => {
    const assigned = assignBlocks({ members: ['a', 'b', 'c'], weights: [5, 0, 0], blocks: 8, redundancy: 2, seed: 's' })
    for (const block of assigned) expect(block).toContain(0)
    expect([1, 2].map((index) => assigned.flat().filter((member) => member === index).length)).toEqual([4, 4])
  })

  it('mixes partners and differs between seeds', () => {
    const init = { members: ['a', 'b', 'c', 'd', 'e'], weights: [1, 1, 1, 1, 1], blocks: 60, redundancy: 2 }
    const pairs = new Set(assignBlocks({ ...init, seed: 's' }).map((block) => [...block].sort().join('')))
    expect(pairs.size).toBe(10)
    expect(assignBlocks({ ...init, seed: 's' })).not.toEqual(assignBlocks({ ...init, seed: 't' }))
  })

  it('is pinned', () => {
    expect(assignBlocks({ members: ['a', 'b', 'c', 'd'], weights: [4, 3, 2, 1], blocks: 5, redundancy: 2, seed: 'pinned' })).toEqual([[0, 2], [0, 1], [2, 1], [0, 3], [1, 0]])
  })

  it('caps redundancy at the number of members', () => {
    expect(assignBlocks({ members: ['a'], weights: [1], blocks: 2, redundancy: 3, seed: 's' })).toEqual([[0], [0]])
    expect(assignBlocks({ members: [], weights: [], blocks: 2, redundancy: 3, seed: 's' })).toEqual([[], []])
  })

  it('refuses lists that do not fit', () => {
    const init = { members: ['a', 'b'], weights: [1, 1], blocks: 1, redundancy: 2, seed: 's' }
    expect(() => assignBlocks({ ...init, weights: [1] })).toThrow(RangeError)
    expect(() => assignBlocks({ ...init, weights: [1, -1] })).toThrow(RangeError)
    expect(() => assignBlocks({ ...init, members: ['a', 'a'] })).toThrow(RangeError)
    expect(() => assignBlocks({ ...init, redundancy: 0 })).toThrow(RangeError)
  })
})
