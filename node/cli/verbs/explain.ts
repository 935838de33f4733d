import type { Command } from 'commander'
import type { CreditExplanation, ExplainedMarginal } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { formatCount, formatMicro, formatSigned, oneLine } from '../format.ts'
import { resolveMember } from '../member-lookup.ts'
import { addNodeOptions } from './options.ts'

/** `rewards explain`: where the credit of one round comes from. */
export function addExplain(rewards: Command, context: Context): void {
  const command = rewards
    .command('explain')
    .description('why a member has the credit that a closed round gave it')
    .argument('<round>', 'id of a closed round')
    .argument('[member]', 'id, an end of an id, or readable name; this node where absent')
  addNodeOptions(command).action(async (round: string, given: string | undefined, _: NodeOptions, self: Command) => {
    // Options that `rewards` has too are taken by it.
    const options = self.optsWithGlobals<NodeOptions & { json?: boolean }>()
    const client = await findNode(options, context)
    const member = await resolveMember(client, given)
    const explanation = await client.get<CreditExplanation>(`rounds/${encodeURIComponent(round)}/explanations/${encodeURIComponent(member)}`)
    if (options.json === true) return printJson(context, 'peerage.explanation/v1', explanation)
    context.out(formatExplanation(explanation, context))
  })
}

function formatExplanation(explanation: CreditExplanation, context: Context): string {
  const { name, member, round, height, creditMicro, standardErrorMicro, points, grandValueMicro, bestSingle, without } = explanation
  const error = standardErrorMicro === null ? 'exact' : `standard error ${formatMicro(standardErrorMicro)}`
  const pick = without.pick === null ? 'nothing' : `${oneLine(without.pick.value ?? without.pick.text, context, 60)} by ${without.pick.name}`
  const single = bestSingle === null ? [] : [`the best single member, ${bestSingle.name}: ${formatMicro(bestSingle.valueMicro)}${bestSingle.valueMicro > grandValueMicro ? ', more than the swarm: it destroyed value here' : ''}`]
  return [
    `${name} (${member}) in round ${round}, closed at height ${height}`,
    `credit ${formatSigned(creditMicro)}, ${error}; ${formatCount(points, 'point')}`,
    `what all picked is worth ${formatMicro(grandValueMicro)}`,
    ...single,
    `without ${name} the swarm would have picked ${pick}, worth ${formatMicro(without.valueMicro)}`,
    `helped most ${formatMarginal(explanation.best)}`,
    `helped least ${formatMarginal(explanation.worst)}`,
    `${explanation.complete ? 'all' : 'a sample of'} ${formatCount(explanation.coalitions, 'coalition')} looked at`,
    `to recompute it: ${explanation.recompute}`,
    '',
  ].join('\n')
}

function formatMarginal({ valueMicro, with: others }: ExplainedMarginal): string {
  return `${others.length === 0 ? 'alone' : `with ${others.map(({ name }) => name).join(', ')}`}: ${formatSigned(valueMicro)}`
}
