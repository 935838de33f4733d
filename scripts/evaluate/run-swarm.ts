/** The one place of the evaluation that knows how rounds are ranked and learned from: as protocol/round/close.ts does it. */
import {
  decide,
  emptyJudging,
  emptyPosterior,
  freezeWeights,
  gatherEvidence,
  observe,
  observeJudging,
  observeKin,
  poolJudging,
  summarize,
  weighBallots,
  type JudgeWeight,
  type JudgingTrial,
  type Likeness,
  type RankingInput,
  type Standing,
  type Trial,
} from '../../consensus/index.ts'
import { rightClusters, type PanelTask } from './panel.ts'

/** The right answers of a round are shown, there are none to show, or the asker promised them and does not show them. */
export type Truth = 'shown' | 'none' | 'withheld'

/** A decided round. Weights are in the order of `players`, which are members, ascending. */
export interface SwarmRound {
  players: number[]
  /** Mass per cluster in micro-units, and the clusters that share the highest. */
  masses: number[]
  tied: number[]
  /** What verdicts of each weigh on average over all situations, in micro-units; negative where they are read the other way round. */
  judgeWeights: readonly number[]
  answerWeights: readonly number[]
}

/** What members have shown so far, and the rounds that are ranked by it. */
export interface Swarm {
  /** Ranks a round and changes nothing. */
  rank: (task: PanelTask) => SwarmRound
  /** Ranks a round, then learns from it. */
  play: (task: PanelTask, truth: Truth) => SwarmRound
  /** Mean reputation of a member in each role, 0..1. */
  reputation: (member: number) => { answering: number; judging: number }
}

interface PreparedRound {
  players: number[]
  input: RankingInput
  anchorMicro: number
  round: SwarmRound
}

const MICRO = 1_000_000

/** A swarm in which nobody is known yet. */
export function createSwarm(): Swarm {
  const standings = new Map<number, Standing>()
  const standingOf = (member: number): Standing => standings.get(member) ?? { id: idOf(member), answering: emptyPosterior(), judging: emptyJudging(), kin: [] }
  const prepare = ({ answers, comparisons }: PanelTask): PreparedRound => {
    const players = [...new Set([...answers.map(({ author }) => author), ...comparisons.map(({ judge }) => judge)])].sort((a, b) => a - b)
    const places = new Map(players.map((member, place) => [member, place]))
    const place = (member: number): number => places.get(member) as number
    const frozen = freezeWeights(players.map(standingOf))
    const { answerWeights, anchorMicro } = frozen
    const placed = answers.map(({ author, cluster }) => ({ author: place(author), cluster }))
    const heard = comparisons.map((comparison) => ({ ...comparison, judge: place(comparison.judge) }))
    const input = { answers: placed, comparisons: weighBallots({ answers: placed, comparisons: heard, judgeWeights: frozen.judgeWeights }), answerWeights }
    const { masses, tied } = decide(input)
    return { players, input, anchorMicro, round: { players, masses, tied, judgeWeights: frozen.judgeWeights.map(weighVerdicts), answerWeights } }
  }
  return {
    rank: (task) => prepare(task).round,
    play(task, truth) {
      const { players, input, anchorMicro, round } = prepare(task)
      if (truth === 'withheld') return round
      const right = rightClusters(task)
      const quality = truth === 'none' ? null : task.answers.map(({ cluster }) => (right[cluster] === true ? MICRO : 0))
      const { answering, judging, likeness } = gatherEvidence({ ...input, anchorMicro, quality })
      players.forEach((member, index) => {
        const before = standingOf(member)
        standings.set(member, {
          id: before.id,
          answering: observe(before.answering, answering[index] as Trial),
          judging: observeJudging(before.judging, judging[index] as JudgingTrial),
          kin: observeKin(before.kin, kinSeen(likeness, index, players)),
        })
      })
      return round
    },
    reputation(member) {
      const { answering, judging } = standingOf(member)
      return { answering: summarize(answering).mean / MICRO, judging: summarize(poolJudging(judging)).mean / MICRO }
    },
  }
}

/** Ids sort as the members do. */
function idOf(member: number): string {
  return String(member).padStart(6, '0')
}

/** What verdicts of a judge weigh on average over the situations, times as how much of a member it counts. */
function weighVerdicts({ first, second, own, rival, share }: JudgeWeight): number {
  return ((first + second + own + rival) / 4) * (share / MICRO)
}

function kinSeen(likeness: readonly Likeness[], player: number, players: readonly number[]): Parameters<typeof observeKin>[1] {
  return likeness.flatMap(({ players: [one, other], apart, chance }) => {
    if (one !== player && other !== player) return []
    return [{ member: idOf(players[one === player ? other : one] as number), apart, chance }]
  })
}
