/** What a chaos run must show, and whether it did. */
import type { DamageRecord, FaultLog } from './faults.ts'
import type { Prober } from './prober.ts'
import type { Swarm } from './swarm.ts'
import type { Witness } from './witness.ts'

/** Of ten minutes; shorter runs have to show their part. */
const TARGETS = { deaths: 200, partitions: 40, closed: 60, closedInCalm: 5 }
const TARGET_MINUTES = 10
const RESUME_S_MAX = 10
/** More growth than this a minute, in the second half of a run of at least eight minutes, is a leak. */
const RSS_MB_PER_MINUTE_MAX = 8
const FILES_PER_MINUTE_MAX = 2
export const SLOPE_MINUTES_MIN = 8

export interface Outcome {
  minutes: number
  nodes: number
  seed: number
  swarm: Swarm
  log: FaultLog
  prober: Prober
  witness: Witness
  closedInCalm: number
  /** Rounds closed before the first fault, which count for nothing. */
  warmRounds: number
  agreed: string | null
  penalties: { node: number; causes: string[] }[]
  lost: string[]
  interrupted: boolean
}

export interface ChaosVerdict {
  schema: 'peerage.chaos/v1'
  [figure: string]: unknown
  failures: string[]
}

/** Pure: figures and failures of a run. */
export function readVerdict(outcome: Outcome): ChaosVerdict {
  const { minutes, nodes, seed, swarm, log, prober, witness, closedInCalm, warmRounds, agreed, penalties, lost, interrupted } = outcome
  const deaths = Object.values(swarm.deaths).reduce((sum, count) => sum + count, 0)
  const half = prober.samples.filter((sample) => sample.minutes > minutes / 2)
  const slopes = { rssMbPerMinute: slope(half.map((sample) => [sample.minutes, sample.rssMb])), filesPerMinute: slope(half.map((sample) => [sample.minutes, sample.files])) }
  const figures = {
    minutes,
    nodes,
    seed,
    deaths,
    deathsBy: swarm.deaths,
    faults: log.done,
    skipped: log.skipped,
    partitions: log.done['partition'] ?? 0,
    asked: prober.acknowledged.size,
    closed: prober.closed.size - warmRounds,
    warmRounds,
    closedInCalm,
    height: swarm.height,
    stateRoot: agreed,
    contradictions: witness.contradictions.length,
    slotsHeard: witness.heard,
    damages: log.damages,
    outages: log.outages,
    penalties,
    ...slopes,
    rssMb: [prober.samples[0], half[0], prober.samples.at(-1)].map((sample) => sample?.rssMb ?? null),
    files: prober.samples.at(-1)?.files ?? null,
    smallDisk: swarm.smallDisk !== null,
  }
  const part = Math.min(1, minutes / TARGET_MINUTES)
  const damaged = new Set(log.damages.map(({ node }) => node))
  const failures = [
    ...(interrupted ? ['interrupted'] : []),
    ...(Object.keys(TARGETS) as (keyof typeof TARGETS)[]).flatMap((name) => {
      const least = name === 'closedInCalm' ? Math.floor(TARGETS[name] * Math.min(1, minutes / 3)) : Math.floor(TARGETS[name] * part)
      return figures[name] >= least ? [] : [`${name}: ${figures[name]}, fewer than ${least}`]
    }),
    ...(agreed === null ? ['the nodes do not agree on one state with all rounds closed'] : []),
    ...swarm.failures,
    ...witness.contradictions,
    ...prober.forks,
    ...lost,
    ...log.damages.filter(({ noticedS }) => noticedS === null).map(({ node, how }) => `node ${node} has not noticed: ${how}`),
    ...log.outages.filter(({ silentBlocks }) => silentBlocks > 0).map(({ silentBlocks }) => `${silentBlocks} blocks became final without a quorum`),
    ...log.outages.filter(({ resumedS }) => resumedS === null || resumedS > RESUME_S_MAX).map(({ resumedS }) => `after an outage it took ${resumedS?.toFixed(1) ?? 'more than 30'} s until a block was final`),
    ...penalties.filter(({ node }) => !damaged.has(node)).map(({ node, causes }) => `node ${node}, whose disk was sound, was penalised: ${causes.join(', ')}`),
    ...(minutes >= SLOPE_MINUTES_MIN && slopes.rssMbPerMinute > RSS_MB_PER_MINUTE_MAX ? [`memory grows by ${slopes.rssMbPerMinute} MB a minute`] : []),
    ...(minutes >= SLOPE_MINUTES_MIN && slopes.filesPerMinute > FILES_PER_MINUTE_MAX ? [`open files grow by ${slopes.filesPerMinute} a minute`] : []),
  ]
  return { schema: 'peerage.chaos/v1', ...figures, failures }
}

/** Slope of the least-squares line through the points, to hundredths; 0 below two points. */
function slope(points: [number, number][]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (!(spread > 0)) return 0
  return Math.round((100 * points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)) / spread) / 100
}

export function printReport({ failures, ...figures }: ChaosVerdict): void {
  for (const [name, value] of Object.entries(figures)) {
    if (name === 'schema') continue
    const text = name === 'damages' ? (value as DamageRecord[]).map(describeDamage).join('; ') : JSON.stringify(value)
    console.log(`${name.padEnd(16)} ${text}`)
  }
  for (const failure of failures) console.log(`FAILED  ${failure}`)
  console.log(failures.length === 0 ? 'all is well' : `${failures.length} failures`)
}

function describeDamage({ node, how, noticedS, backS }: DamageRecord): string {
  return `${how} of node ${node}: ${noticedS === null ? 'not noticed' : `noticed after ${noticedS.toFixed(1)} s`}, ${backS === null ? 'not back' : `signs again after ${backS.toFixed(1)} s`}`
}
