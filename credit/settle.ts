import { createSeededStream } from '../consensus/index.ts'
import type { Game } from './game.ts'
import { evaluateCoalition } from './game.ts'
import type { LeafProof, MerkleTree } from './merkle.ts'
import { createMerkleTree, firstDifference, proveLeaf } from './merkle.ts'
import type { SampledPlan } from './plan.ts'
import { blockUnits } from './plan.ts'
import { collectShares, type Shares } from './shares.ts'
import { evaluateLeaves, evaluateUnits, leafCoalition, validateUnit, type Work } from './work.ts'

/** One member's copy of a block: the values of its units, in unit order. */
export interface BlockCopy {
  member: number
  values: readonly (readonly number[])[]
}

/** Proof that a member's copy of a block is wrong: a leaf of it with its way to the root of the copy. */
export interface LieEvidence {
  member: number
  block: number
  leaf: LeafProof
}

/** A block's copies after disputes are settled: those that are left agree in every leaf. */
export interface Settlement {
  values: BlockCopy['values'] | null
  /** Members whose copies say so, ascending. */
  by: number[]
  evidence: LieEvidence[]
  /** Leaves that had to be replayed. */
  replayed: number
}

/** What the blocks of a plan stand for, and the game in which any leaf of them can be replayed. */
export interface Playing {
  plan: SampledPlan
  work: Work
  game: Game
}

/** The tree of a block's copy: the leaves of its first unit, then of the next. Index = unit in the block * leaves + position. */
export function blockTree(values: BlockCopy['values']): MerkleTree {
  return createMerkleTree(values.flat())
}

/** v of the coalition of a block's leaf. */
export function replayLeaf({ plan, work, game }: Playing, block: number, index: number): number {
  const { unit, position } = leafAt(plan, work, block, index)
  return evaluateCoalition(game, leafCoalition(work, unit, position))
}

/** The same of several leaves, which is less work than one by one. */
export function replayLeaves({ plan, work, game }: Playing, leaves: readonly { block: number; index: number }[]): number[] {
  return evaluateLeaves(game, work, leaves.map(({ block, index }) => leafAt(plan, work, block, index)))
}

function leafAt(plan: SampledPlan, work: Work, block: number, index: number): { unit: number; position: number } {
  const position = index % work.leaves
  return { unit: blockUnits(plan, block).first + (index - position) / work.leaves, position }
}

/**
 * Settles the copies of a block: wherever two differ, the first leaf in which they do is replayed, and copies that are wrong
 * there fall, with proof. One honest copy is enough for the truth; nobody is voted down. Copies are of the right shape, at
 * most one per member.
 */
export function settleBlock(init: Playing & { block: number; copies: readonly BlockCopy[] }): Settlement {
  const evidence: LieEvidence[] = []
  let replayed = 0
  let left = [...init.copies].sort((a, b) => a.member - b.member).map((copy) => ({ ...copy, text: JSON.stringify(copy.values) }))
  for (;;) {
    const [first] = left
    const other = left.find(({ text }) => text !== first?.text)
    if (first === undefined || other === undefined) return { values: first?.values ?? null, by: left.map(({ member }) => member), evidence, replayed }
    const index = firstDifference(blockTree(first.values), blockTree(other.values)) as number
    const truth = replayLeaf(init, init.block, index)
    replayed++
    const isWrong = ({ values }: BlockCopy): boolean => values.flat()[index] !== truth
    for (const copy of left.filter(isWrong)) evidence.push(evidenceOf(copy, init.block, index))
    left = left.filter((copy) => !isWrong(copy))
  }
}

/** What a member found a leaf of a block to be that was not assigned to it. */
export interface SpotValue {
  member: number
  block: number
  index: number
  value: number
}

/** What a plan's copies come to: the values of the blocks from block 0 up to the first open one, and who lied. */
export interface SettledShares {
  shares: Shares
  /** Blocks that too few sent. */
  open: number[]
  /** Blocks that enough had sent and too few were right about; they were evaluated here. */
  redone: number[]
  /** At most one piece per member, in member order. */
  evidence: LieEvidence[]
}

/**
 * Settles all blocks of a plan. A block counts once two assignees agree on it (one where there is one member); disputes are
 * replayed, and of each block a few leaves that follow from `seed` as well, which must not be known when copies are sent: so
 * that assignees who agree on a lie fall too. A block that too few are left to vouch for, or only members who are proven to
 * have lied, be it in another block, is evaluated here: lying neither chooses nor shortens the sample. Pure; the result
 * depends on the set of copies, not on their order.
 *
 * Copies are untrusted: of a member that is not assigned or of the wrong shape one does not count, and a member that sent
 * two different copies of a block is not heard in it.
 *
 * @param init.copies - per block
 * @param init.checks - leaves of each block to replay
 * @param init.spots - leaves that members found out apart from the assignees, who must not know which; one that differs from what the
 * copies of the block agree on is replayed. At most one per member is wrong before no more of it are looked at
 * @param init.members - how many members the network has
 */
export function settleShares(
  init: Playing & { copies: readonly (readonly BlockCopy[])[]; assigned: readonly (readonly number[])[]; members: number; grandValue: number; seed: string; checks: number; spots?: readonly SpotValue[] },
): SettledShares {
  const { plan, work, game, grandValue } = init
  const needed = init.members === 1 ? 1 : 2
  const settled = init.assigned.map((assignees, block) => {
    const copies = usableCopies(init.copies[block] ?? [], assignees, blockUnits(plan, block).count, work, grandValue)
    const settlement = settleBlock({ ...init, block, copies })
    return { ...settlement, sent: copies.length, evidence: [...settlement.evidence, ...checkBlock(init, block, settlement)] }
  })
  const liars = new Map<number, LieEvidence>()
  for (const { evidence } of settled) for (const proof of evidence) if (!liars.has(proof.member)) liars.set(proof.member, proof)
  const spots = [...(init.spots ?? [])].sort((a, b) => a.member - b.member)
  for (const spot of spots) for (const proof of checkSpot(init, spot, settled[spot.block], liars)) if (!liars.has(proof.member)) liars.set(proof.member, proof)
  const open = settled.flatMap(({ sent }, block) => (sent < needed ? [block] : []))
  const redone = settled.flatMap(({ sent, by }, block) => (sent >= needed && (by.length < needed || by.every((member) => liars.has(member))) ? [block] : []))
  const entries = settled.slice(0, open[0] ?? plan.blocks).flatMap(({ values }, block) => {
    const { first, count } = blockUnits(plan, block)
    const units = redone.includes(block) ? evaluateUnits(game, work, first, count) : (values as BlockCopy['values'])
    return units.map((unit, offset) => ({ unit: first + offset, values: unit }))
  })
  return { shares: collectShares(entries), open, redone, evidence: [...liars.values()].sort((a, b) => a.member - b.member) }
}

/** Evidence against all who vouch for a block in which a leaf drawn from the seed is wrong. */
function checkBlock(init: Playing & { seed: string; checks: number }, block: number, { values, by }: Settlement): LieEvidence[] {
  if (values === null) return []
  const flat = values.flat()
  const stream = createSeededStream(`${init.seed}/checks/${block}`)
  for (let check = 0; check < init.checks; check++) {
    const index = stream.below(flat.length)
    if (flat[index] !== replayLeaf(init, block, index)) return by.map((member) => evidenceOf({ member, values }, block, index))
  }
  return []
}

/** Evidence from a spot: against all who vouch for the block, or against the member that would have it otherwise. */
function checkSpot(playing: Playing, { member, block, index, value }: SpotValue, settlement: Settlement | undefined, liars: ReadonlyMap<number, LieEvidence>): LieEvidence[] {
  const said = settlement?.values?.flat()[index]
  if (settlement === undefined || said === undefined || said === value || liars.has(member)) return []
  const truth = replayLeaf(playing, block, index)
  const { values, by } = settlement
  const wrong = said === truth || values === null ? [] : by.map((voucher) => evidenceOf({ member: voucher, values }, block, index))
  return value === truth ? wrong : [...wrong, { member, block, leaf: { index, value, siblings: [] } }]
}

function evidenceOf({ member, values }: BlockCopy, block: number, index: number): LieEvidence {
  return { member, block, leaf: proveLeaf(values.flat(), index) }
}

function usableCopies(copies: readonly BlockCopy[], assigned: readonly number[], units: number, work: Work, grandValue: number): BlockCopy[] {
  const byMember = new Map<number, { copy: BlockCopy; keys: Set<string> }>()
  for (const copy of copies) {
    if (!assigned.includes(copy.member) || !hasShape(copy.values, units, work, grandValue)) continue
    const held = byMember.get(copy.member) ?? { copy, keys: new Set() }
    held.keys.add(JSON.stringify(copy.values))
    byMember.set(copy.member, held)
  }
  return [...byMember.values()].flatMap(({ copy, keys }) => (keys.size === 1 ? [copy] : []))
}

function hasShape(values: BlockCopy['values'], units: number, work: Work, grandValue: number): boolean {
  if (!Array.isArray(values) || values.length !== units) return false
  return values.every((unit: readonly number[]) => validateUnit(unit, work, grandValue) === 'ok')
}
