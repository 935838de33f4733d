import { createSeededStream } from '../consensus/index.ts'
import { verifyLeafProof } from './merkle.ts'
import type { SampledPlan } from './plan.ts'
import { blockUnits } from './plan.ts'
import type { LieEvidence, Playing } from './settle.ts'
import { replayLeaf } from './settle.ts'

/** `proven`: the member lied. `no-fault`: the leaf is right. `bad-proof`: the leaf is not in the signed copy, or nowhere. */
export type EvidenceVerdict = 'proven' | 'no-fault' | 'bad-proof'

/** Checks evidence from elsewhere by replaying one leaf. Never throws on it. @param init.root - as the member signed it for that block */
export function checkEvidence(init: Playing & { evidence: LieEvidence; root: string }): EvidenceVerdict {
  const { evidence: { block, leaf }, root, plan, work } = init
  if (!Number.isInteger(block) || block < 0 || block >= plan.blocks) return 'bad-proof'
  if (!verifyLeafProof(root, blockUnits(plan, block).count * work.leaves, leaf)) return 'bad-proof'
  return replayLeaf(init, block, leaf.index) === leaf.value ? 'no-fault' : 'proven'
}

/** A leaf that a member replays although others were assigned it. */
export interface SpotCheck {
  block: number
  index: number
}

/**
 * The leaves that `member` replays beside its share, by a seed that nobody else knows until it shows what it found: so that
 * assignees who agree on a lie cannot know which leaf is safe. Different leaves of blocks that the member was not assigned,
 * uniformly; all of them if there are not more. Of a longer draw a shorter one is the beginning.
 *
 * @param init.leaves - leaves per unit
 * @param init.assigned - assignees of each block that counted
 */
export function drawSpotChecks(init: { seed: string; member: number; plan: SampledPlan; leaves: number; assigned: readonly (readonly number[])[]; count: number }): SpotCheck[] {
  const { plan, leaves, member } = init
  const open: SpotCheck[] = init.assigned.flatMap((assignees, block) =>
    assignees.includes(member) ? [] : Array.from({ length: blockUnits(plan, block).count * leaves }, (_, index) => ({ block, index })))
  const stream = createSeededStream(`${init.seed}/spot-checks/${member}`)
  const drawn: SpotCheck[] = []
  while (drawn.length < init.count && open.length > 0) {
    const picked = stream.below(open.length)
    drawn.push(open[picked] as SpotCheck)
    open[picked] = open.at(-1) as SpotCheck
    open.pop()
  }
  return drawn
}
