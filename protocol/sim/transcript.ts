/** What happened in a run, for somebody who wants to understand it: who said what, and what became of it. */
import type { Message } from '../envelope.ts'
import type { Notice } from '../machine/events.ts'
import type { Witness } from './invariants.ts'
import { runPlan, type SimReport } from './simulate.ts'
import { describePlan, type Plan } from './plan.ts'
import type { SimNode, World } from './types.ts'

const LINES_MAX = 60

/** The plan of a run, what was wrong with it, its last moments, and how every node ended. */
export function transcribe(plan: Plan): { report: SimReport; lines: string[] } {
  let ends: () => string[] = () => []
  const said: string[] = []
  const report = runPlan(plan, {
    prepare: (world, witness) => {
      narrate(world, witness, said)
      ends = () => world.nodes.map(describeEnd)
    },
  })
  const wrong = [...report.violations, ...report.stalls]
  const from = Math.max(0, said.length - LINES_MAX)
  return { report, lines: [...describePlan(plan), '', ...wrong.map((what) => `! ${what}`), '', ...(from > 0 ? [`(${from} lines before)`] : []), ...said.slice(from), '', ...ends()] }
}

function narrate(world: World, { violations }: Witness, lines: string[]): void {
  const add = (node: SimNode, what: string | null): void => {
    // What follows the first violation explains nothing.
    if (what !== null && violations.length === 0) lines.push(`${(world.nowMs / 1_000).toFixed(3).padStart(7)} s  ${node.index}${node.adversary === null ? ' ' : '*'} ${what}`)
  }
  const { onNotice, onSent } = world
  world.onSent = (node, message) => {
    add(node, describeMessage(message))
    onSent(node, message)
  }
  world.onNotice = (node, notice) => {
    add(node, describeNotice(notice))
    onNotice(node, notice)
  }
}

function describeMessage({ kind, body }: Message): string | null {
  switch (kind) {
    case 'presence':
      return null
    case 'vote':
      return `votes ${body.kind} in view ${body.view}${body.block === null ? '' : ` for ${short(body.block)}`}`
    case 'proposal':
      return `proposes height ${body.height} in view ${body.view} on ${short(body.parent)}: ${body.entries.map(({ type }) => type).join(', ') || 'nothing'}`
    case 'observation':
      return `observes ${body.items.length} items of ${body.phase} in ${short(body.round)}`
    case 'commit':
    case 'reveal':
    case 'truth':
    case 'share':
      return `sends ${kind} for ${body.phase} of ${short(body.round)}`
    case 'open':
    case 'join':
    case 'leave':
    case 'rotate':
    case 'evidence':
      return `sends ${kind}`
  }
}

function describeNotice(notice: Notice): string | null {
  switch (notice.type) {
    case 'block-final':
      return `has height ${notice.height} final: ${short(notice.hash)} of view ${notice.view}`
    case 'round-closed':
      return `closes ${short(notice.closed.round)}`
    case 'refused-to-sign':
      return `is asked to contradict itself in ${notice.slot}`
    case 'block-refused':
      return `refuses final block ${notice.height}: ${notice.code}`
    case 'result-differs':
      return `has another result for ${short(notice.round)}`
    case 'signing':
      return `is ${notice.mode}${notice.cause === null ? '' : `: ${notice.cause}`}`
    case 'asked':
    case 'requested':
    case 'round-opened':
    case 'phase-entered':
    case 'ranked':
      return null
    default:
      return null
  }
}

function describeEnd({ index, machine, adversary }: SimNode): string {
  if (machine === null) return `${index} is down`
  const { ledger, agreement, guard } = machine
  const phases = Object.entries(ledger.rounds).map(([round, { phase }]) => `${short(round)} in ${phase}`)
  const who = adversary === null ? '' : ` (${adversary.name})`
  return `${index}${who} ends at height ${ledger.height}, epoch ${ledger.epoch}, view ${agreement.view}, ${guard.mode}; ${phases.join(', ') || 'no round open'}`
}

function short(hash: string): string {
  return hash.slice(0, 6)
}
