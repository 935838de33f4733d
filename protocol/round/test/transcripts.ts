import fc from 'fast-check'
import { sha256, type JudgeWeight, type Verdict } from '../../../consensus/index.ts'
import type { BallotContent, Task } from '../../bodies.ts'
import { parametersSchema, type Parameters } from '../../genesis.ts'
import type { Rules } from '../../ledger/state.ts'
import { simulatedSigner } from '../../sim/members.ts'
import type { Transcript } from '../transcript.ts'

/** Ids of simulated members in order, so that player k is member k. */
export const MEMBERS = Array.from({ length: 12 }, (_, index) => simulatedSigner(index).member).sort()

export function rulesWith(parameters: Partial<Parameters> = {}): Rules {
  return { network: sha256('round tests'), parameters: parametersSchema.parse(parameters) }
}

export interface RoundInit {
  task?: Partial<Task>
  /** Value of each member's answer; null where the member has none. */
  answers: (string | null)[]
  /** Text of each member's answer, where it is not just the value. */
  texts?: string[]
  /** By member; members after the last have none. */
  ballots?: (BallotContent | null)[]
  accepted?: string[] | null
  truthCommitted?: boolean
  phase?: Transcript['phase']
  /** By member; null and members after the last have none. */
  grades?: (number[][] | null)[]
  shares?: Transcript['shares']
  judgeWeights?: number[]
}

/** A judge who is as reliable in every situation, and counts as one member. */
function judgeOf(logOdds: number): JudgeWeight {
  return { first: logOdds, second: logOdds, own: logOdds, rival: logOdds, share: 1_000_000, known: 1_000_000 }
}

/** A transcript whose players are the members with an answer or a ballot. */
export function transcriptOf(init: RoundInit): Transcript {
  const { ballots = [] } = init
  const members = MEMBERS.slice(0, Math.max(init.answers.length, ballots.length))
  const isPlayer = (_: string, index: number): boolean => typeof init.answers[index] === 'string' || (ballots[index] ?? null) !== null
  const players = members.filter(isPlayer)
  return {
    round: sha256('round'),
    task: { kind: 'label', prompt: 'Which?', reference: null, answerMs: 1_000, judgeMs: 1_000, ...init.task },
    answers: init.answers.flatMap((value, index) =>
      value === null ? [] : [{ author: MEMBERS[index] as string, content: { text: init.texts?.[index] ?? value, value } }]),
    ballots: ballots.flatMap((content, index) => (content === null ? [] : [{ author: MEMBERS[index] as string, content }])),
    grades: (init.grades ?? []).flatMap((grades, index) => (grades === null ? [] : [{ author: MEMBERS[index] as string, content: { grades } }])),
    accepted: init.accepted ?? null,
    truthCommitted: init.truthCommitted ?? init.accepted !== undefined,
    phase: init.phase ?? 'credit',
    shares: init.shares ?? [],
    frozen: { players, judgeWeights: players.map((_, index) => judgeOf(init.judgeWeights?.[index] ?? 1_000_000)), answerWeights: players.map(() => 1_000_000), anchorMicro: 1_000_000 },
    pairSeed: sha256('pairs'),
    creditSeed: sha256('credit'),
    auditSeed: sha256('audit'),
  }
}

export function ballotOf(...comparisons: [left: number, right: number, verdict: Verdict][]): BallotContent {
  return { comparisons: comparisons.map(([left, right, verdict]) => ({ left, right, verdict })) }
}

const anyVerdict = fc.constantFrom<Verdict>('left', 'right', 'tie')
const anyIndex = fc.nat({ max: 8 })
const anyBallot = fc.array(fc.tuple(anyIndex, anyIndex, anyVerdict), { maxLength: 12 }).map((comparisons) => ballotOf(...comparisons))

/** Rounds of up to seven members who answer, judge, both or neither, with ballots that also say what does not count. */
export const anyRound: fc.Arbitrary<RoundInit> = fc.integer({ min: 0, max: 7 }).chain((members) => {
  const of = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(each, { minLength: members, maxLength: members })
  const anyRoundOf = fc.record({
    answers: of(fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 4 })),
    ballots: of(fc.option(anyBallot, { freq: 4 })),
    truth: fc.constantFrom<'none' | 'withheld' | 'revealed'>('none', 'withheld', 'revealed'),
  })
  return anyRoundOf.map(({ answers, ballots, truth }): RoundInit => ({
    answers,
    ballots,
    ...(truth === 'none' ? {} : { accepted: truth === 'revealed' ? ['a'] : null, truthCommitted: true }),
  }))
})
