import type { CreditShare, NodeEvent, ReputationChange, RoundDetail, RoundEvaluation } from '../service.ts'
import type { Context } from './context.ts'
import { bold, formatMicro, formatSigned, formatTable, oneLine, printable } from './format.ts'

/** All of a round for people to read. */
export function formatRound(round: RoundDetail, context: Context): string {
  const state = round.status === 'closed' ? `closed at height ${round.closedHeight ?? '?'}` : round.phase
  const sections = [
    `${bold(`round ${round.round}`, context)}\n${round.kind}, ${state}, asked by ${round.askerName}`,
    printable(round.prompt),
    round.pruned ? 'What was said in this round is kept here no more, only what was agreed; archive nodes have it.' : '',
    formatAnswers(round, context),
    formatOutcome(round),
    formatCreditTable(round, context),
    round.reputation.length === 0 ? '' : `reputation\n${round.reputation.map((change) => `  ${formatChange(change)}`).join('\n')}`,
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function formatAnswers(round: RoundDetail, context: Context): string {
  if (round.answers.length === 0) return round.status === 'closed' ? 'Nobody answered.' : 'No answers are revealed yet.'
  const strengths = new Map(round.ranking?.answers.map(({ member, strengthMicro }) => [member, strengthMicro]))
  const rows = round.answers.map(({ member, name, text, value }) => {
    const strength = strengths.get(member)
    return [name, strength === undefined ? '-' : formatMicro(strength), oneLine(value ?? '-', context, 24), oneLine(text, context, 60)]
  })
  return formatTable(['answer by', 'strength', 'value', 'text'], rows, context).trimEnd()
}

function formatOutcome(round: RoundDetail): string {
  if (round.winner === null) return round.status === 'closed' ? 'Nobody won: there was no usable answer.' : ''
  const agreement = round.ranking === null ? '' : `, agreement ${formatMicro(round.ranking.agreementMicro)}`
  return `winner ${round.winner.name}${agreement}${formatEvaluation(round.evaluation)}${round.rated === false ? ', unrated' : ''}`
}

function formatEvaluation(evaluation: RoundEvaluation | null): string {
  if (evaluation === null || evaluation.source === 'none') return ''
  return `, evaluation ${formatMicro(evaluation.valueMicro)} by ${evaluation.source} (${evaluation.success ? 'success' : 'no success'})`
}

function formatCreditTable({ credit }: RoundDetail, context: Context): string {
  if (credit === null) return ''
  const rows = credit.shares.map(({ name, creditMicro, standardErrorMicro, points }) => [
    name,
    formatSigned(creditMicro),
    standardErrorMicro === null ? 'exact' : `± ${formatMicro(standardErrorMicro)}`,
    String(points),
  ])
  const best = credit.bestSingle === null ? '' : `, best single member ${formatMicro(credit.bestSingle.valueMicro)} (${credit.bestSingle.name})`
  return `${formatTable(['credit of', 'credit', 'error', 'points'], rows, context)}value of all ${formatMicro(credit.grandValueMicro)}${best}`
}

/** `quiet-red-fox +0.412, ...`, the highest first. */
export function formatCredit(shares: readonly CreditShare[]): string {
  if (shares.length === 0) return 'none'
  return [...shares].sort((a, b) => b.creditMicro - a.creditMicro).map(({ name, creditMicro }) => `${name} ${formatSigned(creditMicro)}`).join(', ')
}

/** `quiet-red-fox 600, ...` for those who got any, the highest first. */
export function formatPoints(shares: readonly CreditShare[]): string {
  const paid = shares.filter(({ points }) => points > 0).sort((a, b) => b.points - a.points)
  return paid.length === 0 ? 'none' : paid.map(({ name, points }) => `${name} ${points}`).join(', ')
}

/** `quiet-red-fox number answering 0.500 -> 0.620`. */
export function formatChange({ name, domain, role, beforeMicro, afterMicro }: ReputationChange): string {
  return `${name} ${domain} ${role} ${formatMicro(beforeMicro)} -> ${formatMicro(afterMicro)}`
}

/** One line of progress for an event of a round, or null for events that say nothing of a round. */
export function formatProgress(event: NodeEvent): string | null {
  switch (event.type) {
    case 'round-opened':
      return `round ${event.round} opened by ${event.askerName}`
    case 'phase-entered':
      return `  ${event.phase}`
    case 'agent-error':
      return `  own agent failed (${event.code}): ${printable(event.message)}`
    default:
      return null
  }
}
