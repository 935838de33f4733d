import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEvidence, drawSpotChecks } from './audit.ts'
import { proveLeaf } from './merkle.ts'
import { blockUnits } from './plan.ts'
import { blockTree } from './settle.ts'
import { scenes, spoil, truthOf, type Scene } from './test/scenes.ts'

describe('evidence', () => {
  const scene = scenes[0] as Scene
  const truth = truthOf(scene, 2)
  const lie = spoil(truth, [1], 7)
  const evidence = { member: 0, block: 2, leaf: proveLeaf(lie.flat(), 1) }
  const check = (changed: Partial<typeof evidence>, values = lie) => checkEvidence({ evidence: { ...evidence, ...changed }, root: blockTree(values).root, ...scene })

  it('proves a wrong leaf of the signed copy and nothing else', () => {
    expect(check({})).toBe('proven')
    expect(check({ leaf: proveLeaf(lie.flat(), 0) })).toBe('no-fault')
    expect(check({ leaf: proveLeaf(truth.flat(), 1) })).toBe('bad-proof')
    expect(check({}, truth)).toBe('bad-proof')
    for (const block of [-1, 0.5, 999]) expect(check({ block })).toBe('bad-proof')
  })

  it('is one replay, and clears every leaf that is right', () => {
    for (const each of scenes) {
      for (let block = 0; block < each.plan.blocks; block++) {
        const values = truthOf(each, block)
        values.flat().forEach((_, index) => {
          expect(checkEvidence({ ...each, evidence: { member: 0, block, leaf: proveLeaf(values.flat(), index) }, root: blockTree(values).root })).toBe('no-fault')
        })
      }
    }
  })
})

describe('spot checks', () => {
  const { plan, work } = scenes[0] as Scene
  const assigned = Array.from({ length: plan.blocks }, (_, block) => [block % 6, (block + 1) % 6])
  const draw = (seed: string, member: number, count: number) => drawSpotChecks({ seed, member, plan, leaves: work.leaves, assigned, count })

  it('are different leaves of blocks that the member was not assigned', () => {
    fc.assert(fc.property(fc.string(), fc.nat(5), fc.nat(200), (seed, member, count) => {
      const checks = draw(seed, member, count)
      const open = assigned.flatMap((own, block) => (own.includes(member) ? [] : Array.from({ length: blockUnits(plan, block).count * work.leaves }, (_, index) => `${block}/${index}`)))
      expect(checks).toHaveLength(Math.min(count, open.length))
      expect(new Set(checks.map(({ block, index }) => `${block}/${index}`)).size).toBe(checks.length)
      for (const { block, index } of checks) expect(open).toContain(`${block}/${index}`)
    }))
  })

  it('differ by seed and member', () => {
    expect(draw('a', 0, 8)).not.toEqual(draw('b', 0, 8))
    expect(draw('a', 0, 8)).not.toEqual(draw('a', 3, 8))
    expect(draw('a', 0, 8)).toEqual(draw('a', 0, 8))
  })
})
