import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatTable, percent, slug } from '../evaluate/report.ts'
import { lineChart, type Series } from '../plot/line-chart.ts'
import { mean, meanPerPlace } from '../evaluate/statistics.ts'
import type { HostileAnswers, Kind } from './hostile.ts'
import type { AttackPoint, AttackRun } from './run-attack.ts'
import { HALVING_MAX, type Influence } from './influence.ts'

/** The runs of one attack on one set, one per seed. */
export interface Outcome {
  set: string
  kind: Kind
  answers: HostileAnswers
  share: number
  runs: AttackRun[]
}

/** What copies and sleepers can do on one set, all seeds together. */
export interface SetInfluence extends Influence {
  set: string
  /** Rounds with truth until the median and the slowest sleeper had lost half its weight; null where none had any. */
  halving: Record<'answering' | 'judging', { median: number; slowest: number } | null>
  /** What is left of a sleeper's influence after 20 rounds with truth, as a part of what it was. */
  sleeperLeft: number
}

/** One attack as `--json` prints it: means over the seeds, shares 0..1. */
export interface AttackSummary extends Omit<Outcome, 'runs'> {
  attackers: number
  accuracy: number
  honestPlurality: number
  /** Where the attackers stood at the end. */
  end: Omit<AttackPoint, 'round'> | null
  trace: AttackPoint[]
}

/** By how much accuracy may stay below plurality over the honest, and up to which share of attackers. */
const LOSS_MAX = 0.02
const SHARE_MAX = 0.4

export function summariseAttack({ runs, ...about }: Outcome): AttackSummary {
  const trace = meanTrace(runs)
  const { round: _, ...end } = trace.at(-1) ?? { round: 0 }
  return {
    ...about,
    attackers: runs[0]?.attackers ?? 0,
    accuracy: mean(runs.map(({ accuracy }) => accuracy)),
    honestPlurality: mean(runs.map(({ honestPlurality }) => honestPlurality)),
    end: 'weight' in end ? end : null,
    trace,
  }
}

function meanTrace(runs: readonly AttackRun[]): AttackPoint[] {
  return (runs[0]?.trace ?? []).map(({ round }, at) => {
    const average = (part: 'reputation' | 'honestReputation' | 'weight'): AttackPoint['weight'] => {
      const [answering = 0, judging = 0] = meanPerPlace(runs.map(({ trace }) => [trace[at]?.[part].answering ?? 0, trace[at]?.[part].judging ?? 0]))
      return { answering, judging }
    }
    return { round, reputation: average('reputation'), honestReputation: average('honestReputation'), weight: average('weight') }
  })
}

/** Where a swarm falls short of what it should withstand, one line each. */
export function findFailures(attacks: readonly AttackSummary[], influences: readonly SetInfluence[]): string[] {
  return [
    ...attacks
      .filter(({ share, accuracy, honestPlurality }) => share <= SHARE_MAX && accuracy < honestPlurality - LOSS_MAX)
      .map(({ set, kind, answers, share, accuracy, honestPlurality }) => `${set}, ${kind}, answers ${answers}, f ${share}: ${percent(accuracy)} is more than 2 points below ${percent(honestPlurality)}`),
    ...influences.flatMap(({ set, newcomerCopies, establishedCopies, twoMembers, sleeperLeft }) => [
      ...(newcomerCopies > twoMembers ? [`${set}: ten copies of a newcomer move ${percent(newcomerCopies)}, two members ${percent(twoMembers)}`] : []),
      ...(establishedCopies > twoMembers ? [`${set}: ten copies of a member move ${percent(establishedCopies)}, two members ${percent(twoMembers)}`] : []),
      ...(sleeperLeft > 0.5 ? [`${set}: a sleeper keeps ${percent(sleeperLeft)} % of its influence ${HALVING_MAX} rounds with truth after it turned`] : []),
    ]),
  ]
}

/** Tables: accuracy per kind and share for each set, where attackers of the largest tolerated share end, and influence. */
export function formatAttacks(attacks: readonly AttackSummary[], influences: readonly SetInfluence[]): string {
  const shares = [...new Set(attacks.map(({ share }) => share))]
  const perSet = groupBySet(attacks).map(([set, ofSet]) => {
    const honest = shares.map((share) => percent(ofSet.find((attack) => attack.share === share)?.honestPlurality ?? null))
    const rows = groupBy(ofSet, nameAttack).map(([name, ofKind]) => {
      const end = ofKind.findLast(({ share }) => share <= SHARE_MAX)?.end ?? null
      const standing = end === null ? ['-', '-'] : [formatPair(end.reputation), formatPair(end.weight)]
      return [name, ...shares.map((share) => percent(ofKind.find((attack) => attack.share === share)?.accuracy ?? null)), ...standing]
    })
    const heading = ['accuracy at f', ...shares.map(String), 'reputation', 'weight']
    return `## ${set}\n\n${formatTable([heading, ['plurality over the honest', ...honest, '', ''], ...rows])}`
  })
  const halved = (rounds: SetInfluence['halving']['answering']): string => (rounds === null ? '-' : `${rounds.median} (${rounds.slowest})`)
  const influence = influences.map(({ set, newcomerCopies, establishedCopies, twoMembers, halving, sleeperLeft }) => {
    return [set, percent(newcomerCopies), percent(establishedCopies), percent(twoMembers), percent(sleeperLeft), halved(halving.answering), halved(halving.judging)]
  })
  const influenceHeading = ['set', 'ten newcomer copies', 'ten established copies', 'two members', 'sleeper keeps %', 'halving, answering', 'halving, judging']
  return [
    'Reputation and weight: of the attackers at the end, at the largest f up to 0.4, answering / judging; weight is their share of it.',
    ...perSet,
    '## Influence',
    'Change of the winner\'s mass, in points, when they are removed. What a sleeper keeps of that 20 rounds with truth after it turned; and how many such rounds until it has half its weight, median (slowest).',
    formatTable([influenceHeading, ...influence]),
  ].join('\n\n')
}

function formatPair({ answering, judging }: { answering: number; judging: number }): string {
  return `${answering.toFixed(2)} / ${judging.toFixed(2)}`
}

function nameAttack({ kind, answers }: AttackSummary): string {
  return answers === 'wrong' ? `${kind}, lying` : kind
}

function groupBySet(attacks: readonly AttackSummary[]): [string, AttackSummary[]][] {
  return groupBy(attacks, ({ set }) => set)
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, keyOf)]
}

/** Writes tables, numbers and charts into a folder, made where it is missing. */
export async function writeAttackReport(folder: string, attacks: readonly AttackSummary[], influences: readonly SetInfluence[], document: object): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'report.md'), `# Attacks\n\n${formatAttacks(attacks, influences)}\n`)
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(document)}\n`)
  for (const [set, ofSet] of groupBySet(attacks)) {
    const byName = groupBy(ofSet, nameAttack)
    const lines = byName.map(([name, ofKind]): Series => ({ name, points: ofKind.map(({ share, accuracy }) => [share, 100 * accuracy]) }))
    const honest: Series = { name: 'plurality over the honest', points: (byName[0]?.[1] ?? []).map(({ share, honestPlurality }) => [share, 100 * honestPlurality]) }
    const chart = lineChart({ title: `${set}: accuracy under attack`, x: { label: 'share of attackers' }, y: { label: 'percent right' }, series: [honest, ...lines] })
    await writeFile(join(folder, `accuracy-${slug(set)}.svg`), chart)
    for (const [name, ofKind] of byName) await writeFile(join(folder, `reputation-${slug(`${set} ${name}`)}.svg`), drawStanding(set, name, ofKind))
  }
}

function drawStanding(set: string, name: string, ofKind: readonly AttackSummary[]): string {
  const attack = ofKind.findLast(({ share }) => share <= SHARE_MAX)
  const curve = (title: string, part: 'reputation' | 'honestReputation' | 'weight', role: 'answering' | 'judging'): Series => {
    return { name: title, points: (attack?.trace ?? []).map((point) => [point.round, point[part][role]]) }
  }
  return lineChart({
    title: `${set}: ${name}, f = ${attack?.share ?? 0}`,
    x: { label: 'rounds' },
    y: { label: 'mean reputation, share of weight' },
    series: [
      curve('attackers, answering', 'reputation', 'answering'),
      curve('attackers, judging', 'reputation', 'judging'),
      curve('honest, answering', 'honestReputation', 'answering'),
      curve('honest, judging', 'honestReputation', 'judging'),
      curve('share of answer weight', 'weight', 'answering'),
      curve('share of judge weight', 'weight', 'judging'),
    ],
  })
}
