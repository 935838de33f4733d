import type { CreditPlan } from './plan.ts'
import { blockUnits } from './plan.ts'
import { validateUnit } from './permutations.ts'
import { collectShares, type Shares, type UnitShare } from './shares.ts'

/** One member's copy of a block: the prefix values of its units, in unit order. */
export interface BlockCopy {
  member: number
  values: readonly (readonly number[])[]
}

/**
 * `certified`: agreed, with the members whose copies say so (ascending). `open`: too few copies yet.
 * `disputed`: copies differ and no side, or more than one, has enough voices: it has to be evaluated again.
 */
export type BlockVerdict =
  | { code: 'certified'; values: readonly (readonly number[])[]; by: number[] }
  | { code: 'open' }
  | { code: 'disputed' }

/**
 * Certifies a block by equal copies from two different assignees, or by one copy where the network has one member.
 *
 * Copies are untrusted: one of a member that is not assigned or of the wrong shape does not count, and a member that
 * sent two different copies does not count at all. The verdict depends on the set of copies, not on their order.
 *
 * @param init.members - how many members the network has
 * @param init.units - how many units the block holds
 */
export function certifyBlock(init: {
  copies: readonly BlockCopy[]
  assigned: readonly number[]
  members: number
  units: number
  players: number
  grandValue: number
}): BlockVerdict {
  const voices = new Map<number, Set<string>>()
  const valuesByKey = new Map<string, BlockCopy['values']>()
  for (const { member, values } of init.copies) {
    if (!init.assigned.includes(member) || !hasShape(values, init)) continue
    const key = JSON.stringify(values)
    valuesByKey.set(key, values)
    voices.set(member, (voices.get(member) ?? new Set()).add(key))
  }
  const supporters = new Map<string, number[]>()
  for (const [member, keys] of voices) {
    if (keys.size !== 1) continue
    for (const key of keys) supporters.set(key, [...(supporters.get(key) ?? []), member])
  }
  const needed = init.members === 1 ? 1 : 2
  const agreed = [...supporters].filter(([, by]) => by.length >= needed)
  const [first] = agreed
  if (first !== undefined && agreed.length === 1) {
    const [key, by] = first
    return { code: 'certified', values: valuesByKey.get(key) as BlockCopy['values'], by: by.sort((a, b) => a - b) }
  }
  return supporters.size > 1 ? { code: 'disputed' } : { code: 'open' }
}

/** The shares of the certified blocks from block 0 up to the first that is not: what a credit may be computed from. */
export function certifiedPrefix(plan: Extract<CreditPlan, { kind: 'permutations' }>, verdicts: readonly BlockVerdict[]): Shares {
  const shares: UnitShare[] = []
  for (let block = 0; block < plan.blocks; block++) {
    const verdict = verdicts[block]
    if (verdict?.code !== 'certified') break
    const { first } = blockUnits(plan, block)
    for (const [offset, values] of verdict.values.entries()) shares.push({ unit: first + offset, values })
  }
  return collectShares(shares)
}

function hasShape(values: BlockCopy['values'], init: { units: number; players: number; grandValue: number }): boolean {
  if (!Array.isArray(values) || values.length !== init.units) return false
  return values.every((unit: readonly number[]) => validateUnit(unit, init.players, init.grandValue) === 'ok')
}
