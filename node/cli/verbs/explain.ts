import type { Command } from 'commander'
import type { CreditExplanation, ExplainedMarginal, RoundGrading } from '../../service.ts'
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
  const sampled = standardErrorMicro === null ? 'exact' : `standard error ${formatMicro(standardErrorMicro)}`
  const error = explanation.gradingErrorMicro === null ? sampled : `${sampled} for these grades, which leave a standard error of ${formatMicro(explanation.gradingErrorMicro)}`
  const pick = without.pick === null ? 'nothing' : `${oneLine(without.pick.value ?? without.pick.text, context, 60)} by ${without.pick.name}`
  const single = bestSingle === null ? [] : [`the best single member, ${bestSingle.name}: ${formatMicro(bestSingle.valueMicro)}${bestSingle.valueMicro > grandValueMicro ? ', more than the swarm: it destroyed value here' : ''}`]
  return [
    `${name} (${member}) in round ${round}, closed at height ${height}`,
    `credit ${formatSigned(creditMicro)}, ${error}; ${formatCount(points, 'point')}`,
    `what all picked is worth ${formatMicro(grandValueMicro)}`,
    ...formatGrading(explanation.grading),
    ...single,
    `without ${name} the swarm would have picked ${pick}, worth ${formatMicro(without.valueMicro)}`,
    `helped most ${formatMarginal(explanation.best)}`,
    `helped least ${formatMarginal(explanation.worst)}`,
    `${explanation.complete ? 'all' : 'a sample of'} ${formatCount(explanation.coalitions, 'coalition')} looked at`,
    `to recompute it: ${explanation.recompute}`,
    '',
  ].join('\n')
}

function formatGrading(grading: RoundGrading): string[] {
  if (grading === null) return []
  const { graders, draws, counts, weightMicro, drawNoiseMicro, graderNoiseMicro } = grading
  const by = `graded by ${formatCount(graders.length, 'member')} with ${formatMicro(weightMicro)} of all weight, ${formatCount(draws, 'draw')} of each answer`
  if (!counts || graderNoiseMicro === null) return [`${by}: too few, so the ballots alone say what answers are worth`]
  return [`${by}; grades differ by ${formatMicro(graderNoiseMicro)} between members${drawNoiseMicro === null ? '' : ` and by ${formatMicro(drawNoiseMicro)} between draws`}`]
}

function formatMarginal({ valueMicro, with: others }: ExplainedMarginal): string {
  return `${others.length === 0 ? 'alone' : `with ${others.map(({ name }) => name).join(', ')}`}: ${formatSigned(valueMicro)}`
}
