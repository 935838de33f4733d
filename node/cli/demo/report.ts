import type { NodeEvent, RoundDetail } from '../../service.ts'
import { note, printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { bold, dim, formatMicro, oneLine } from '../format.ts'
import { formatChange, formatCredit, formatPoints } from '../round-text.ts'
import type { ReadyDocument } from './child-node.ts'

/** Says what goes on in the demo: a story on a terminal, a line per closed round in a pipe, a document per event as JSON. */
export interface Report {
  ready(nodes: readonly ReadyDocument[], folder: string): void
  asked(number: number, asker: string, kind: string, prompt: string): void
  event(number: number, event: NodeEvent): void
  closed(number: number, round: RoundDetail): void
  /** A round that was lost, a node that ended: the demo goes on. */
  mishap(type: 'node-ended' | 'round-failed', message: string, details: Readonly<Record<string, unknown>>): void
}

export function createReport(context: Context, json: boolean): Report {
  if (json) return createJsonReport(context)
  return { ...createIntroduction(context), ...(context.interactive ? createStory(context) : createLines(context)) }
}

function createJsonReport(context: Context): Report {
  const print = (type: string, fields: Readonly<Record<string, unknown>>): void => printJson(context, 'peerage.demo/v1', { type, ...fields })
  return {
    ready: (nodes, folder) => print('ready', { folder, nodes: nodes.map(({ memberId, name, apiUrl, addresses, pid }) => ({ memberId, name, apiUrl, addresses, pid })) }),
    asked: (number, asker, kind, prompt) => print('asked', { number, asker, kind, prompt }),
    event(number, event) {
      if (event.type === 'phase-entered') print('phase-entered', { number, round: event.round, phase: event.phase })
    },
    closed: (number, round) => print('round-closed', { number, ...round }),
    mishap: (type, message, details) => print(type, { message, ...details }),
  }
}

function createIntroduction(context: Context): Pick<Report, 'ready' | 'mishap'> {
  return {
    ready(nodes, folder) {
      const [first] = nodes
      if (first === undefined) return
      note(context, `${nodes.length} nodes run, each a process of its own (in ${folder}):`)
      for (const { name, apiUrl, pid } of nodes) note(context, `  ${name.padEnd(32)} ${apiUrl}   process ${pid}`)
      note(context, 'Look at them from another terminal, where any node gives the same numbers:')
      for (const verb of ['status', 'peers', 'rounds', 'reputation', 'rewards --history']) note(context, `  npx peerage ${verb} --node ${first.apiUrl}`)
      note(context, `  npx peerage ask '{"numbers":[75,50,2,3,8,7],"target":812}' --kind countdown --node ${first.apiUrl}`)
      note(context, 'Ctrl-C ends all of them.\n')
    },
    mishap: (_type, message) => note(context, message),
  }
}

function createStory(context: Context): Pick<Report, 'asked' | 'event' | 'closed'> {
  const width = Math.max(40, (context.columns || 100) - 4)
  return {
    asked(number, asker, kind, prompt) {
      context.out(`${bold(`round ${number}`, context)}  ${kind}, asked by ${asker}\n  ${dim(oneLine(prompt, context, width), context)}\n`)
    },
    event(_number, event) {
      if (event.type === 'phase-entered' && event.phase !== 'closed') context.out(`  ${event.phase}\n`)
    },
    closed(_number, round) {
      const lines = [
        `winner      ${formatWinner(round)}`,
        ...(round.winner === null ? [] : [`answer      ${oneLine(round.winner.value ?? round.winner.text, context, width - 12)}`]),
        `credit      ${formatCredit(round.credit?.shares ?? [])}`,
        `points      ${formatPoints(round.credit?.shares ?? [])}`,
        ...round.reputation.map((change, index) => `${index === 0 ? 'reputation' : ''.padEnd(10)}  ${formatChange(change)}`),
      ]
      context.out(`${lines.map((line) => `  ${line}`).join('\n')}\n\n`)
    },
  }
}

function createLines(context: Context): Pick<Report, 'asked' | 'event' | 'closed'> {
  return {
    asked: () => {},
    event: () => {},
    closed(number, round) {
      const shares = round.credit?.shares ?? []
      const reputation = round.reputation.length === 0 ? 'unchanged' : round.reputation.map(formatChange).join(', ')
      const parts = [
        `round ${number} closed: ${round.kind} asked by ${round.askerName}`,
        `winner ${formatWinner(round)}`,
        `credit ${formatCredit(shares)}`,
        `points ${formatPoints(shares)}`,
        `reputation ${reputation}`,
        `id ${round.round}`,
      ]
      context.out(`${parts.join('; ')}\n`)
    },
  }
}

function formatWinner({ winner, evaluation }: RoundDetail): string {
  if (winner === null) return 'nobody'
  return evaluation === null || evaluation.source === 'none' ? winner.name : `${winner.name} (${formatMicro(evaluation.valueMicro)} by ${evaluation.source})`
}
