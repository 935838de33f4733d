import { beatProbability, gatherEvidence } from '../../consensus/index.ts'
import {
  assignBlocks,
  blockUnits,
  certifiedPrefix,
  certifyBlock,
  computeExactCredit,
  createRoundGame,
  creditFromShares,
  evaluateUnit,
  planCredit,
  splitPoints,
  unitPermutation,
  type CreditPlan,
  type CreditResult,
  type Game,
  type Shares,
} from '../../credit/index.ts'
import type { Body } from '../bodies.ts'
import { RATED_PLAYERS_MIN } from '../ledger/close-phase.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { Rules } from '../ledger/state.ts'
import { rankRound, type RankedRound } from './rank.ts'
import type { Transcript } from './transcript.ts'

type SharedPlan = Extract<CreditPlan, { kind: 'permutations' }>

/** The result of a round from its transcript. Pure and long: an effect, never part of proposing or voting. */
export function closeRound(transcript: Transcript, rules: Rules): RoundResult {
  const { players } = transcript.frozen
  const ranked = rankRound(transcript, rules)
  const { decision } = ranked
  // A truth that was promised and not revealed moves nothing.
  const truthMissing = transcript.truthCommitted && transcript.accepted === null
  const rated = players.length >= RATED_PLAYERS_MIN && transcript.answers.length > 0 && !truthMissing
  const game = createRoundGame({ ranking: ranked.input, quality: qualityOf(ranked) })
  const grandValue = game.value(new Uint8Array(players.length).fill(1))
  const credit = rated ? computeCredit(transcript, rules, game, grandValue) : null
  const evidence = rated ? gatherEvidence({ ...ranked.input, players: players.length, quality: ranked.quality }) : null
  const silence = players.map(() => ({ success: 0, failure: 0 }))
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
      source: ranked.source === 'none' && transcript.answers.length > 0 ? 'consensus' : ranked.source,
      micro: grandValue,
      success: grandValue >= rules.parameters.successMicro,
    },
    credit,
    points: credit === null ? players.map(() => 0) : splitPoints(rules.parameters.pointsPerRound, credit),
    answering: evidence?.answering ?? silence,
    judging: evidence?.judging ?? silence,
  }
}

/** The blocks of permutations that were assigned to `author`, evaluated. Empty for a stranger to the round. */
export function computeShare(transcript: Transcript, rules: Rules, author: string): Body<'share'>['blocks'] {
  const ranked = rankRound(transcript, rules)
  const game = createRoundGame({ ranking: ranked.input, quality: qualityOf(ranked) })
  const { plan, assigned } = planOf(transcript, rules)
  const member = transcript.frozen.players.indexOf(author)
  if (plan.kind !== 'permutations') return []
  return assigned.flatMap((assignees, block) =>
    assignees.includes(member) ? [{ block, values: evaluateBlock(game, plan, block, transcript.creditSeed) }] : [],
  )
}

/** Evaluation of each answer; without truth and checker, the estimated probability that its cluster's best beats a random other answer. */
function qualityOf({ quality, decision, input }: RankedRound): number[] {
  if (quality !== null) return quality
  const chances = decision.strengths.map((_, index) => beatProbability(decision.strengths, index))
  return input.answers.map(({ cluster }) => Math.max(...chances.filter((_, index) => input.answers[index]?.cluster === cluster)))
}

function computeCredit(transcript: Transcript, rules: Rules, game: Game, grandValue: number): RoundResult['credit'] {
  const { plan, assigned } = planOf(transcript, rules)
  if (plan.kind === 'exact') return computeExactCredit(game)
  const { players } = transcript.frozen
  const verdicts = assigned.map((assignees, block) =>
    certifyBlock({
      copies: transcript.shares.flatMap(({ author, blocks }) =>
        blocks.filter((copy) => copy.block === block).map(({ values }) => ({ member: players.indexOf(author), values })),
      ),
      assigned: assignees,
      members: players.length,
      units: blockUnits(plan, block).count,
      players: players.length,
      grandValue,
    }),
  )
  const certified = certifiedPrefix(plan, verdicts)
  const fromShares = (shares: Shares): CreditResult | null =>
    creditFromShares({ shares, players: players.length, grandValue, seed: transcript.creditSeed })
  return fromShares(certified) ?? fromShares(ownFirstBlock(game, plan, transcript.creditSeed))
}

// Where not even the first block is certified it passes to everyone, so that no round is left without credit.
function ownFirstBlock(game: Game, plan: SharedPlan, seed: string): Shares {
  return evaluateBlock(game, plan, 0, seed).map((values, unit) => ({ unit, values }))
}

function planOf({ frozen, creditSeed }: Transcript, { parameters }: Rules): { plan: CreditPlan; assigned: number[][] } {
  const { players, judgeWeights } = frozen
  const plan = planCredit({ players: players.length, exactPlayersMax: parameters.exactPlayersMax, pairs: parameters.creditPairs })
  if (plan.kind === 'exact') return { plan, assigned: [] }
  const weights = judgeWeights.map((weight) => Math.max(0, weight))
  const redundancy = parameters.creditRedundancy
  return { plan, assigned: assignBlocks({ members: players, weights, blocks: plan.blocks, redundancy, seed: creditSeed }) }
}

function evaluateBlock(game: Game, plan: SharedPlan, block: number, seed: string): number[][] {
  const { first, count } = blockUnits(plan, block)
  return Array.from({ length: count }, (_, offset) => evaluateUnit(game, unitPermutation(seed, first + offset, game.players)))
}
