import type { RoundLook } from '../../runtime/follow-round.ts'
import type { NodeService, RoundDetail, RoundPhase } from '../../service.ts'
import { roundPhaseSchema } from '../../service/rounds.ts'

/** In the order in which they happen. */
const PHASES = roundPhaseSchema.options
/** Members that a rated round needs. */
const RATED_MEMBERS_MIN = 3
const NAMES_MAX = 12

/** Turns looks at a round into sentences for people, each said once and in order; the last one tells who won. */
export function createProgress(service: Pick<NodeService, 'status'>): (look: RoundLook) => string[] {
  let begun = false
  let furthest = -1
  let ended = false
  return ({ round, events }) => {
    const asked = begun ? [] : [sayAsked(round, service.status().membersPresent)]
    begun = true
    // What is known of the round may be ahead of its events.
    const entered = events.flatMap((event) => (event.type === 'phase-entered' ? [PHASES.indexOf(event.phase)] : []))
    const reached = round.openedHeight === null ? -1 : PHASES.indexOf(round.phase)
    const passed = [...new Set([...entered, reached])].filter((index) => index > furthest).sort((a, b) => a - b)
    furthest = passed.at(-1) ?? furthest
    const failures = events.flatMap((event) => (event.type === 'agent-error' ? [`This node's own model failed (${event.code}): ${event.message}`] : []))
    const winner = ended ? null : sayWinner(round)
    ended = winner !== null
    return [...asked, ...passed.map((index) => sayPhase(PHASES[index] as RoundPhase, round)), ...failures, winner].filter((sentence) => sentence !== null)
  }
}

function sayAsked({ round }: RoundDetail, present: number): string {
  const unrated = present < RATED_MEMBERS_MIN ? ` Below ${RATED_MEMBERS_MIN} the round is unrated.` : ''
  return `Round ${round.slice(0, 8)}: asked the network, ${count(present, 'member')} present.${unrated}`
}

function sayPhase(phase: RoundPhase, { answers, comparisons }: RoundDetail): string | null {
  switch (phase) {
    case 'answer-commit':
      return 'Members write their answers, sealed until all are in.'
    case 'answer-reveal':
      return 'The answers are in and are opened.'
    case 'ballot-commit':
      return `${count(answers.length, 'member')} answered: ${list(answers.map(({ name }) => name))}. They compare the answers.`
    case 'ballot-reveal':
      return 'The verdicts are in and are opened.'
    case 'evaluate':
      return 'The asker opens the truth.'
    case 'grade-commit':
      return 'Members grade the answers one by one.'
    case 'closing':
      if (answers.length < 2) return `${count(answers.length, 'member')} answered${answers.length === 0 ? '' : `: ${list(answers.map(({ name }) => name))}`}. There is nothing to compare.`
      return `${count(new Set(comparisons.map(({ judge }) => judge)).size, 'member')} judged, with ${count(comparisons.length, 'verdict')}. The result is being agreed on.`
    case 'credit':
      return 'Members work out what each of them contributed.'
    default:
      return null
  }
}

function sayWinner({ winner, ranking, answers }: RoundDetail): string | null {
  if (winner === null) return null
  return `The answer of ${winner.name} won${ranking === null || answers.length < 2 ? '' : `, ahead by ${(ranking.agreementMicro / 1_000_000).toFixed(2)} of all support`}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function list(names: readonly string[]): string {
  return names.length <= NAMES_MAX ? names.join(', ') : `${names.slice(0, NAMES_MAX).join(', ')} and ${names.length - NAMES_MAX} more`
}
