import type { Command } from 'commander'
import type { NodeStatus } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { formatId, oneLine } from '../format.ts'
import { addNodeOptions } from './options.ts'

export function addStatus(program: Command, context: Context): void {
  addNodeOptions(program.command('status').description('how a running node is, health first')).action(
    async (options: NodeOptions & { json?: boolean }) => {
      const client = await findNode(options, context)
      const status = await client.get<NodeStatus>('status')
      if (options.json === true) return printJson(context, 'peerage.status/v1', status)
      context.out(formatStatus(status, client.url, context))
    },
  )
}

function formatStatus(status: NodeStatus, url: string, context: Context): string {
  const able = [status.canAnswer ? 'answers' : 'does not answer', status.canJudge ? 'judges' : 'does not judge'].join(', ')
  const open = status.openRounds.map(({ round, kind, phase }) => `${formatId(round, context)} (${kind}, ${phase})`)
  const refused = Object.entries(status.refusedFrames).map(([code, count]) => `${count} ${code}`)
  const rows: [string, string][] = [
    ['member', `${status.name} (${status.memberId}), ${status.role}`],
    ['agent', `${oneLine(status.model, context, 80)}; ${able}`],
    ...(status.agent === null ? [] : [['judging', formatJudging(status.agent)] as [string, string]]),
    ...status.providers.map((provider): [string, string] => ['provider', formatProvider(provider, context)]),
    ['network', `${oneLine(status.networkName, context, 60)} (${formatId(status.networkId, context)})`],
    ['present', `${status.membersPresent} of its members, ${status.peersConnected} connected`],
    ['record', `height ${status.height}, epoch ${status.epoch}, view ${status.view}, state ${formatId(status.stateRoot, context)}`],
    ['signs', status.signing.mode === 'active' ? 'yes' : `no, ${status.signing.mode}`],
    ['rounds', open.length === 0 ? 'none open' : open.join(', ')],
    ['refused', refused.length === 0 ? 'no frame of a peer' : refused.join(', ')],
    ['api', url],
    ...status.addresses.map((address): [string, string] => ['address', address]),
  ]
  return `${status.health.join('\n')}\n\n${rows.map(([name, value]) => `${name.padEnd(8)} ${value}`).join('\n')}\n`
}

function formatJudging({ verdicts, canaries, injections }: NonNullable<NodeStatus['agent']>): string {
  const asked = verdicts.clear + verdicts.unclear + verdicts.failed
  const parts = [`${verdicts.clear} of ${asked} verdicts clear`, `${canaries.asked - canaries.failed} of ${canaries.asked} canaries right`]
  return [...parts, `${injections.answers} answers may have tried to influence it`].join(', ')
}

function formatProvider({ id, model, state, reason, running, waiting, today, currency }: NodeStatus['providers'][number], context: Context): string {
  const now = reason === null ? `${running} calls under way, ${waiting} wait` : `${state}: ${oneLine(reason, context, 80)}`
  return `${id} (${oneLine(model, context, 40)}); ${now}; today ${today.calls} calls, ${today.tokens} tokens, ${(today.costMicro / 1_000_000).toFixed(6)} ${currency}`
}
