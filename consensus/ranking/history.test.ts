import { describe, expect, it } from 'vitest'
import { createSeededStream } from '../hash.ts'
import { weighBallots } from './ballots.ts'
import { decide } from './decision.ts'
import { gatherEvidence } from './evidence.ts'
import { observeKin } from './kin.ts'
import { emptyJudging, emptyPosterior, observe, observeJudging } from './reputation.ts'
import { clusterInOrder } from './test/rounds.ts'
import type { Comparison, Decision, JudgingTrial, Trial } from './types.ts'
import { freezeWeights, type FrozenWeights, type Standing } from './weights.ts'

const MICRO = 1_000_000
const MEMBERS = 6
const OPTIONS = 4

/** A round as it was played: option 0 is right. `answers` and `verdicts` by player; a player may copy another in both. */
interface Played {
  answers: number[]
  comparisons: Comparison[]
}

/** Members who are right, as answerers and as judges, four times in five; `turned` ones are wrong whenever they can. */
function play(seed: string, copies: number, turned: ReadonlySet<number> = new Set()): Played {
  const stream = createSeededStream(seed)
  const isRight = (member: number): boolean => stream.below(5) > 0 && !turned.has(member)
  const own = Array.from({ length: MEMBERS }, (_, member) => (isRight(member) ? 0 : 1 + stream.below(OPTIONS - 1)))
  const answers = [...own, ...Array.from({ length: copies }, () => own[0] as number)]
  const comparisons = Array.from({ length: MEMBERS }, (_, judge) => judge).flatMap((judge) =>
    answers.slice(0, MEMBERS).flatMap((_, left) =>
      answers.slice(0, left).flatMap((__, right): Comparison[] => {
        const better = answers[left] === answers[right] ? 'tie' : (answers[left] === 0) === isRight(judge) ? 'left' : 'right'
        return [{ judge, left, right, verdict: better }]
      }),
    ),
  )
  const copied = Array.from({ length: copies }, (_, copy) => comparisons.filter(({ judge }) => judge === 0).map((said) => ({ ...said, judge: MEMBERS + copy }))).flat()
  return { answers, comparisons: [...comparisons, ...copied] }
}

function stranger(player: number): Standing {
  return { id: `m${String(player).padStart(2, '0')}`, answering: emptyPosterior(), judging: emptyJudging(), kin: [] }
}

function rank({ answers, comparisons }: Played, standings: readonly Standing[]): { decision: Decision; frozen: FrozenWeights } {
  const frozen = freezeWeights(standings)
  const placed = clusterInOrder(answers)
  const weighed = weighBallots({ answers: placed, comparisons, judgeWeights: frozen.judgeWeights })
  return { decision: decide({ answers: placed, comparisons: weighed, answerWeights: frozen.answerWeights }), frozen }
}

/** Standings after a round whose truth is shown, or not. */
function learn(played: Played, standings: readonly Standing[], isShown: boolean): Standing[] {
  const { answers, comparisons } = played
  const { answerWeights, judgeWeights, anchorMicro } = freezeWeights(standings)
  const placed = clusterInOrder(answers)
  const weighed = weighBallots({ answers: placed, comparisons, judgeWeights })
  const quality = isShown ? answers.map((option) => (option === 0 ? MICRO : 0)) : null
  const evidence = gatherEvidence({ answers: placed, comparisons: weighed, answerWeights, anchorMicro, quality })
  return standings.map(({ id, answering, judging, kin }, player) => ({
    id,
    answering: observe(answering, evidence.answering[player] as Trial),
    judging: observeJudging(judging, evidence.judging[player] as JudgingTrial),
    kin: observeKin(kin, evidence.likeness.flatMap(({ players, apart, chance }) => {
      if (!players.includes(player)) return []
      return [{ member: standings[players[0] === player ? players[1] : players[0]]?.id as string, apart, chance }]
    })),
  }))
}

function live(rounds: number, copies: number, isShown: (round: number) => boolean): Standing[] {
  let standings = Array.from({ length: MEMBERS + copies }, (_, player) => stranger(player))
  for (let round = 0; round < rounds; round++) standings = learn(play(`round${round}`, copies), standings, isShown(round))
  return standings
}

/** Mean change of the winner's mass, over twenty rounds, when these players are removed. */
function influence(standings: readonly Standing[], copies: number, gone: ReadonlySet<number>): number {
  const changes = Array.from({ length: 20 }, (_, round) => {
    const full = play(`probe${round}`, copies)
    const kept = full.answers.flatMap((_, player) => (gone.has(player) ? [] : [player]))
    const place = (player: number): number => kept.indexOf(player)
    const comparisons = full.comparisons
      .map((said) => ({ ...said, judge: place(said.judge), left: place(said.left), right: place(said.right) }))
      .filter(({ judge, left, right }) => judge >= 0 && left >= 0 && right >= 0)
    const answers = kept.map((player) => full.answers[player] as number)
    const [before, after] = [rank(full, standings).decision, rank({ answers, comparisons }, kept.map((player) => standings[player] as Standing)).decision]
    const winner = full.answers[before.winner as number] as number
    const clusters = [...new Set(answers)]
    return Math.abs(Math.max(...before.masses) - (after.masses[clusters.indexOf(winner)] ?? 0))
  })
  return changes.reduce((sum, change) => sum + change, 0) / changes.length
}

const range = (from: number, to: number): Set<number> => new Set(Array.from({ length: to - from }, (_, index) => from + index))

describe('over many rounds', () => {
  it('gives ten copies that were there from the start less influence than two members, seldom though truth is shown', () => {
    for (const every of [1, 10]) {
      const alone = live(160, 0, (round) => round % every === 0)
      const crowded = live(160, 10, (round) => round % every === 0)
      expect(influence(crowded, 10, range(MEMBERS, MEMBERS + 10))).toBeLessThan(influence(alone, 0, range(0, 2)))
      const { judgeWeights } = rank(play('probe', 10), crowded).frozen
      expect([0, 6, 15].reduce((sum, player) => sum + (judgeWeights[player]?.share as number), 0)).toBeLessThan(MICRO)
      expect(judgeWeights.slice(1, MEMBERS).map(({ share }) => share)).toEqual([MICRO, MICRO, MICRO, MICRO, MICRO])
    }
  })

  it('gives ten newcomers who copy a known member no more influence than two members', () => {
    const known = live(80, 0, () => true)
    const joined = [...known, ...Array.from({ length: 10 }, (_, copy) => stranger(MEMBERS + copy))]
    expect(influence(joined, 10, range(MEMBERS, MEMBERS + 10))).toBeLessThanOrEqual(influence(known, 0, range(0, 2)))
  })

  it('takes half the weight of a member that turns, in both roles, within twenty rounds with truth', () => {
    let standings = live(100, 0, () => true)
    const shareOf = (weights: readonly number[]): number => Math.max(0, weights[0] as number) / weights.reduce((sum, weight) => sum + Math.max(0, weight), 0)
    const measure = (): [number, number] => {
      const { answerWeights, judgeWeights } = freezeWeights(standings)
      return [shareOf(answerWeights), shareOf(judgeWeights.map(({ first }) => first))]
    }
    const [answering, judging] = measure()
    for (let round = 0; round < 20; round++) standings = learn(play(`turned${round}`, 0, new Set([0])), standings, true)
    expect(measure()[0]).toBeLessThan(answering / 2)
    expect(measure()[1]).toBeLessThan(judging / 2)
  })

  it('weighs everybody alike where truth is never shown, and moves nothing but kin', () => {
    const standings = live(60, 0, () => false)
    for (const { answering, judging } of standings) expect([answering, judging]).toEqual([emptyPosterior(), emptyJudging()])
    const { frozen, decision } = rank(play('probe', 0), standings)
    expect(frozen.answerWeights).toEqual(Array.from({ length: MEMBERS }, () => MICRO))
    expect(decision).toEqual(rank(play('probe', 0), Array.from({ length: MEMBERS }, (_, player) => stranger(player))).decision)
  })
})
