import { beatProbability, everySituation, gatherEvidence } from '../../consensus/index.ts'
import {
  blockUnits,
  computeExactCredit,
  createRoundGame,
  createWork,
  creditFromShares,
  evaluateUnits,
  replayLeaves,
  settleShares,
  splitPoints,
  type Game,
  type Prior,
  type SampledPlan,
} from '../../credit/index.ts'
import type { Body } from '../bodies.ts'
import { RATED_PLAYERS_MIN } from '../ledger/close-phase.ts'
import { LIMITS } from '../limits.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { Rules } from '../ledger/state.ts'
import { rememberedOf } from '../memo.ts'
import { describeGrades, gradedQuality } from './grades.ts'
import { blocksOf, copiesOf, jointWorkOf, leavesToCheck, shownIn } from './joint.ts'
import { rankRound, type RankedRound } from './rank.ts'
import type { Transcript } from './transcript.ts'

/** Leaves of each block of shares that everybody replays before they count, besides those on which copies differ. */
export const CHECKS_PER_BLOCK = 2

/** The result of a round from its transcript. Pure and long: an effect, never part of proposing or voting. */
export function closeRound(transcript: Transcript, rules: Rules): RoundResult {
  const { players } = transcript.frozen
  const replayed = gameOf(transcript, rules)
  const { ranked, game, graded } = replayed
  const { decision } = ranked
  // A truth that was promised and not revealed moves nothing.
  const truthMissing = transcript.truthCommitted && transcript.accepted === null
  const rated = players.length >= RATED_PLAYERS_MIN && transcript.answers.length > 0 && !truthMissing
  const grandValue = game.value(new Uint8Array(players.length).fill(1))
  const { credit, lies } = rated ? computeCredit(transcript, rules, replayed, grandValue) : { credit: null, lies: [] }
  const grading = rated ? describeGrades(transcript, ranked.input, rules) : null
  const evidence = rated ? gatherEvidence({ ...ranked.input, anchorMicro: transcript.frozen.anchorMicro, quality: ranked.quality }) : null
  return {
    round: transcript.round,
    kind: transcript.task.kind,
    rated,
    players,
    answers: ranked.input.answers.map((answer, index) => ({
      ...answer,
      strength: decision.strengths[index] as number,
      quality: ranked.quality?.[index] ?? null,
    })),
    clusters: ranked.values.map((value, cluster) => ({ value, mass: decision.masses[cluster] as number })),
    tied: decision.tied,
    winner: decision.winner,
    agreement: decision.agreement,
    evaluation: {
      source: ranked.source === 'none' && transcript.answers.length > 0 ? (graded === null ? 'consensus' : 'grades') : ranked.source,
      micro: grandValue,
      success: grandValue >= rules.parameters.successMicro,
    },
    credit,
    ...(grading === null ? {} : { grading }),
    points: credit === null ? players.map(() => 0) : splitPoints(rules.parameters.pointsPerRound, credit),
    answering: evidence?.answering ?? players.map(() => ({ success: 0, failure: 0 })),
    judging: evidence?.judging ?? players.map(() => everySituation(() => ({ success: 0, failure: 0 }))),
    likeness: evidence?.likeness ?? [],
    lies,
  }
}

interface ReplayedRound {
  ranked: RankedRound
  game: Game
  /** Quality of each answer by its grades; null where they do not count. */
  graded: number[] | null
}

/** The ranking of a round, and the game in which any coalition of its players can be looked at. */
export function gameOf(transcript: Transcript, rules: Rules): ReplayedRound {
  return rememberedOf(transcript, 'game', () => {
    const ranked = rankRound(transcript, rules)
    const graded = gradedQuality(transcript, rules)
    return { ranked, graded, game: createRoundGame({ ranking: ranked.input, quality: graded ?? qualityOf(ranked) }) }
  })
}

/**
 * The blocks of units that it is the turn of `author` to evaluate in this phase, evaluated, and in the first phase
 * `creditChecks` times as many leaves of blocks that were not assigned to it, drawn from its salt. Empty for a stranger to the round.
 */
export function computeShare(transcript: Transcript, rules: Rules, author: string, salt: Uint8Array): Body<'share'> {
  const { game } = gameOf(transcript, rules)
  const joint = jointWorkOf(transcript.frozen, transcript.creditSeed, rules)
  const phase = shownIn(transcript.phase) ?? 'credit'
  if (joint === null) return { round: transcript.round, phase, blocks: [], checks: [], salt }
  const work = createWork({ plan: joint.plan, seed: transcript.creditSeed, players: game.players })
  const blocks = blocksOf(joint, transcript.shares, phase, author).map((block) => {
    const { first, count } = blockUnits(joint.plan, block)
    return { block, values: evaluateUnits(game, work, first, count) }
  })
  const own = blocks.reduce((sum, { values }) => sum + values.flat().length, 0)
  const count = phase === 'credit' ? Math.min(rules.parameters.creditChecks * own, LIMITS.shareChecksMax) : 0
  const checks = replayLeaves({ plan: joint.plan, work, game }, leavesToCheck(joint, salt, author, count))
  return { round: transcript.round, phase, blocks, checks, salt }
}

/** Evaluation of each answer; without truth and checker, the estimated probability that its cluster's best beats a random other answer. */
function qualityOf({ quality, decision, input }: RankedRound): number[] {
  if (quality !== null) return quality
  const chances = decision.strengths.map((_, index) => beatProbability(decision.strengths, index))
  return input.answers.map(({ cluster }) => Math.max(...chances.filter((_, index) => input.answers[index]?.cluster === cluster)))
}

/** What steers the estimate of credit: each player's own quality, and the players with an answer as the swarm ranks them. */
function priorOf({ ranked, graded }: ReplayedRound, players: number): Prior {
  const { input: { answers }, decision } = ranked
  const quality = Array.from({ length: players }, () => 0)
  for (const [index, value] of (graded ?? qualityOf(ranked)).entries()) quality[answers[index]?.author as number] = value
  const massOf = (index: number): number => decision.masses[answers[index]?.cluster as number] as number
  const byRank = answers.map((_, index) => index).sort((a, b) => massOf(b) - massOf(a) || (decision.strengths[b] as number) - (decision.strengths[a] as number) || a - b)
  return { quality, order: byRank.map((index) => answers[index]?.author as number) }
}

function computeCredit(transcript: Transcript, rules: Rules, replayed: ReplayedRound, grandValue: number): Pick<RoundResult, 'credit' | 'lies'> {
  const { game } = replayed
  const joint = jointWorkOf(transcript.frozen, transcript.creditSeed, rules)
  if (joint === null) return { credit: computeExactCredit(game), lies: [] }
  const { plan, players } = joint
  const work = createWork({ plan, seed: transcript.creditSeed, players: players.length })
  const everybody = players.map((_, index) => index)
  const { shares: settled, evidence } = settleShares({
    plan,
    work,
    game,
    copies: joint.assigned.map((_, block) => copiesOf(joint, transcript.shares, block)),
    assigned: joint.assigned.map(() => everybody),
    members: players.length,
    grandValue,
    seed: transcript.auditSeed ?? '',
    checks: CHECKS_PER_BLOCK,
    spots: transcript.shares.flatMap(({ author, phase, salt, checks }) => {
      const member = players.indexOf(author)
      if (member < 0 || phase !== 'credit') return []
      return leavesToCheck(joint, salt, author, checks.length).map((leaf, index) => ({ ...leaf, member, value: checks[index] as number }))
    }),
  })
  const least = leastUnits(plan, players.length)
  const shares = settled.length < least ? evaluateUnits(game, work, 0, least).map((values, unit) => ({ unit, values })) : settled
  const lies = evidence.map(({ member, block, leaf }) => ({ player: member, block, leaf: leaf.index, said: leaf.value }))
  return { credit: creditFromShares({ shares, work, grandValue, prior: priorOf(replayed, players.length) }), lies }
}

// What everybody evaluates itself where not even so much is settled, so that no round is left without credit.
function leastUnits(plan: SampledPlan, players: number): number {
  return Math.min(plan.units, Math.max(plan.unitsPerBlock, plan.kind === 'pairs' ? 2 * players : 0))
}
