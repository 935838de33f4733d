import type { Command } from 'commander'
import type { ReputationDocument, ReputationEstimate, RewardsDocument } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import type { Context } from '../context.ts'
import { formatCount, formatMicro, formatSigned, formatTable } from '../format.ts'
import { resolveMember } from '../member-lookup.ts'
import { addExplain } from './explain.ts'
import { addNodeOptions, integerWithin } from './options.ts'

interface DocumentOptions extends NodeOptions {
  history?: boolean
  at?: number
  json?: boolean
}

/** The verbs `reputation` and `rewards`: agreed numbers of one member, printed as they are agreed or as tables. */
export function addMemberDocuments(program: Command, context: Context): void {
  addDocument<ReputationDocument>(program, context, 'reputation', 'how good a member is at answering and judging', formatReputation)
  addExplain(addDocument<RewardsDocument>(program, context, 'rewards', 'what a member earned: credit and points', formatRewards), context)
}

function addDocument<Document>(
  program: Command,
  context: Context,
  verb: 'reputation' | 'rewards',
  description: string,
  format: (document: Document, context: Context) => string,
): Command {
  const command = program
    .command(verb)
    .description(description)
    .argument('[member]', 'id, an end of an id, or readable name; this node where absent')
    .option('--history', 'every round that counted')
    .option('--at <height>', 'as it was after the block at that height', integerWithin(0, Number.MAX_SAFE_INTEGER))
  addNodeOptions(command).action(async (given: string | undefined, options: DocumentOptions) => {
    const client = await findNode(options, context)
    const member = await resolveMember(client, given)
    const query = new URLSearchParams({ ...(options.history === true ? { history: '1' } : {}), ...(options.at === undefined ? {} : { at: String(options.at) }) })
    const text = await client.getText(`members/${encodeURIComponent(member)}/${verb}${query.size === 0 ? '' : `?${query}`}`)
    context.out(options.json === true ? text : format(JSON.parse(text) as Document, context))
  })
  return command
}

function formatReputation(document: ReputationDocument, context: Context): string {
  const rows = [...estimateRows('answering', document.answering), ...estimateRows('judging', document.judging)]
  const table = rows.length === 0 ? 'No round has counted yet: a rated one does where some answers are better than others.\n' : formatTable(['role', 'domain', 'mean', 'interval', 'rounds', ''], rows, context)
  const penalties = document.penalties.map(({ height, round, cause }) => `penalty at height ${height}: ${cause}${round === null ? '' : ` in round ${round}`}\n`).join('')
  return `${heading(document)}${table}${penalties}${document.history === undefined || rows.length === 0 ? '' : `\n${reputationHistory(document.history, context)}`}`
}

function estimateRows(role: string, estimates: Readonly<Partial<Record<string, ReputationEstimate>>>): string[][] {
  return Object.entries(estimates).flatMap(([domain, estimate]) => {
    if (estimate === undefined) return []
    const { meanMicro, lowMicro, highMicro, count, probation } = estimate
    return [[role, domain, formatMicro(meanMicro), `${formatMicro(lowMicro)} to ${formatMicro(highMicro)}`, String(count), probation ? 'in probation' : '']]
  })
}

function reputationHistory(history: NonNullable<ReputationDocument['history']>, context: Context): string {
  if (history.length === 0) return 'No round has counted yet.\n'
  const rows = history.map(({ height, round, role, domain, successMicro, failureMicro, meanMicro }) => [
    String(height),
    round ?? '-',
    role,
    domain,
    formatSigned(successMicro),
    formatSigned(failureMicro),
    formatMicro(meanMicro),
  ])
  return formatTable(['height', 'round', 'role', 'domain', 'for', 'against', 'mean after'], rows, context)
}

function formatRewards(document: RewardsDocument, context: Context): string {
  const summary = `${formatCount(document.points, 'point')}, credit ${formatSigned(document.creditTotalMicro)} over ${formatCount(document.rounds, 'round')}\n`
  if (document.history === undefined) return `${heading(document)}${summary}`
  if (document.history.length === 0) return `${heading(document)}${summary}No round has counted yet.\n`
  const rows = document.history.map(({ height, round, creditMicro, points }) => [String(height), round, formatSigned(creditMicro), String(points)])
  return `${heading(document)}${summary}\n${formatTable(['height', 'round', 'credit', 'points'], rows, context)}`
}

function heading({ name, member, height }: { name: string; member: string; height: number }): string {
  return `${name} (${member}) at height ${height}\n`
}
