/** npm run bench:joint: how several processes share the credit of rounds, also with a member that is silent or lies. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createNodeClient, summariseRecording, type NodeClient, type RecordedTaskSummary, type ReputationDocument, type TestnetNode } from '../../node/index.ts'
import { networkId, type Genesis, type Parameters, type Rules } from '../../protocol/index.ts'
import { assertAtHand, STANDARD_SETS } from '../evaluate/sets.ts'
import { agreedRoots, playAll } from '../replay/play.ts'
import { untilAcquainted, writeHomes } from '../replay/replay-network.ts'
import { parseIntegers, runScript, UsageError } from '../script.ts'
import { readRounds } from './joint/account.ts'
import type { LoopFigures } from './joint/host.ts'
import { startHost } from './joint/hosts.ts'
import { MISBEHAVIOURS } from './joint/misbehave.ts'
import { formatRun, summarise, type RunSummary } from './joint/summarise.ts'

const HELP = `Usage: npm run bench:joint -- [options]
  --tasks N        rounds of each of the three runs: all honest, one member silent, one lying (default 10)
  --only RUN       honest, silent or lying
  --pairs N        evaluations per round and player, halved (default 64)
  --json           one JSON document on stdout
Reads the recorded set sp math500 from PEERAGE_RECORDINGS (../shared/data without it).
`

const PROCESSES = 5
const RUN_MS_MAX = 3_600_000
const TARGET_LOOP_MS = 20
const RUNS = ['honest', ...MISBEHAVIOURS] as const
type Run = (typeof RUNS)[number]

// Any recorded pair counts; timers leave room for many nodes on few cores.
const PARAMETERS: Partial<Parameters> = {
  pairing: 'open',
  selfBallots: true,
  exactPlayersMax: 8,
  creditPlan: 'pairs',
  leaderMs: 6_000,
  viewMs: 16_000,
  revealMs: 40_000,
  evaluateMs: 40_000,
  creditMs: 15_000,
  standstillMs: 4_000,
  presenceMs: 8_000,
}

runScript(HELP, async (args) => {
  const options = {
    tasks: { type: 'string', default: '10' },
    only: { type: 'string' },
    pairs: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args, options })
  const [tasks] = parseIntegers('--tasks', values.tasks, 1, 1_000) as [number]
  const [creditPairs] = parseIntegers('--pairs', values.pairs, 1, 4_096) as [number]
  const runs = RUNS.filter((run) => values.only === undefined || run === values.only)
  if (runs.length === 0) throw new UsageError(`--only: must be one of ${RUNS.join(', ')}`)
  const set = STANDARD_SETS.find(({ name }) => name === 'sp math500 direct') as (typeof STANDARD_SETS)[number]
  assertAtHand([set])
  const recording = await summariseRecording(set.file, { mode: set.mode as string })
  const agents = [...new Set([...recording.agents, ...recording.judges])].sort()
  const bad = recording.judges[0] as string
  const found: RunSummary[] = []
  for (const run of runs) {
    const each = await measure({ run, file: set.file, mode: set.mode as string, agents, bad, tasks: recording.tasks.slice(0, tasks), creditPairs })
    found.push(each)
    if (!values.json) process.stdout.write(formatRun(each, TARGET_LOOP_MS))
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ schema: 'peerage.bench-joint/v1', tasks, creditPairs, agents: agents.length, targetLoopMs: TARGET_LOOP_MS, runs: found })}\n`)
  return found.every(({ failures }) => failures.length === 0) ? 0 : 1
})

interface Setup {
  run: Run
  file: string
  mode: string
  agents: string[]
  /** The recorded agent of the member that misbehaves. */
  bad: string
  tasks: RecordedTaskSummary[]
  creditPairs: number
}

async function measure({ run, file, mode, agents, bad, tasks, creditPairs }: Setup) {
  const folder = await mkdtemp(join(tmpdir(), 'peerage-joint-'))
  const homes = await writeHomes(folder, { file, agents, mode, parameters: { ...PARAMETERS, creditPairs } })
  const outcast = run === 'honest' ? null : { member: (homes[agents.indexOf(bad) + 1] as TestnetNode).memberId, how: run }
  const groups = Array.from({ length: PROCESSES }, (_, number) => homes.filter((__, index) => index % PROCESSES === number))
  const hosts = groups.map((group) => startHost(group.map(({ home }) => home.dataDir), group.some(({ memberId }) => memberId === outcast?.member) ? outcast : null))
  const signal = AbortSignal.timeout(RUN_MS_MAX)
  const stopAll = (): Promise<(LoopFigures | null)[]> => Promise.all(hosts.map((host) => host.stop()))
  try {
    const urls = (await Promise.all(hosts.map(({ apiUrls }) => apiUrls))).flat()
    const clients = urls.map((url) => createNodeClient(url, null, { signal }))
    // The first node of the first process is the asker's.
    const asker = clients[0] as NodeClient
    await untilAcquainted(clients.map((client) => ({ client })), signal)
    process.stderr.write(`${run}: ${homes.length} nodes in ${PROCESSES} processes know each other\n`)
    for (const host of hosts) host.measure()
    const played = await playAll(asker, tasks, { signal, onPlayed: (done) => process.stderr.write(`${run}: ${done} of ${tasks.length} rounds\n`) })
    const stateRoots = await agreedRoots(clients)
    const penalties = outcast === null ? [] : (await asker.get<ReputationDocument>(`members/${outcast.member}/reputation`)).penalties
    const genesis = await asker.get<Genesis>('genesis')
    const loops = await stopAll()
    const network = networkId(genesis)
    const rounds = await readRounds(join((homes[1] as TestnetNode).home.dataDir, 'store', network.slice(0, 16)), network)
    const rules: Rules = { network, parameters: genesis.parameters }
    const members = groups.map((group) => group.map(({ memberId }) => memberId))
    return summarise({ run, members, outcast: outcast?.member ?? null, played, rounds, rules, stateRoots, penalties: penalties.length, loops })
  } finally {
    await stopAll()
    await rm(folder, { recursive: true, force: true })
  }
}
