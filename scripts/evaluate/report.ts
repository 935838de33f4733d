import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lineChart } from '../plot/line-chart.ts'
import { mean } from './statistics.ts'
import { METHODS, type Method, type SetSummary, type Summary } from './summarise.ts'

const HEADINGS: Record<Method, string> = {
  swarm: 'swarm',
  plurality: 'plurality',
  weightedPlurality: 'weighted plurality',
  bradleyTerry: 'BT, strongest',
  bradleyTerryPerAnswer: 'BT per answer',
  runningNoTruth: 'running, no truth',
  runningTruth: 'running, truth',
  meanSingle: 'mean single',
  bestSingle: 'best single',
  oracle: 'oracle',
}

/** Rows of cells as a Markdown table with aligned columns; the first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `| ${widths.map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join(' | ')} |`)
  const rule = `|${widths.map((width, column) => (column === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

/** A share as percent with one decimal; a dash for none. */
export function percent(share: number | null): string {
  return share === null ? '-' : (100 * share).toFixed(1)
}

/** The accuracies and differences of all sets, one block per share of shown truths. */
export function formatEvaluation(sets: readonly SetSummary[]): string {
  const regimes = [...new Set(sets.map(({ settings }) => settings.truth))]
  return [...regimes.map((truth) => formatRegime(truth, sets.filter(({ settings }) => settings.truth === truth))), ...formatKept(sets)].join('\n\n')
}

function formatRegime(truth: string, sets: readonly SetSummary[]): string {
  const orders = sets[0]?.settings.orders ?? []
  const accuracies = sets.map(({ name, tasks, accuracy, worst }) => {
    return [name, String(tasks), ...METHODS.flatMap((method) => [percent(accuracy[method]), ...(method === 'swarm' ? [`${percent(worst.swarm)} (${worst.order})`] : [])])]
  })
  const means = METHODS.map((method) => {
    const known = sets.flatMap(({ accuracy }) => accuracy[method] ?? [])
    return known.length < sets.length ? '-' : percent(mean(known))
  })
  const [ours, ...theirs] = means
  const heading = ['set', 'tasks', ...METHODS.flatMap((method) => [HEADINGS[method], ...(method === 'swarm' ? ['worst (order)'] : [])])]
  const meanRow = ['mean', '', ours ?? '-', percent(mean(sets.map(({ worst }) => worst.swarm))), ...theirs]
  const compared = METHODS.filter((method) => method !== 'swarm' && method !== 'meanSingle' && method !== 'oracle')
  const differences = sets.map(({ name, differences: known }) => [
    name,
    ...compared.map((method) => {
      const found = known[method]
      return found === undefined ? '-' : `${signed(found.mean)} [${signed(found.low)}, ${signed(found.high)}]`
    }),
  ])
  const lastThirds = sets.map(({ name, lastThird, worst, accuracy: { bradleyTerryPerAnswer } }) => {
    return [name, percent(lastThird.swarm), percent(lastThird.bestSingle), bradleyTerryPerAnswer === null ? '-' : signed(worst.swarm - bradleyTerryPerAnswer)]
  })
  return [
    `## Truth shown: ${truth}; task orders: ${orders.join(', ')}`,
    'Percent of tasks answered rightly, mean over the orders:',
    formatTable([heading, ...accuracies, ...(sets.length > 1 ? [meanRow] : [])]),
    'Points by which the swarm is ahead, paired by task, with 95 % bootstrap intervals:',
    formatTable([['swarm minus', ...compared.map((method) => HEADINGS[method])], ...differences]),
    'Last third of each order, and the single that was best on it; the worst order of all tasks against BT per answer:',
    formatTable([['set', 'swarm, last third', 'best single on it', 'worst order minus BT per answer'], ...lastThirds]),
  ].join('\n\n')
}

// How much of what full truth gains over Bradley-Terry per answer is left when less is shown.
function formatKept(sets: readonly SetSummary[]): string[] {
  const gains = (truth: string): number[] =>
    sets.flatMap(({ settings, accuracy }) => (settings.truth === truth && accuracy.bradleyTerryPerAnswer !== null ? [(accuracy.swarm as number) - accuracy.bradleyTerryPerAnswer] : []))
  const full = gains('always')
  const partial = [...new Set(sets.map(({ settings }) => settings.truth))].filter((truth) => truth !== 'always')
  if (full.length === 0) return []
  return partial.map((truth) => {
    const kept = mean(gains(truth))
    return `Gain over BT per answer, mean over its sets: ${percent(mean(full))} with truth always shown, ${percent(kept)} with truth ${truth} (${percent(kept / mean(full))} % of it).`
  })
}

function signed(difference: number): string {
  return `${difference < 0 ? '' : '+'}${percent(difference)}`
}

/** Writes the tables, the numbers and a chart per set and setting into a folder, made where it is missing. */
export async function writeReport(folder: string, summaries: readonly Summary[], document: object): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'report.md'), `# Evaluation\n\n${formatEvaluation(summaries.map(({ set }) => set))}\n`)
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(document)}\n`)
  for (const { set, curves } of summaries) {
    const chart = lineChart({
      title: `${set.name}: right so far, truth ${set.settings.truth}`,
      x: { label: 'tasks' },
      y: { label: 'percent right so far' },
      series: curves.map(({ name, points }) => ({ name: HEADINGS[name], points })),
    })
    await writeFile(join(folder, `${slug(`${set.name} truth ${set.settings.truth}`)}.svg`), chart)
  }
}

/** A name as part of a file's name. */
export function slug(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-')
}
