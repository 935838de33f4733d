import { sha256, shuffle } from '../../consensus/index.ts'
import {
  assignBlocks,
  blockUnits,
  createWork,
  creditFromShares,
  drawSpotChecks,
  evaluateUnits,
  planCredit,
  replayLeaves,
  settleShares,
  type BlockCopy,
  type CreditResult,
  type Playing,
  type SampledPlan,
  type SpotValue,
} from '../../credit/index.ts'
import { commitmentOf, encode, opens, shareContent } from '../../protocol/index.ts'
import type { Attack } from './attacks.ts'
import { MEMBERS, type Scene } from './scene.ts'

const PAIRS = 16
const REDUNDANCY = 2
/** Leaves of each block that everybody replays at closing. */
const CHECKS_PER_BLOCK = 2
/** Leaves of others' blocks that an honest member finds out, for each of its own. */
const SPOTS_PER_LEAF = 3

/** What came of one round. */
export interface Outcome {
  credit: CreditResult
  /** Liars that are proven. */
  proven: number
  /** Blocks with lies that no two honest copies contradicted, and how many of those were proven. */
  lies: number
  found: number
  copiesCaught: number
  units: number
}

/** Plays the credit phases of one round: sealed shares, replacements, settlement at closing. */
export function playRound(scene: Scene, attack: Attack, seed: string): Outcome {
  const { game, liars, weights } = scene
  const members = Array.from({ length: MEMBERS }, (_, member) => `m${String(member).padStart(2, '0')}`)
  const plan = planCredit({ players: MEMBERS, exactPlayersMax: 8, pairs: PAIRS }) as SampledPlan
  const work = createWork({ plan, seed, players: MEMBERS })
  const playing = { plan, work, game }
  const assigned = assignBlocks({ members, weights, blocks: plan.blocks, redundancy: REDUNDANCY, seed })
  const truths = assigned.map((_, block) => evaluateUnits(game, work, blockUnits(plan, block).first, blockUnits(plan, block).count))
  let copiesCaught = 0
  const copies = assigned.map((assignees, block) => {
    const order = shuffle(members.map((_, member) => member).filter((member) => !assignees.includes(member)), `${seed}/next/${block}`)
    const sent: BlockCopy[] = []
    for (const turn of [assignees, order.slice(0, REDUNDANCY), order.slice(REDUNDANCY)]) {
      if (agree(sent)) break
      for (const member of turn) {
        const copy = copyOf(scene, attack, { ...playing, truth: truths[block] as BlockCopy['values'], block, member, turn, seed })
        if (copy !== null && copy !== 'copy') sent.push({ member, values: copy })
        // A copier has to commit before it has seen anybody's share: to something else, or to what another has committed to.
        if (copy === 'copy' && !opensAnything(sent[0] ?? null, member, block, seed)) copiesCaught++
      }
    }
    return sent
  })
  const grandValue = scene.exact.grandValue
  const everybody = members.map((_, member) => member)
  const spots = everybody.filter((member) => !liars.includes(member)).flatMap((member) => spotsOf(playing, assigned, member, seed))
  const settled = settleShares({ ...playing, copies, assigned: assigned.map(() => everybody), members: MEMBERS, grandValue, seed: sha256(`${seed}/later`), checks: CHECKS_PER_BLOCK, spots })
  const wrong = assigned.flatMap((_, block) => (blockOf(settled.shares, plan, block) === JSON.stringify(truths[block]) ? [] : [block]))
  return {
    credit: creditFromShares({ shares: settled.shares, work, grandValue, prior: scene.prior }) as CreditResult,
    proven: settled.evidence.filter(({ member }) => liars.includes(member)).length,
    lies: wrong.length + settled.redone.length,
    found: settled.redone.length,
    copiesCaught,
    units: settled.shares.length,
  }
}

/** What an honest member finds out of others' blocks before anybody shows anything. */
function spotsOf({ plan, work, game }: Playing, assigned: readonly (readonly number[])[], member: number, seed: string): SpotValue[] {
  const own = assigned.reduce((sum, assignees, block) => sum + (assignees.includes(member) ? blockUnits(plan, block).count * work.leaves : 0), 0)
  const drawn = drawSpotChecks({ seed: sha256(`${seed}/salt/${member}`), member, plan, leaves: work.leaves, assigned, count: SPOTS_PER_LEAF * own })
  const values = replayLeaves({ plan, work, game }, drawn)
  return drawn.map((leaf, index) => ({ ...leaf, member, value: values[index] as number }))
}

function copyOf(scene: Scene, attack: Attack, init: Playing & { truth: BlockCopy['values']; block: number; member: number; turn: readonly number[]; seed: string }): BlockCopy['values'] | 'copy' | null {
  const { truth, block, member, turn } = init
  if (!scene.liars.includes(member)) return truth
  if (attack.covert && !turn.every((other) => scene.liars.includes(other))) return truth
  const sent = attack.send({ values: truth, work: init.work, first: blockUnits(init.plan, block).first, favoured: scene.favoured, seed: `${init.seed}/${block}` })
  return sent === 'silence' ? null : sent
}

function opensAnything(seen: BlockCopy | null, member: number, block: number, seed: string): boolean {
  if (seen === null) return false
  const salt = new Uint8Array(32)
  const commit = (author: number, values: number[][]): string => commitmentOf(seed, seed, 'credit', `m${author}`, { content: encode(shareContent({ blocks: [{ block, values }], checks: [] })), salt })
  const values = seen.values.map((unit) => [...unit])
  const guess = values.map((unit) => unit.map(() => 0))
  return [commit(member, guess), commit(seen.member, values)].some((commitment) => opens(seed, `m${member}`, { round: seed, phase: 'credit', blocks: [{ block, values }], checks: [], salt }, commitment))
}

/** Whether two copies agree: then nobody is asked for another. */
function agree(copies: readonly BlockCopy[]): boolean {
  const texts = copies.map(({ values }) => JSON.stringify(values))
  return new Set(texts).size < texts.length
}

function blockOf(shares: readonly { unit: number; values: readonly number[] | null }[], plan: SampledPlan, block: number): string {
  const { first, count } = blockUnits(plan, block)
  return JSON.stringify(shares.slice(first, first + count).map(({ values }) => values))
}
