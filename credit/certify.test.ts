import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlockCopy, BlockVerdict } from './certify.ts'
import { certifiedPrefix, certifyBlock } from './certify.ts'
import { contiguousUnits } from './shares.ts'
import { orderFrom } from './test/games.ts'

const truth = [[3, 5], [1, 5]]
const lie = [[4, 5], [1, 5]]
const otherLie = [[2, 5], [1, 5]]
const block = { assigned: [7, 2, 4, 5], members: 9, units: 2, players: 2, grandValue: 5 }
const certify = (...copies: [number, BlockCopy['values']][]): BlockVerdict =>
  certifyBlock({ ...block, copies: copies.map(([member, values]) => ({ member, values })) })

describe('certifying a block', () => {
  it('takes two equal copies of different assignees', () => {
    expect(certify()).toEqual({ code: 'open' })
    expect(certify([7, truth])).toEqual({ code: 'open' })
    expect(certify([7, truth], [2, truth])).toEqual({ code: 'certified', values: truth, by: [2, 7] })
  })

  it('is not moved by one assignee saying it twice', () => {
    expect(certify([7, truth], [7, truth])).toEqual({ code: 'open' })
  })

  it('is disputed while copies differ, until two agree', () => {
    expect(certify([7, truth], [2, lie])).toEqual({ code: 'disputed' })
    expect(certify([7, truth], [2, lie], [4, otherLie])).toEqual({ code: 'disputed' })
    expect(certify([7, truth], [2, lie], [4, truth])).toEqual({ code: 'certified', values: truth, by: [4, 7] })
    expect(certify([7, truth], [2, lie], [4, truth], [5, lie])).toEqual({ code: 'disputed' })
  })

  it('does not count strangers, double talkers and copies of the wrong shape', () => {
    expect(certify([7, truth], [3, truth])).toEqual({ code: 'open' })
    expect(certify([7, truth], [2, truth], [2, lie])).toEqual({ code: 'open' })
    for (const wrong of [[[3, 5]], [[3, 4], [1, 5]], [[3], [1, 5]], [[0.5, 5], [1, 5]]]) {
      expect(certify([7, wrong], [2, wrong])).toEqual({ code: 'open' })
    }
  })

  it('takes one copy where there is one member', () => {
    const alone = { ...block, assigned: [0], members: 1, copies: [{ member: 0, values: truth }] }
    expect(certifyBlock(alone)).toEqual({ code: 'certified', values: truth, by: [0] })
  })

  it('depends on the set of copies, not on their order', () => {
    const anyCopy = fc.record({ member: fc.integer({ min: 0, max: 7 }), values: fc.constantFrom(truth, lie, otherLie, [[1]]) })
    fc.assert(fc.property(fc.array(anyCopy, { maxLength: 8 }), fc.nat(1_000), (copies, seed) => {
      const shuffled = orderFrom(seed, copies.length).map((index) => copies[index] as BlockCopy)
      expect(certifyBlock({ ...block, copies: [...shuffled, ...shuffled] })).toEqual(certifyBlock({ ...block, copies }))
    }))
  })

  it('never throws on copies from elsewhere', () => {
    fc.assert(fc.property(fc.anything(), (values) => {
      expect(certify([7, values as BlockCopy['values']]).code).toBe('open')
    }))
  })
})

describe('the certified prefix', () => {
  const plan = { kind: 'permutations', units: 5, unitsPerBlock: 2, blocks: 3 } as const
  const certified = (values: number[][]): BlockVerdict => ({ code: 'certified', values, by: [0, 1] })

  it('numbers the units of certified blocks up to the first other one', () => {
    const [a, b, c] = [certified([[1], [2]]), certified([[3], [4]]), certified([[5]])]
    expect(contiguousUnits(certifiedPrefix(plan, [a, b, c]))).toEqual([[1], [2], [3], [4], [5]])
    expect(certifiedPrefix(plan, [a, { code: 'disputed' }, c])).toEqual([{ unit: 0, values: [1] }, { unit: 1, values: [2] }])
    expect(certifiedPrefix(plan, [{ code: 'open' }, b, c])).toEqual([])
    expect(certifiedPrefix(plan, [a])).toHaveLength(2)
  })
})
