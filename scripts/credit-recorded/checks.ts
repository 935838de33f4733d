import type { Rules } from '../../protocol/index.ts'
import type { Panel } from '../evaluate/panel.ts'
import { playCredit, type PanelCredit } from './play.ts'
import { withCopy, withInvertedJudge } from './variants.ts'

/** What becomes of a member that joins twice: what it has alone, and what each of the two has. */
export interface CopyFigures {
  member: string
  alone: number
  each: number
  /** Both together, in parts of what it had alone: as played, and in a game in which any right answer is enough. */
  together: number
  bySubstitution: number
  /** Whether both had the same in every round. */
  alike: boolean
}

/** What an inverted judge earns, who says the opposite of the most reliable one: as long as nobody is known, and once reputations see through it. */
export interface InvertedFigures {
  of: string
  unknown: number
  known: number
}

export interface PanelFigures {
  copies: CopyFigures[]
  inverted: InvertedFigures
  /** Members by credit, the highest first, here and in the reference game of the data, null where there is none. */
  order: string[]
  reference: string[] | null
  belowBestSingle: number
}

/** Plays a small panel with members added. */
export function figuresOf(panel: Panel, found: PanelCredit, rules: Rules, reference: string[] | null): PanelFigures {
  const added = panel.members.length
  const creditOf = (played: PanelCredit, member: number): number => played.credit[member] as number
  const copies = panel.authors.map((member) => {
    const played = playCredit(withCopy(panel, member), rules, { pair: [member, added] })
    const [alone, each] = [creditOf(found, member), creditOf(played, member)]
    return { member: panel.members[member] as string, alone, each, together: (2 * each) / alone, bySubstitution: bySubstitution(panel, member), alike: played.alike }
  })
  const best = orderBy(panel.judges, (judge) => found.reliability[judge] ?? 0)[0] as number
  const inverted = withInvertedJudge(panel, best)
  return {
    copies,
    inverted: { of: panel.members[best] as string, unknown: creditOf(playCredit(inverted, rules, { learns: false }), added), known: creditOf(playCredit(inverted, rules), added) },
    order: orderBy(panel.authors, (member) => creditOf(found, member)).map((member) => panel.members[member] as string),
    reference,
    belowBestSingle: found.belowBestSingle,
  }
}

/**
 * What two copies have together, in parts of what one has alone, where any right answer is enough: each of k members who are right
 * has 1 / k, so that two copies have 2 / (k + 1) where one had 1 / k. Whoever can be replaced gains by joining twice, whatever splits credit evenly.
 */
function bySubstitution({ tasks }: Panel, member: number): number {
  const right = tasks.map(({ answers }) => answers.flatMap(({ author, correct }) => (correct === true ? [author] : []))).filter((authors) => authors.includes(member))
  const sum = (of: (count: number) => number): number => right.reduce((total, { length }) => total + of(length), 0)
  return sum((count) => 2 / (count + 1)) / sum((count) => 1 / count)
}

/** What does not hold of a panel, in words. */
export function failuresOf({ copies, inverted, order, reference }: PanelFigures): string[] {
  const sum = (of: (copy: CopyFigures) => number): number => copies.reduce((total, copy) => total + of(copy), 0)
  const checks: [boolean, string][] = [
    [reference === null || order.join() === reference.join(), `credit orders members as ${order.join(', ')}, the reference game as ${reference?.join(', ')}`],
    [copies.every(({ alike }) => alike), 'two copies of a member have different credit'],
    [sum(({ each }) => each) < sum(({ alone }) => alone), 'a member that joins twice has as much in each place as it had alone'],
    [inverted.unknown < 0, `an inverted judge has ${inverted.unknown.toFixed(2)}, which is not negative`],
  ]
  return checks.flatMap(([holds, text]) => (holds ? [] : [text]))
}

/** Highest first, ties as they came. */
export function orderBy<T>(things: readonly T[], by: (thing: T) => number): T[] {
  return [...things].sort((a, b) => by(b) - by(a))
}
