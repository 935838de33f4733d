/** What a closed round says about which of two answers is better, as rows of training data. */
import type { RankedRound, Transcript } from '../../protocol/index.ts'
import type { Preference } from '../service.ts'

const MICRO = 1_000_000

/** Two answers of a round, by their place in it, and how they were told apart. */
export interface PreferredPair extends Pick<Preference, 'source' | 'weightMicro' | 'verdicts' | 'verdictsMicro'> {
  chosen: number
  rejected: number
}

/**
 * All pairs of different answers of a round that a truth, a checker or the ballots tell apart. Equal answers make no
 * pair; neither do those that nobody compared and nothing evaluates. Pure, and long for rounds of many.
 */
export function preferredPairs(ranked: RankedRound): PreferredPair[] {
  return pairsOf(ranked.input.answers.length).flatMap(([first, second]) => {
    if (ranked.input.answers[first]?.cluster === ranked.input.answers[second]?.cluster) return []
    const { verdicts, leadMicro } = weigh(ranked, first, second)
    const gap = ranked.quality === null ? 0 : (ranked.quality[first] as number) - (ranked.quality[second] as number)
    const lead = gap === 0 ? leadMicro : gap
    if (lead === 0) return []
    const [chosen, rejected] = lead > 0 ? [first, second] : [second, first]
    const source = gap === 0 || ranked.source === 'none' ? 'ballots' : ranked.source
    return [{ chosen, rejected, source, weightMicro: Math.abs(lead), verdicts, verdictsMicro: lead > 0 ? leadMicro : 0 - leadMicro }]
  })
}

/** The row that a pair makes, with the texts of its round. */
export function preferenceOf({ answers, task, round }: Transcript, height: number, { chosen, rejected, ...told }: PreferredPair): Preference {
  const answerOf = (index: number) => answers[index] as Transcript['answers'][number]
  return {
    schema: 'peerage.preference/v1',
    round,
    height,
    kind: task.kind,
    prompt: task.prompt,
    chosen: answerOf(chosen).content.text,
    rejected: answerOf(rejected).content.text,
    chosenBy: answerOf(chosen).author,
    rejectedBy: answerOf(rejected).author,
    ...told,
  }
}

function pairsOf(count: number): [number, number][] {
  return Array.from({ length: count }, (_, first) => Array.from({ length: count - first - 1 }, (__, offset): [number, number] => [first, first + 1 + offset])).flat()
}

/** How far the ballots prefer the first answer to the second, as a part of all weight on the pair. A negative weight turns its verdict round. */
function weigh({ input }: RankedRound, first: number, second: number): { verdicts: number; leadMicro: number } {
  const about = input.comparisons.filter(({ left, right, weight }) => weight !== 0 && Math.min(left, right) === first && Math.max(left, right) === second)
  let [net, total] = [0, 0]
  for (const { left, verdict, weight } of about) {
    total += Math.abs(weight)
    if (verdict !== 'tie') net += (verdict === 'left') === (left === first) ? weight : -weight
  }
  return { verdicts: about.length, leadMicro: total === 0 ? 0 : Math.trunc((net * MICRO) / total) }
}
