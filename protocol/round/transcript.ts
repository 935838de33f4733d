import { schedulePairs, type CutItem } from '../../consensus/index.ts'
import type { AnswerContent, BallotContent, GradesContent, Phase, Task } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import { answerOf, ballotOf, cutOf, gradesOf, sharesOf } from '../ledger/items.ts'
import type { FrozenRound, RoundState, Rules } from '../ledger/state.ts'
import type { PhaseShare } from './joint.ts'

/** Everything agreed of a round, as plain data: the sole input of its ranking, evaluation and credit. */
export interface Transcript {
  round: string
  task: Task
  /** In author order, which is the order that ballots and results count answers in. */
  answers: { author: string; content: AnswerContent }[]
  ballots: { author: string; content: BallotContent }[]
  /** What members say that the distinct answers are worth; empty where nobody was asked. */
  grades: { author: string; content: GradesContent }[]
  /** Accepted values if the truth was revealed, null otherwise; `truthCommitted` tells whether there was one to reveal. */
  accepted: string[] | null
  truthCommitted: boolean
  /** Where the round stands, and the shares of credit so far. */
  phase: Phase | 'closing'
  shares: PhaseShare[]
  frozen: FrozenRound
  pairSeed: string | null
  /** Seed of the credit plan: it follows from the agreed reveals, so nobody chooses it. */
  creditSeed: string
  /** Seed of the leaves of shares that everybody replays; null where there are no shares. */
  auditSeed: string | null
}

/**
 * Gathers the transcript of a round from the items of its cuts.
 * @throws RangeError if weights are not frozen yet, or an item of a cut is not at hand: it was when the cut was applied
 */
export function gatherTranscript(
  roundId: string,
  round: RoundState,
  task: Task,
  item: (id: string) => Message | undefined,
): Transcript {
  if (round.frozen === null || round.creditSeed === null) throw new RangeError('the weights of the round are not frozen yet')
  const held = ([, id]: CutItem): Message => {
    const message = item(id)
    if (message === undefined) throw new RangeError(`item ${id} of a cut is not at hand`)
    return message
  }
  const truth = cutOf(round, 'evaluate').map(held)[0]
  return {
    round: roundId,
    task,
    answers: answersOf(round, item),
    ballots: cutOf(round, 'ballot-reveal').flatMap((entry) => withContent(held(entry), ballotOf)),
    grades: revealedGrades(round, item),
    accepted: truth?.kind === 'truth' ? truth.body.accepted : null,
    truthCommitted: round.truth !== null,
    phase: round.phase,
    shares: sharesOf(round, item),
    frozen: round.frozen,
    pairSeed: round.pairSeed,
    creditSeed: round.creditSeed,
    auditSeed: round.auditSeed,
  }
}

/** The revealed answers of a round in author order, as soon as they are agreed. */
export function answersOf(round: RoundState, item: (id: string) => Message | undefined): Transcript['answers'] {
  return cutOf(round, 'answer-reveal').flatMap(([, id]) => {
    const message = item(id)
    return message === undefined ? [] : withContent(message, answerOf)
  })
}

/** The revealed grades of a round in author order, as soon as they are agreed. */
export function revealedGrades(round: RoundState, item: (id: string) => Message | undefined): Transcript['grades'] {
  return cutOf(round, 'grade').flatMap(([, id]) => {
    const message = item(id)
    return message === undefined ? [] : withContent(message, gradesOf)
  })
}

/** The pairs that a judge is asked for; empty with open pairing, where any pair counts. */
export function pairsFor(
  judge: string,
  answers: readonly { author: string }[],
  pairSeed: string,
  { parameters }: Rules,
): { left: number; right: number }[] {
  if (parameters.pairing === 'open') return []
  const own = parameters.selfBallots ? [] : answers.flatMap(({ author }, index) => (author === judge ? [index] : []))
  return schedulePairs({ answers: answers.length, own, seed: pairSeed, judge })
}

function withContent<T>(message: Message, read: (reveal: Message<'reveal'>) => T | null): { author: string; content: T }[] {
  const content = message.kind === 'reveal' ? read(message) : null
  return content === null ? [] : [{ author: message.author, content }]
}
