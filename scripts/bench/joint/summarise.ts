import { nameOf } from '../../../node/index.ts'
import type { Rules } from '../../../protocol/index.ts'
import type { Played } from '../../replay/play.ts'
import { percentile } from '../../replay/score.ts'
import { accountOf, type StoredRound } from './account.ts'
import type { LoopFigures } from './host.ts'

export interface RunFindings {
  run: 'honest' | 'silent' | 'lying'
  /** Members of each process, and the one that misbehaves. */
  members: string[][]
  outcast: string | null
  played: Played[]
  rounds: StoredRound[]
  rules: Rules
  stateRoots: string[]
  penalties: number
  loops: (LoopFigures | null)[]
}

/** Shares may exceed the redundancy by so much where members fail. */
const EXCESS_MAX = 1.1

/** What a run comes to. `failures` say what should not be, in words. */
export type RunSummary = ReturnType<typeof figuresOf> & { failures: string[] }

export function summarise(findings: RunFindings): RunSummary {
  const figures = figuresOf(findings)
  return { ...figures, failures: failuresOf(figures) }
}

function figuresOf({ run, members, outcast, played, rounds, rules, stateRoots, penalties, loops }: RunFindings) {
  const accounts = rounds.map((round) => accountOf(round, rules))
  const sent = accounts.flatMap((account) => account.sent)
  const evaluations = (of: (share: (typeof sent)[number]) => boolean): number => sum(sent.filter(of).map((share) => share.evaluations))
  const alone = sum(accounts.map((account) => account.alone))
  const total = evaluations(() => true)
  const processes = members.map((ids, index) => ({
    nodes: ids.length,
    evaluations: evaluations(({ member }) => ids.includes(member)),
    share: evaluations(({ member }) => ids.includes(member)) / total,
    loop: loops[index] ?? null,
  }))
  const slowest = accounts.map(({ shareMs }) => Math.max(...members.map((ids) => sum(ids.map((id) => shareMs.get(id) ?? 0)))))
  const phaseMs = played.map(({ round }) => sum(round.timings.flatMap(({ phase, durationMs }) => (phase.startsWith('credit') ? [durationMs] : []))))
  const lies = rounds.map(({ result }) => result.lies.map(({ player }) => result.players[player] as string))
  return {
    run,
    rounds: rounds.length,
    processes,
    alone,
    total,
    ofRedundancy: total / (alone * rules.parameters.creditRedundancy),
    /** Blocks that passed to the next, and to everybody. */
    passed: { next: blocksIn(sent, 'credit-next'), all: blocksIn(sent, 'credit-all') },
    checksPerNode: sum(accounts.map(({ checks }) => checks)),
    ms: {
      alone: percentile(accounts.map(({ aloneMs }) => aloneMs), 0.5),
      slowestProcess: percentile(slowest, 0.5),
      phases: percentile(phaseMs, 0.5),
    },
    outcast: outcast === null ? null : { name: nameOf(outcast), perRound: accounts.map((account) => sum(account.sent.filter(({ member }) => member === outcast).map(({ blocks }) => blocks))), named: lies.filter((names) => names.includes(outcast)).length, penalties },
    /** How often an honest member was named a liar. */
    accused: lies.flat().filter((name) => name !== outcast).length,
    stateRoots,
  }
}

function failuresOf({ run, rounds, ofRedundancy, outcast, passed, accused, stateRoots }: Omit<RunSummary, 'failures'>): string[] {
  const checks: [boolean, string][] = [
    [rounds > 0, 'no round gave credit'],
    [ofRedundancy <= EXCESS_MAX, `shares are ${ofRedundancy.toFixed(2)} of what redundancy asks for, more than ${EXCESS_MAX}`],
    [new Set(stateRoots).size === 1, 'state roots differ'],
    [accused === 0, 'an honest member was named a liar'],
    [run !== 'silent' || (outcast !== null && sum(outcast.perRound) === 0 && passed.next > 0), 'blocks of the silent member did not pass to the next'],
    [run !== 'lying' || (outcast !== null && outcast.named > 0 && outcast.penalties === outcast.named), 'the liar was not named and penalised'],
  ]
  return checks.flatMap(([holds, text]) => (holds ? [] : [text]))
}

/** A run as people read it. `target` is how long a node's event loop may be blocked, in milliseconds. */
export function formatRun(found: RunSummary, target: number): string {
  const { run, rounds, processes, alone, total, ofRedundancy, passed, checksPerNode, ms, outcast, stateRoots, failures } = found
  const lines = processes.map(({ nodes, evaluations, share, loop }, index) => {
    const figures = loop === null ? 'not measured' : `late p99 ${loop.delay.p99} max ${loop.delay.max} ms, computing p99 ${loop.turn.p99} max ${loop.turn.max} ms`
    return `  process ${index + 1}   ${nodes} nodes, ${evaluations} evaluations, ${(100 * share).toFixed(1)} %; event loop: ${figures}`
  })
  return [
    `${run}: ${rounds} rounds`,
    ...lines,
    `  together    ${total} evaluations, one node alone ${alone}: ${ofRedundancy.toFixed(3)} of what redundancy asks for; each node checks ${checksPerNode} more at closing`,
    `  passed on   ${passed.next} blocks to the next, ${passed.all} to everybody`,
    `  time (p50)  alone ${ms.alone.toFixed(0)} ms, slowest process ${ms.slowestProcess.toFixed(0)} ms on a core of its own, phases of credit ${ms.phases.toFixed(0)} ms`,
    ...(outcast === null ? [] : [`  ${run.padEnd(11)} ${outcast.name}: blocks sent per round ${outcast.perRound.join(' ')}; named in ${outcast.named} rounds, ${outcast.penalties} penalties`]),
    `  state root  ${new Set(stateRoots).size === 1 ? `${stateRoots[0]?.slice(0, 16)} on all ${stateRoots.length} nodes` : stateRoots.join(' ')}`,
    `  event loop  target ${target} ms`,
    ...failures.map((text) => `  FAILED      ${text}`),
    '',
  ].join('\n')
}

function blocksIn(sent: readonly { phase: string; blocks: number }[], phase: string): number {
  return sum(sent.flatMap((share) => (share.phase === phase ? [share.blocks] : [])))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
