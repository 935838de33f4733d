/** npm run attack: recorded rounds in which a part of the members is hostile. */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Piscina } from 'piscina'
import { KINDS, LIARS, type HostileAnswers, type Kind } from './attack/hostile.ts'
import { findFailures, formatAttacks, summariseAttack, writeAttackReport, type AttackSummary, type SetInfluence } from './attack/report.ts'
import type { Job, JobResults } from './attack/run-job.ts'
import { slug } from './evaluate/report.ts'
import { assertAtHand, ATTACKED_SETS, type RecordedSet } from './evaluate/sets.ts'
import { mean } from './evaluate/statistics.ts'
import { parseIntegers, parseRanges, runScript, UsageError } from './script.ts'

const HELP = `Usage: npm run attack -- [options]
  --set NAME,...     of ${ATTACKED_SETS.map(({ name }) => slug(name)).join(', ')} (default all)
  --kind NAME,...    of ${KINDS.join(', ')} (default all)
  --answers WHAT,... recorded: attackers answer as recorded; wrong: all give the most common wrong answer (default recorded)
  --share F,...      shares of the members that attack, 0..1 (default 0,0.1,0.2,0.3,0.4,0.5,0.6)
  --seed N,A-B,...   seeds: each draws attackers and is a task order (default 1-5)
  --truth P          share of the tasks whose truth is shown (default 0.1)
  --workers N        threads to run on (default 2, or 1 on one core)
  --out DIR          where the report goes (default reports/attack)
  --check            end with 1 where a bound fails: accuracy at f <= 0.4, copies, sleepers
  --json             one JSON document on stdout
`

interface Plan {
  sets: RecordedSet[]
  kinds: Kind[]
  answers: HostileAnswers[]
  shares: number[]
  seeds: number[]
  truthShare: number
}

runScript(HELP, async (args) => {
  const options = {
    set: { type: 'string', default: ATTACKED_SETS.map(({ name }) => slug(name)).join() },
    kind: { type: 'string', default: KINDS.join() },
    answers: { type: 'string', default: 'recorded' },
    share: { type: 'string', default: '0,0.1,0.2,0.3,0.4,0.5,0.6' },
    seed: { type: 'string', default: '1-5' },
    truth: { type: 'string', default: '0.1' },
    workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    out: { type: 'string' },
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args, options })
  const setNames = parseNames('--set', values.set, ATTACKED_SETS.map(({ name }) => slug(name)))
  const [truthShare] = parseShares('--truth', values.truth) as [number]
  const plan: Plan = {
    sets: ATTACKED_SETS.filter(({ name }) => setNames.includes(slug(name))),
    kinds: parseNames('--kind', values.kind, KINDS),
    answers: parseNames('--answers', values.answers, ['recorded', 'wrong']),
    shares: parseShares('--share', values.share),
    seeds: parseRanges('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    truthShare,
  }
  const [workers] = parseIntegers('--workers', values.workers, 1, 64) as [number]
  assertAtHand(plan.sets)
  const { attacks, influences } = await runPlan(plan, workers)
  const failures = findFailures(attacks, influences)
  const document = { schema: 'peerage.attack/v1', truth: truthShare, seeds: plan.seeds, attacks, influences, failures }
  const folder = values.out === undefined ? join(import.meta.dirname, '..', 'reports', 'attack') : resolve(process.env['INIT_CWD'] ?? '.', values.out)
  await writeAttackReport(folder, attacks, influences, document)
  process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : `${formatAttacks(attacks, influences)}\n`)
  process.stderr.write([...failures.map((failure) => `FAILS ${failure}`), `report in ${folder}`, ''].join('\n'))
  return values.check && failures.length > 0 ? 1 : 0
})

function parseNames<T extends string>(flag: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((part) => {
    const name = known.find((candidate) => candidate === part)
    if (name === undefined) throw new UsageError(`${flag}: must be of ${known.join(', ')}, got "${part}"`)
    return name
  })
}

function parseShares(flag: string, text: string): number[] {
  return text.split(',').map((part) => {
    const share = Number(part)
    if (part.trim() === '' || !(share >= 0 && share <= 1)) throw new UsageError(`${flag}: must be a share 0..1, got "${part}"`)
    return share
  })
}

async function runPlan({ sets, kinds, answers, shares, seeds, truthShare }: Plan, workers: number): Promise<{ attacks: AttackSummary[]; influences: SetInfluence[] }> {
  const pool = new Piscina<Job, JobResults[Job['what']]>({ filename: new URL('./attack/run-job.ts', import.meta.url).href, maxThreads: workers })
  const ask = <What extends Job['what']>(job: Job & { what: What }): Promise<JobResults[What]> => pool.run(job) as Promise<JobResults[What]>
  try {
    const perSet = sets.map(async ({ name, ...selection }) => {
      const lists = answers.flatMap((given) => kinds.filter((kind) => given === 'recorded' || LIARS.includes(kind)).map((kind) => ({ kind, answers: given })))
      const attacks = lists.flatMap((attack) =>
        shares.map(async (share) => {
          const runs = await Promise.all(seeds.map((seed) => ask({ what: 'attack', selection, ...attack, share, truthShare, seed })))
          return summariseAttack({ set: name, ...attack, share, runs })
        }),
      )
      const influences = seeds.map((seed) => ask({ what: 'influence', selection, truthShare, seed }))
      const halvings = seeds.map((seed) => ask({ what: 'halving', selection, truthShare: 1, seed }))
      const done = await Promise.all([Promise.all(attacks), Promise.all(influences), Promise.all(halvings)])
      process.stderr.write(`${name}: done\n`)
      return { attacks: done[0], influence: summariseInfluence(name, done[1], done[2]) }
    })
    const all = await Promise.all(perSet)
    return { attacks: all.flatMap(({ attacks }) => attacks), influences: all.map(({ influence }) => influence) }
  } finally {
    await pool.destroy()
  }
}

function summariseInfluence(set: string, influences: readonly JobResults['influence'][], halvings: readonly JobResults['halving'][]): SetInfluence {
  const rounds = (role: 'answering' | 'judging'): SetInfluence['halving']['answering'] => {
    const sorted = halvings.flatMap((halving) => halving[role]).sort((a, b) => a - b)
    return sorted.length === 0 ? null : { median: sorted[Math.floor(sorted.length / 2)] as number, slowest: sorted.at(-1) as number }
  }
  return {
    set,
    newcomerCopies: mean(influences.map(({ newcomerCopies }) => newcomerCopies)),
    establishedCopies: mean(influences.map(({ establishedCopies }) => establishedCopies)),
    twoMembers: mean(influences.map(({ twoMembers }) => twoMembers)),
    halving: { answering: rounds('answering'), judging: rounds('judging') },
    sleeperLeft: mean(halvings.flatMap(({ after }) => after)) / mean(halvings.flatMap(({ before }) => before)),
  }
}
