/** What a chaos run must show, and whether it did. */
import type { DamageRecord, FaultLog } from './faults.ts'
import type { Prober } from './prober.ts'
import type { Swarm } from './swarm.ts'
import type { Witness } from './witness.ts'

/** Of ten minutes; shorter runs have to show their part. */
const TARGETS = { deaths: 200, partitions: 40, closed: 60, closedInCalm: 5 }
const TARGET_MINUTES = 10
const RESUME_S_MAX = 10
/** Growth from the last minute before the first fault to the undisturbed end, as busy as that: more of it for each minute of a run of at least eight is a leak. */
const RSS_MB_PER_MINUTE_MAX = 8
const FILES_PER_MINUTE_MAX = 2
export const GROWTH_MINUTES_MIN = 8

export interface Outcome {
  minutes: number
  nodes: number
  seed: number
  swarm: Swarm
  log: FaultLog
  prober: Prober
  witness: Witness
  closedInCalm: number
  /** Before the first fault: rounds, which count for nothing, and what was needed then. */
  warm: { rounds: number; samples: Prober['samples'] }
  calmMs: number
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
  const { minutes, nodes, seed, swarm, log, prober, witness, closedInCalm, warm, calmMs, agreed, penalties, lost, interrupted } = outcome
  const deaths = Object.values(swarm.deaths).reduce((sum, count) => sum + count, 0)
  const calm = prober.samples.filter((sample) => sample.minutes > minutes - calmMs / 60_000)
  const before = warm.samples.slice(-calm.length)
  const growth = (what: 'rssMb' | 'files'): number => Math.round((100 * (median(calm.map((sample) => sample[what])) - median(before.map((sample) => sample[what])))) / minutes) / 100
  const growths = { rssMbPerMinute: growth('rssMb'), filesPerMinute: growth('files') }
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
    closed: prober.closed.size - warm.rounds,
    warmRounds: warm.rounds,
    closedInCalm,
    height: swarm.height,
    stateRoot: agreed,
    contradictions: witness.contradictions.length,
    slotsHeard: witness.heard,
    damages: log.damages,
    outages: log.outages,
    penalties,
    ...growths,
    rssMb: { warm: median(before.map(({ rssMb }) => rssMb)), calm: median(calm.map(({ rssMb }) => rssMb)), most: Math.max(...prober.samples.map(({ rssMb }) => rssMb)) },
    files: { warm: median(before.map(({ files }) => files)), calm: median(calm.map(({ files }) => files)) },
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
    ...(minutes >= GROWTH_MINUTES_MIN && growths.rssMbPerMinute > RSS_MB_PER_MINUTE_MAX ? [`memory grows by ${growths.rssMbPerMinute} MB a minute`] : []),
    ...(minutes >= GROWTH_MINUTES_MIN && growths.filesPerMinute > FILES_PER_MINUTE_MAX ? [`open files grow by ${growths.filesPerMinute} a minute`] : []),
  ]
  return { schema: 'peerage.chaos/v1', ...figures, failures }
}

/** 0 without values: a run too short to be warm is not judged. */
function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
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
