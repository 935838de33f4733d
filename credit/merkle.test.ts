import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LeafProof } from './merkle.ts'
import { createMerkleTree, firstDifference, proveLeaf, verifyLeafProof } from './merkle.ts'

const anyValues = fc.array(fc.integer({ min: -4_000_000_000, max: 4_000_000_000 }), { minLength: 1, maxLength: 40 })

describe('a proof of a leaf', () => {
  it('holds for every leaf of every tree', () => {
    fc.assert(fc.property(anyValues, (values) => {
      const { root } = createMerkleTree(values)
      for (const index of values.keys()) expect(verifyLeafProof(root, values.length, proveLeaf(values, index))).toBe(true)
    }))
  })

  it('holds for no other value, place, size or root', () => {
    fc.assert(fc.property(anyValues, fc.nat(39), (values, pick) => {
      const index = pick % values.length
      const { root } = createMerkleTree(values)
      const proof = proveLeaf(values, index)
      expect(verifyLeafProof(root, values.length, { ...proof, value: proof.value + 1 })).toBe(false)
      expect(verifyLeafProof(root, values.length, { ...proof, index: index + 1 })).toBe(false)
      expect(verifyLeafProof(root, values.length + 1, proof)).toBe(false)
      expect(verifyLeafProof(createMerkleTree([...values, 0]).root, values.length, proof)).toBe(false)
      expect(verifyLeafProof(root, values.length, { ...proof, siblings: [...proof.siblings, root] })).toBe(false)
      if (values.length > 1) expect(verifyLeafProof(root, values.length, { ...proof, siblings: proof.siblings.slice(1) })).toBe(false)
    }))
  })

  it('never throws on anything', () => {
    fc.assert(fc.property(fc.anything(), fc.anything(), fc.anything(), (index, value, siblings) => {
      expect(verifyLeafProof('root', 5, { index, value, siblings } as LeafProof)).toBe(false)
    }))
  })

  it('is as long as the tree is high', () => {
    expect(proveLeaf(Array.from({ length: 1_000 }, (_, index) => index), 0).siblings).toHaveLength(10)
    expect(proveLeaf([7], 0).siblings).toEqual([])
    expect(() => proveLeaf([7], 1)).toThrow(RangeError)
    expect(() => createMerkleTree([0.5])).toThrow(RangeError)
  })
})

describe('the descent between two trees', () => {
  it('ends at the first leaf in which they differ', () => {
    fc.assert(fc.property(anyValues, fc.array(fc.nat(39), { maxLength: 5 }), (values, changed) => {
      const other = values.map((value, index) => (changed.includes(index) ? value + 1 : value))
      const expected = values.findIndex((value, index) => value !== other[index])
      expect(firstDifference(createMerkleTree(values), createMerkleTree(other))).toBe(expected === -1 ? null : expected)
    }))
    expect(() => firstDifference(createMerkleTree([1]), createMerkleTree([1, 2]))).toThrow(RangeError)
  })

  it('tells trees apart whose numbers are the same in another arrangement', () => {
    expect(createMerkleTree([1, 23]).root).not.toBe(createMerkleTree([12, 3]).root)
    expect(createMerkleTree([]).root).not.toBe(createMerkleTree([0]).root)
    expect(createMerkleTree([1, 2, 3]).root).not.toBe(createMerkleTree([1, 2, 3, 3]).root)
  })

  it('is pinned', () => {
    expect(createMerkleTree([0, 1_000_000, -5, 7, 7]).root).toBe('ee06edb08ba24433bf42a2ed477c293fc14529a56c7133911a8b98a1647c8bac')
  })
})
