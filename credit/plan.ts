import { createSeededStream, shuffle } from '../consensus/index.ts'
import { apportion } from './apportion.ts'
import { EXACT_PLAYERS_MAX } from './exact.ts'
import { countPairs } from './pairs.ts'

/** Most numbered units of one sample. */
export const UNITS_MAX = 1_048_576

/** Evaluations that one block of units holds at most, where a block of one pair is not larger already. */
export const BLOCK_EVALUATIONS_MAX = 1_000

/** What enumeration may cost everybody at most under `auto`, in microseconds of one core. */
export const EXACT_MICROS_MAX = 200_000

/** What has to be evaluated: every coalition by everybody, or numbered units in blocks that members share (work.ts). */
export type CreditPlan = { kind: 'exact' } | SampledPlan
export interface SampledPlan {
  kind: 'permutations' | 'pairs'
  units: number
  unitsPerBlock: number
  blocks: number
}

/** How a plan is chosen; anything but `auto` forces one, except that few players are always enumerated. */
export type PlanRule = 'auto' | SampledPlan['kind']

/** Agreed cost of one evaluation in microseconds, of a coalition by itself and of one that grows by one member. */
export interface EvaluationCost {
  freshMicros: number
  prefixMicros: number
}

/**
 * The work plan of a round: a function of agreed integers, the same for everybody.
 *
 * All coalitions up to `exactPlayersMax` players, or, where the cost is known, as long as they take EXACT_MICROS_MAX in all.
 * Above that a sample of 2 * `pairs` * `players` evaluations: fresh complementary pairs, which tell most per evaluation, unless
 * growing a coalition is so cheap that prefixes of permutations, whose variance is two and a half times as large, win.
 * Blocks are small enough to evaluate quickly, and at least one per player where there are units enough, so that everybody can
 * take part. The last block may be shorter.
 *
 * @param init.pairs - antithetic pairs of permutations, or as many evaluations of complementary pairs
 * @throws RangeError if players is negative, exactPlayersMax is not 0..16, pairs not 1..2^19, or a cost below 1
 */
export function planCredit(init: { players: number; exactPlayersMax: number; pairs: number; rule?: PlanRule; cost?: EvaluationCost }): CreditPlan {
  const { players, exactPlayersMax, pairs, rule = 'auto', cost } = init
  assertInteger('players', players, 0, UNITS_MAX)
  assertInteger('exactPlayersMax', exactPlayersMax, 0, EXACT_PLAYERS_MAX)
  assertInteger('pairs', pairs, 1, UNITS_MAX / 2)
  if (cost !== undefined) for (const [name, micros] of Object.entries(cost)) assertInteger(name, micros as number, 1, Number.MAX_SAFE_INTEGER)
  const isCheap = rule === 'auto' && cost !== undefined && players <= EXACT_PLAYERS_MAX && (1 << players) * cost.freshMicros <= EXACT_MICROS_MAX
  if (players <= exactPlayersMax || players < 2 || isCheap) return { kind: 'exact' }
  const prefixesWin = cost !== undefined && 5 * cost.prefixMicros < 2 * cost.freshMicros
  if (rule === 'permutations' || (rule === 'auto' && prefixesWin)) return inBlocks('permutations', pairs, 2, players)
  return inBlocks('pairs', Math.min(pairsToDraw(pairs * players, players), UNITS_MAX), 1, players)
}

/** All complementary pairs there are, once nine tenths of them are wanted: the rest costs little, and with it credit is exact. */
export function pairsToDraw(wanted: number, players: number): number {
  const all = countPairs(players)
  return 10 * wanted >= 9 * all ? all : wanted
}

/** `parts` of `unitsPerPart` units each, in blocks of whole parts. */
function inBlocks(kind: SampledPlan['kind'], parts: number, unitsPerPart: number, players: number): SampledPlan {
  const evaluationsPerPart = kind === 'pairs' ? 2 : 2 * players
  const bySize = Math.floor(BLOCK_EVALUATIONS_MAX / evaluationsPerPart)
  const byPlayers = Math.floor(parts / players)
  const partsPerBlock = Math.max(1, Math.min(bySize, byPlayers))
  return { kind, units: unitsPerPart * parts, unitsPerBlock: unitsPerPart * partsPerBlock, blocks: Math.floor((parts + partsPerBlock - 1) / partsPerBlock) }
}

/** First unit and number of units of a block. */
export function blockUnits(plan: SampledPlan, block: number): { first: number; count: number } {
  assertInteger('block', block, 0, plan.blocks - 1)
  const first = block * plan.unitsPerBlock
  return { first, count: Math.min(plan.unitsPerBlock, plan.units - first) }
}

/**
 * Who evaluates which block: for each block the indices of its assignees, in the order in which they were drawn.
 *
 * Every block has `redundancy` different members (all, if there are fewer). How many blocks a member gets is its share
 * of all places in proportion to its weight, to the nearest whole block, at most once per block; members without weight
 * get places only if nobody or too few have weight. Which blocks, and together with whom, is drawn from the seed.
 * The order in which members are listed changes nothing but their indices.
 *
 * @param init.weights - reputation per member, non-negative integers
 * @throws RangeError for a wrong count, a negative weight, a redundancy below 1 or two members of one id
 */
export function assignBlocks(init: {
  members: readonly string[]
  weights: readonly number[]
  blocks: number
  redundancy: number
  seed: string
}): number[][] {
  const { members, weights, blocks, seed } = init
  assertInteger('blocks', blocks, 0, UNITS_MAX)
  assertInteger('redundancy', init.redundancy, 1, UNITS_MAX)
  if (weights.length !== members.length) throw new RangeError(`weights must be one per member, got ${weights.length} for ${members.length}`)
  if (new Set(members).size !== members.length) throw new RangeError('members must differ')
  const redundancy = Math.min(init.redundancy, members.length)
  const byId = members.map((_, index) => index).sort((a, b) => ((members[a] as string) < (members[b] as string) ? -1 : 1))
  const order = shuffle(byId, `${seed}/members`)
  const places = placesInProportion(order.map((index) => weights[index] as number), blocks, redundancy)
  const stream = createSeededStream(`${seed}/blocks`)
  return Array.from({ length: blocks }, (_, block) =>
    drawAssignees(places, blocks - block, redundancy, stream).map((position) => order[position] as number))
}

/** Places per member: blocks * redundancy in total, in proportion to weight, nobody above `blocks`. */
function placesInProportion(weights: readonly number[], blocks: number, redundancy: number): number[] {
  const places: (number | null)[] = weights.map(() => null)
  for (;;) {
    const open = places.flatMap((held, index) => (held === null ? [index] : []))
    const left = blocks * redundancy - places.reduce<number>((sum, held) => sum + (held ?? 0), 0)
    const openWeights = open.map((index) => weights[index] as number)
    const parts = apportion(left, openWeights.some((weight) => weight > 0) ? openWeights : openWeights.map(() => 1))
    if (parts.every((part) => part <= blocks)) {
      for (const [rank, index] of open.entries()) places[index] = parts[rank] as number
      return places.map((held) => held ?? 0)
    }
    for (const [rank, index] of open.entries()) if ((parts[rank] as number) > blocks) places[index] = blocks
  }
}

/**
 * Draws the assignees of one block and takes the places from `places`. With `blocksLeft` blocks to fill, whoever has
 * that many places must be in; the others are drawn in proportion to the places they have left. This never gets stuck:
 * places always sum to blocksLeft * redundancy and nobody has more than blocksLeft.
 */
function drawAssignees(places: number[], blocksLeft: number, redundancy: number, stream: { below(bound: number): number }): number[] {
  const due = places.flatMap((left, position) => (left === blocksLeft ? [position] : []))
  const free = places.map((left) => (left === blocksLeft ? 0 : left))
  const drawn: number[] = []
  while (drawn.length < redundancy - due.length) {
    let ticket = stream.below(free.reduce((sum, left) => sum + left, 0))
    const position = free.findIndex((left) => (ticket -= left) < 0)
    free[position] = 0
    drawn.push(position)
  }
  const assigned = [...due, ...drawn]
  for (const position of assigned) places[position] = (places[position] as number) - 1
  return assigned
}

function assertInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw new RangeError(`${name} must be an integer ${min}..${max}, got ${value}`)
}
