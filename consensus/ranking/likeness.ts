import type { Likeness } from './kin.ts'
import { divideFloor, MICRO } from './micro.ts'
import type { Comparison, RankedAnswer } from './types.ts'

export interface LikenessInput {
  answers: readonly RankedAnswer[]
  comparisons: readonly Comparison[]
  /** Evaluation of each answer in micro-units (null: this one has none); null without any. */
  quality: readonly (number | null)[] | null
}

/** What one player did in one question of a round: the choices of all who had it are compared with each other. */
interface Choice {
  player: number
  choice: number
  right: boolean
}

/** Where it is not known who is right, differing counts so many times: members who are often right agree, copies never differ. */
const UNTRUE_APART = 4

/**
 * Who errs like whom. Those who are right agree anyway, so only what at least one of two players got wrong counts: the
 * answers as one question, every compared pair as another; all pairs together weigh like the answers. Strangers differ there
 * as often as the choices of the others do; copies never. Pure.
 */
export function measureLikeness({ answers, comparisons, quality }: LikenessInput): Likeness[] {
  const known = quality ?? answers.map(() => null)
  const found = new Map<string, Likeness>()
  const add = (question: readonly Choice[], weight: number, virtual: number): void => {
    for (const [index, first] of question.entries()) {
      for (const second of question.slice(0, index)) {
        if ((first.right && second.right) || first.player === second.player) continue
        const players: [number, number] = first.player < second.player ? [first.player, second.player] : [second.player, first.player]
        const key = players.join('/')
        const { apart, chance } = found.get(key) ?? { apart: 0, chance: 0 }
        const differ = first.choice === second.choice ? 0 : quality === null ? weight * UNTRUE_APART : weight
        found.set(key, { players, apart: apart + differ, chance: chance + chanceApart(question, first, second, weight, virtual) })
      }
    }
  }
  const distinct = new Set(answers.map(({ cluster }) => cluster)).size
  if (distinct < answers.length) add(answerChoices(answers, known), MICRO, 0)
  const questions = verdictChoices(comparisons, known)
  for (const question of questions) add(question, divideFloor(MICRO, questions.length), 1)
  return [...found.values()].filter(({ chance }) => chance > 0).sort((a, b) => a.players[0] - b.players[0] || a.players[1] - b.players[1])
}

function answerChoices(answers: readonly RankedAnswer[], quality: readonly (number | null)[]): Choice[] {
  const best = quality.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  return answers.map(({ author, cluster }, index) => ({ player: author, choice: cluster, right: best > 0 && quality[index] === best }))
}

/** For each compared pair what each judge said of it, over all its verdicts: the lower index, the higher, or neither. */
function verdictChoices(comparisons: readonly Comparison[], quality: readonly (number | null)[]): Choice[][] {
  const pairs = new Map<number, Map<number, number>>()
  for (const { judge, left, right, verdict } of comparisons) {
    const [low, high] = left < right ? [left, right] : [right, left]
    const said = verdict === 'tie' ? 0 : (verdict === 'left') === (left === low) ? -1 : 1
    const judges = pairs.get(low * quality.length + high) ?? new Map<number, number>()
    judges.set(judge, (judges.get(judge) ?? 0) + said)
    pairs.set(low * quality.length + high, judges)
  }
  return [...pairs].map(([key, judges]) => {
    const lead = (quality[key % quality.length] ?? 0) - (quality[Math.floor(key / quality.length)] ?? 0)
    return [...judges].map(([player, said]) => ({ player, choice: Math.sign(said), right: lead !== 0 && Math.sign(said) === Math.sign(lead) }))
  })
}

/** How often strangers would differ here: one minus the part of the others that chose like either, `virtual` voters of three kinds added. */
function chanceApart(question: readonly Choice[], first: Choice, second: Choice, weight: number, virtual: number): number {
  let alike = 0
  let others = 0
  for (const { player, choice } of question) {
    if (player === first.player || player === second.player) continue
    others++
    if (choice === first.choice) alike++
    if (choice === second.choice) alike++
  }
  return weight - divideFloor(weight * (3 * alike + 2 * virtual), 6 * (others + 1))
}
