import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEvidence } from './audit.ts'
import type { BlockCopy, SettledShares, SpotValue } from './settle.ts'
import { blockTree, settleBlock, settleShares } from './settle.ts'
import { orderFrom } from './test/games.ts'
import { scenes, spoil, truthOf, type Scene } from './test/scenes.ts'

const anyCopy = (size: number) => fc.record({ places: fc.array(fc.nat(size - 1), { maxLength: 3 }), by: fc.integer({ min: 1, max: 2 }) })

describe('settling a block', () => {
  it('finds the truth wherever one copy is honest, and proves a lie of everybody else', () => {
    for (const scene of scenes) {
      const truth = truthOf(scene, 1)
      const leaves = truth.flat().length
      fc.assert(fc.property(fc.array(anyCopy(leaves), { maxLength: 5 }), fc.nat(5), (lies, place) => {
        const copies: BlockCopy[] = lies.map(({ places, by }) => spoil(truth, places, by)).toSpliced(place, 0, truth).map((values, member) => ({ member, values }))
        const { values, by, evidence, replayed } = settleBlock({ block: 1, copies, ...scene })
        const honest = copies.filter((copy) => JSON.stringify(copy.values) === JSON.stringify(truth)).map(({ member }) => member)
        expect(values).toEqual(truth)
        expect(by).toEqual(honest)
        expect(evidence.map(({ member }) => member).sort((a, b) => a - b)).toEqual(copies.map(({ member }) => member).filter((member) => !honest.includes(member)))
        expect(replayed).toBeLessThan(copies.length)
        for (const proof of evidence) {
          const root = blockTree((copies[proof.member] as BlockCopy).values).root
          expect(checkEvidence({ evidence: proof, root, ...scene })).toBe('proven')
        }
      }), { numRuns: 40 })
    }
  })

  it('does not depend on the order of the copies', () => {
    const scene = scenes[0] as Scene
    const truth = truthOf(scene, 0)
    const copies = [truth, spoil(truth, [0], 1), spoil(truth, [1], 1), truth].map((values, member) => ({ member, values }))
    expect(settleBlock({ block: 0, copies: [...copies].reverse(), ...scene })).toEqual(settleBlock({ block: 0, copies, ...scene }))
    expect(settleBlock({ block: 0, copies: [], ...scene })).toEqual({ values: null, by: [], evidence: [], replayed: 0 })
  })

  it('cannot tell a lie on which all copies agree: that is what spot checks are for', () => {
    const scene = scenes[0] as Scene
    const lie = spoil(truthOf(scene, 0), [0], 1)
    expect(settleBlock({ block: 0, copies: [{ member: 0, values: lie }, { member: 1, values: lie }], ...scene })).toMatchObject({ values: lie, by: [0, 1], evidence: [] })
  })
})

describe('settling all blocks', () => {
  const scene = scenes[0] as Scene
  const { plan, game } = scene
  const blocks = Array.from({ length: plan.blocks }, (_, block) => block)
  const assigned = blocks.map((block) => [block % 6, (block + 1) % 6, (block + 2) % 6])
  const truths = blocks.map((block) => truthOf(scene, block))
  const grandValue = game.value(new Uint8Array(6).fill(1))
  const settle = (copies: BlockCopy[][], checks = 0, members = 6, spots: SpotValue[] = []) => settleShares({ ...scene, copies, assigned, members, grandValue, seed: 'later', checks, spots })
  const honest = blocks.map((block) => (assigned[block] as number[]).slice(0, 2).map((member) => ({ member, values: truths[block] as number[][] })))
  const units = truths.flat().map((values, unit) => ({ unit, values }))
  const lying = (block: number, ...members: number[]) => honest.map((own, at) => (at !== block ? own : own.map((copy) => (members.includes(copy.member) ? { ...copy, values: spoil(copy.values, [0, 1, 2, 3, 4, 5], 1) } : copy))))

  it('gives all units where assignees agree', () => {
    expect(settle(honest)).toEqual({ shares: units, open: [], redone: [], evidence: [] })
  })

  it('ends before the first block that nobody, or one alone, vouches for', () => {
    const first = (block: number) => units.slice(0, block * plan.unitsPerBlock)
    expect(settle(honest.map((own, block) => (block === 2 ? [] : own)))).toEqual({ shares: first(2), open: [2], redone: [], evidence: [] })
    expect(settle(honest.map((own, block) => (block === 1 ? own.slice(0, 1) : own)))).toEqual({ shares: first(1), open: [1], redone: [], evidence: [] })
    expect(settle(honest.map((own) => own.slice(0, 1)), 0, 1).shares).toEqual(units)
  })

  it('takes no lie for the truth where assignees differ, and evaluates the block itself where one copy is left', () => {
    const third = honest.map((own, block) => [...own, { member: (assigned[block] as number[])[2] as number, values: truths[block] as number[][] }])
    const lied = third.map((own, block) => (block === 3 ? own.map((copy, place) => (place === 0 ? { ...copy, values: spoil(copy.values, [2], 1) } : copy)) : own))
    expect(settle(lied)).toMatchObject({ shares: units, open: [], redone: [], evidence: [{ member: assigned[3]?.[0], block: 3 }] })
    expect(settle(lying(3, 3))).toMatchObject({ shares: units, open: [], redone: [3], evidence: [{ member: 3, block: 3 }] })
  })

  it('finds a lie on which all assignees agree by the leaves it checks, and evaluates the block again', () => {
    const [a, b] = [assigned[3]?.[0] as number, assigned[3]?.[1] as number]
    const lied = lying(3, a, b)
    expect(settle(lied)).toMatchObject({ evidence: [], redone: [] })
    expect(settle(lied).shares).not.toEqual(units)
    const { shares, open, redone, evidence } = settle(lied, 12)
    expect([shares, open]).toEqual([units, []])
    expect(redone).toEqual([3])
    expect(evidence.map(({ member, block }) => [member, block])).toEqual([[a, 3], [b, 3]].sort((x, y) => (x[0] as number) - (y[0] as number)))
    for (const proof of evidence) {
      const root = blockTree(spoil(truths[3] as number[][], [0, 1, 2, 3, 4, 5], 1)).root
      expect(checkEvidence({ ...scene, evidence: proof, root })).toBe('proven')
    }
  })

  it('is told by leaves that others have found out apart, of a lie on which all assignees agree', () => {
    const [a, b] = (assigned[3] as number[]).slice(0, 2) as [number, number]
    const lied = honest.map((own, block) => (block === 3 ? [a, b].map((member) => ({ member, values: spoil(truths[3] as number[][], [2], 1) })) : own))
    const witness = [0, 1, 2, 3, 4, 5].find((member) => !(assigned[3] as number[]).includes(member)) as number
    const spot = (index: number, by = 0, member = witness): SpotValue => ({ member, block: 3, index, value: ((truths[3] as number[][]).flat()[index] as number) + by })
    const members = ({ evidence }: SettledShares): number[] => evidence.map(({ member }) => member)
    expect(members(settle(lied, 0, 6, [spot(0), spot(1)]))).toEqual([])
    expect(settle(lied, 0, 6, [spot(2)])).toMatchObject({ shares: units, redone: [3] })
    expect(members(settle(lied, 0, 6, [spot(2)]))).toEqual([a, b].sort((x, y) => x - y))
    // Who says otherwise than it is lies as well; that changes nothing, and neither does the order.
    expect(settle(honest, 0, 6, [spot(0, 1), spot(1, 1)])).toMatchObject({ shares: units, redone: [] })
    expect(members(settle(honest, 0, 6, [spot(0, 1), spot(1, 1)]))).toEqual([witness])
    expect(members(settle(lied, 0, 6, [spot(2, 7)]))).toEqual([a, b, witness].sort((x, y) => x - y))
    const spots = [spot(2), spot(0), { ...spot(2), member: a }, { ...spot(99), value: 0 }]
    expect(settle(lied, 0, 6, spots.toReversed())).toEqual(settle(lied, 0, 6, spots))
  })

  it('does not trust what only proven liars vouch for, wherever they were proven', () => {
    const pair = assigned[5] as number[]
    const everywhere = blocks.reduce((copies, block) => {
      const own = honest[block] as BlockCopy[]
      const both = own.every(({ member }) => pair.slice(0, 2).includes(member))
      return [...copies, own.map((copy) => (pair.slice(0, 2).includes(copy.member) ? { ...copy, values: spoil(copy.values, both ? [0] : [1], 1) } : copy))]
    }, [] as BlockCopy[][])
    const { evidence, redone } = settle(everywhere)
    expect(evidence.map(({ member }) => member)).toEqual([...pair.slice(0, 2)].sort((x, y) => x - y))
    expect(redone).toContain(5)
  })

  it('does not hear strangers, double talkers and copies of the wrong shape', () => {
    const stranger = (block: number): number => [0, 1, 2, 3, 4, 5].find((member) => !(assigned[block] as number[]).includes(member)) as number
    const noise = honest.map((own, block) => [...own, { member: stranger(block), values: spoil(truths[block] as number[][], [0], 1) }])
    expect(settle(noise)).toEqual(settle(honest))
    for (const wrong of [[], [[1]], [[0.5, 1]], 'x']) {
      const shaped = honest.map((own, block) => [...own, { member: (assigned[block] as number[])[2] as number, values: wrong as number[][] }])
      expect(settle(shaped)).toEqual(settle(honest))
    }
    const talked = honest.map((own, block) => (block === 0 ? [...own, { member: own[0]?.member as number, values: spoil(truths[0] as number[][], [0], 1) }] : own))
    expect(settle(talked)).toMatchObject({ open: [0], redone: [], evidence: [] })
  })

  it('depends on the set of copies, not on their order', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(plan.blocks - 1), fc.nat(2), fc.nat(3)), { maxLength: 12 }), fc.nat(1_000), (said, seed) => {
      const copies = blocks.map((block) => [...(honest[block] as BlockCopy[]), ...said.filter(([at]) => at === block).map(([, place, by]) => ({ member: (assigned[block] as number[])[place] as number, values: spoil(truths[block] as number[][], [by], by) }))])
      const shuffled = copies.map((own) => orderFrom(seed, own.length).map((index) => own[index] as BlockCopy))
      expect(settle(shuffled.map((own) => [...own, ...own]), 1)).toEqual(settle(copies, 1))
    }), { numRuns: 30 })
  })
})
