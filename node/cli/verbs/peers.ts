import type { Command } from 'commander'
import type { PeerInfo } from '../../service.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { note, printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { formatId, formatTable, oneLine } from '../format.ts'
import { addNodeOptions } from './options.ts'

export function addPeers(program: Command, context: Context): void {
  addNodeOptions(program.command('peers').description('connected peers and known members')).action(async (options: NodeOptions & { json?: boolean }) => {
    const client = await findNode(options, context)
    const { peers } = await client.get<{ peers: PeerInfo[] }>('peers')
    if (options.json === true) return printJson(context, 'peerage.peers/v1', { peers })
    if (peers.length === 0) return note(context, 'No other member is known. A friend joins with: peerage join <address>; peerage status prints the addresses.')
    context.out(formatTable(['name', 'member', 'agent', 'state', 'does', 'latency', 'weight', 'address'], peers.map((peer) => toRow(peer, context)), context))
  })
}

function toRow(peer: PeerInfo, context: Context): string[] {
  const does = [...(peer.canAnswer ? ['answer'] : []), ...(peer.canJudge ? ['judge'] : [])].join('+')
  return [
    peer.name,
    formatId(peer.memberId, context),
    oneLine(peer.model ?? '-', context, 32),
    `${peer.connected ? 'connected' : 'apart'}${peer.present ? ', present' : ''}${peer.isMember ? '' : ', no member'}`,
    does === '' ? '-' : does,
    peer.latencyMs === null ? '-' : `${Math.round(peer.latencyMs)} ms`,
    String(peer.votingWeight),
    peer.address ?? '-',
  ]
}
