import { sha256 } from '../consensus/index.ts'

/**
 * A hash tree over integers (Merkle 1987): `levels[0]` holds the hashes of the leaves, each further level those of pairs of
 * the one below (a last odd one moves up as it is), the last level the root. Leaves and inner nodes are hashed apart, and the
 * root stands for the number of leaves as well.
 */
export interface MerkleTree {
  leaves: number
  levels: string[][]
  root: string
}

/** A leaf with the hashes beside its way to the root, from the bottom up. */
export interface LeafProof {
  index: number
  value: number
  siblings: string[]
}

/** @throws RangeError if a value is no safe integer */
export function createMerkleTree(values: readonly number[]): MerkleTree {
  const levels = [values.map((value, index) => hashLeaf(index, value))]
  for (let level = levels[0] as string[]; level.length > 1; level = levels.at(-1) as string[]) {
    levels.push(Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => hashNode(level, index)))
  }
  return { leaves: values.length, levels, root: hashRoot(values.length, levels.at(-1)?.[0] ?? '') }
}

/** @throws RangeError if there is no such leaf */
export function proveLeaf(values: readonly number[], index: number): LeafProof {
  const value = values[index]
  if (value === undefined) throw new RangeError(`index must be 0..${values.length - 1}, got ${index}`)
  const siblings: string[] = []
  let at = index
  for (const level of createMerkleTree(values).levels.slice(0, -1)) {
    const sibling = level[at ^ 1]
    if (sibling !== undefined) siblings.push(sibling)
    at >>= 1
  }
  return { index, value, siblings }
}

/** Whether a proof shows that the tree with this root and number of leaves holds that value there. Never throws. */
export function verifyLeafProof(root: string, leaves: number, { index, value, siblings }: LeafProof): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves || !Number.isSafeInteger(value) || !Array.isArray(siblings)) return false
  let hash = hashLeaf(index, value)
  let used = 0
  for (let at = index, width = leaves; width > 1; at >>= 1, width = Math.ceil(width / 2)) {
    if ((at ^ 1) >= width) continue
    const sibling: unknown = siblings[used++]
    if (typeof sibling !== 'string') return false
    hash = at % 2 === 0 ? hashPair(hash, sibling) : hashPair(sibling, hash)
  }
  return used === siblings.length && hashRoot(leaves, hash) === root
}

/**
 * The first leaf in which two trees of one shape differ, found from the root down: two hashes are looked at per level, so a
 * member that holds one tree can ask for those of the other one by one. Null if the trees are equal.
 *
 * @throws RangeError if the trees have different shapes
 */
export function firstDifference(a: MerkleTree, b: MerkleTree): number | null {
  if (a.leaves !== b.leaves) throw new RangeError(`trees must have as many leaves, got ${a.leaves} and ${b.leaves}`)
  if (a.root === b.root) return null
  let at = 0
  for (let level = a.levels.length - 2; level >= 0; level--) {
    at *= 2
    if (a.levels[level]?.[at] === b.levels[level]?.[at]) at++
  }
  return at
}

function hashLeaf(index: number, value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`value must be a safe integer, got ${value}`)
  return sha256(`peerage/credit-leaf/1 ${index} ${value}`)
}

function hashNode(level: readonly string[], index: number): string {
  const [left, right] = [level[2 * index] as string, level[2 * index + 1]]
  return right === undefined ? left : hashPair(left, right)
}

function hashPair(left: string, right: string): string {
  return sha256(`peerage/credit-node/1 ${left} ${right}`)
}

function hashRoot(leaves: number, top: string): string {
  return sha256(`peerage/credit-root/1 ${leaves} ${top}`)
}
