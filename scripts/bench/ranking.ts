/** npm run bench: how long ranking takes, on rounds that are made up from a seed. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { createSeededStream, fitBradleyTerry, shuffle } from '../../consensus/index.ts'
import type { PanelTask } from '../evaluate/panel.ts'
import { formatTable } from '../evaluate/report.ts'
import { createSwarm } from '../evaluate/run-swarm.ts'
import { percentile } from '../replay/score.ts'
import { parseIntegers, runScript } from '../script.ts'

const HELP = `Usage: npm run bench -- [options]
  --repeat N       how often each is timed, after a tenth of that to warm up (default 2000)
  --json           one JSON document on stdout
`

const AGENTS = 18
const BALLOTS = 200

runScript(HELP, (args) => {
  const { values } = parseArgs({ args, options: { repeat: { type: 'string', default: '2000' }, json: { type: 'boolean', default: false } } })
  const [repeat] = parseIntegers('--repeat', values.repeat, 10, 1_000_000) as [number]
  const rounds = Array.from({ length: 40 }, (_, index) => inventRound(`round${index}`))
  const experienced = createSwarm()
  for (const round of rounds) experienced.play(round, 'shown')
  const [with32, with18] = [inventWins(32, 1_000), inventWins(AGENTS, BALLOTS)]
  const pick = (turn: number): PanelTask => rounds[turn % rounds.length] as PanelTask
  const results = [
    time('Bradley-Terry fit, 32 answers, 1,000 comparisons', repeat, () => fitBradleyTerry(with32, 32)),
    time('Bradley-Terry fit, 18 answers, 200 comparisons', repeat, () => fitBradleyTerry(with18, AGENTS)),
    time('decision, 18 agents, 200 ballots', repeat, (turn) => experienced.rank(pick(turn))),
    time('decision and learning, truth shown', repeat, (turn) => experienced.play(pick(turn), 'shown')),
    time('decision and learning, no truth', Math.ceil(repeat / 10), (turn) => experienced.play(pick(turn), 'none')),
  ]
  const document = { schema: 'peerage.bench/v1', node: process.version, cpu: cpus()[0]?.model ?? 'unknown', results }
  const rows = results.map(({ name, p50Ms, p99Ms, repeat: times }) => [name, p50Ms.toFixed(3), p99Ms.toFixed(3), String(times)])
  process.stdout.write(values.json ? `${JSON.stringify(document)}\n` : `${formatTable([['', 'p50 ms', 'p99 ms', 'times'], ...rows])}\n`)
  return 0
})

function time(name: string, repeat: number, run: (turn: number) => unknown): { name: string; repeat: number; p50Ms: number; p99Ms: number } {
  for (let turn = 0; turn < repeat / 10; turn++) run(turn)
  const spentMs = Array.from({ length: repeat }, (_, turn) => {
    const startedMs = performance.now()
    run(turn)
    return performance.now() - startedMs
  })
  return { name, repeat, p50Ms: percentile(spentMs, 0.5), p99Ms: percentile(spentMs, 0.99) }
}

/** Wins as comparisons of answers of falling quality give them: the better one is preferred three times out of four. */
function inventWins(answers: number, comparisons: number): Float64Array {
  const stream = createSeededStream(`wins${answers}`)
  const wins = new Float64Array(answers * answers)
  for (let made = 0; made < comparisons; made++) {
    const [one, other] = shuffle(Array.from({ length: answers }, (_, index) => index), `pair${answers}/${made}`) as [number, number]
    const [better, worse] = one < other === stream.below(4) > 0 ? [one, other] : [other, one]
    wins[better * answers + worse] = (wins[better * answers + worse] as number) + 1
  }
  return wins
}

/** A round in which everybody answers one of four values, a right one more often than not, and judges about eleven pairs. */
function inventRound(seed: string): PanelTask {
  const stream = createSeededStream(seed)
  const values = Array.from({ length: AGENTS }, () => Math.max(0, stream.below(8) - 4))
  const labels = [...new Set(values)]
  const answers = values.map((value, author) => ({ author, cluster: labels.indexOf(value), comparable: true, correct: value === 0 }))
  const comparisons = Array.from({ length: BALLOTS }, (_, index) => {
    const left = stream.below(AGENTS)
    const right = (left + 1 + stream.below(AGENTS - 1)) % AGENTS
    const honest = (values[left] as number) <= (values[right] as number) === stream.below(4) > 0
    return { judge: index % AGENTS, left, right, verdict: honest ? ('left' as const) : ('right' as const) }
  })
  return { taskId: seed, answers, comparisons }
}
