/** npm run replay: plays recorded rounds of real models through the real stack, one process per agent. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { RecordingError, summariseRecording } from '../node/index.ts'
import type { Parameters } from '../protocol/index.ts'
import { agreedRoots, playAll, type Played } from './replay/play.ts'
import { startReplayNetwork } from './replay/replay-network.ts'
import { percentile, scoreReplay, type Accuracies } from './replay/score.ts'
import { parseIntegers, runScript, UsageError } from './script.ts'

const HELP = `Usage: npm run replay -- FILE [options]
  FILE             a recorded file (JSON lines, .gz or not)
  --kind KIND      only tasks of this kind (contested, unanimous, ...)
  --mode MODE      only ballots of this way of asking (direct, cot, ...)
  --limit N        only the first N tasks
  --json           one JSON document on stdout
Tasks come in the order of sha256("run1" + taskId); the right answer is revealed after each.
`

const AGENTS_MAX = 64

runScript(HELP, async (args) => {
  const options = {
    kind: { type: 'string' },
    mode: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
  } as const
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new UsageError('FILE: name one recorded file')
  const limit = values.limit === undefined ? Infinity : (parseIntegers('--limit', values.limit, 1, 1_000_000)[0] as number)
  const path = resolve(process.env['INIT_CWD'] ?? '.', file)
  const recording = await summariseRecording(path, values.kind === undefined ? {} : { kind: values.kind }).catch((error: unknown) => {
    throw error instanceof RecordingError ? new UsageError(`FILE: ${error.message}`) : error
  })
  const tasks = recording.tasks.slice(0, limit)
  if (tasks.length === 0) throw new UsageError('--kind: no task of the file is left')
  if (values.mode !== undefined && !recording.modes.includes(values.mode)) throw new UsageError(`--mode: the file has ${recording.modes.join(', ') || 'no ballots'}`)
  const members = [...new Set([...recording.agents, ...recording.judges])].sort()
  if (members.length > AGENTS_MAX) throw new UsageError(`FILE: ${members.length} agents are more than ${AGENTS_MAX} processes`)
  const stopper = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopper.abort(new Error(`stopped by ${signal}`)))
  progress(`starting ${members.length} agents and one asker, ${tasks.length} tasks`)
  const network = await startReplayNetwork({ file: path, agents: members, mode: values.mode, parameters: parametersFor(members.length) }, stopper.signal)
  try {
    const played = await playAll(network.asker.client, tasks, { signal: stopper.signal, onPlayed: (done) => { if (done % 10 === 0) progress(`${done} of ${tasks.length} rounds`) } })
    const stateRoots = await agreedRoots([...network.agents, network.asker].map(({ client }) => client))
    const document = describe(path, played, stateRoots, scoreReplay(recording, tasks, played.map(chanceOfRight)))
    if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
    else print(document)
    return new Set(stateRoots).size === 1 ? 0 : 1
  } finally {
    await network.stop()
  }
})

// Any recorded pair counts, own answers included, and the one asker is believed; timers leave room for many processes on few cores.
function parametersFor(members: number): Partial<Parameters> {
  const patience = members > 8 ? 4 : 1
  return {
    pairing: 'open',
    selfBallots: true,
    askers: 'trusted',
    leaderMs: 1_500 * patience,
    viewMs: 4_000 * patience,
    revealMs: 10_000 * patience,
    creditMs: 30_000 * patience,
    standstillMs: 1_000 * patience,
    presenceMs: 2_000 * patience,
  }
}

// The value of the whole swarm is the share of right answers among its tied picks.
function chanceOfRight({ task, round }: Played): number {
  if (round.evaluation?.source === 'truth') return round.evaluation.valueMicro / 1_000_000
  const winner = task.answers.find(({ value }) => value !== null && value === round.winner?.value)
  return winner?.correct === true ? 1 : 0
}

function describe(file: string, played: readonly Played[], stateRoots: string[], accuracy: Accuracies) {
  const wall = played.map(({ wallMs }) => wallMs)
  return {
    schema: 'peerage.replay/v1',
    file,
    rounds: played.length,
    accuracy,
    /** Recorded agents answer at once, so the whole time of a round is outside the agents. */
    overheadMs: { p50: Math.round(percentile(wall, 0.5)), p99: Math.round(percentile(wall, 0.99)) },
    stateRoots,
  }
}

function print({ rounds, accuracy, overheadMs, stateRoots }: ReturnType<typeof describe>): void {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`
  console.log(`${rounds} rounds`)
  console.log(`swarm      ${percent(accuracy.swarm)}`)
  console.log(`plurality  ${percent(accuracy.plurality)}`)
  console.log(`mean agent ${percent(accuracy.mean)}`)
  console.log(`best agent ${percent(accuracy.best)} (in hindsight)`)
  console.log(`time per round outside the agents: p50 ${overheadMs.p50} ms, p99 ${overheadMs.p99} ms`)
  console.log(new Set(stateRoots).size === 1 ? `state root ${stateRoots[0]} on all ${stateRoots.length} nodes` : `STATE ROOTS DIFFER: ${stateRoots.join(' ')}`)
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
