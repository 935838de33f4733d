import type { NodeStatus, PeerInfo } from '../service.ts'
import type { NodeClient } from './client.ts'
import { CliError } from './exit.ts'

/** Finds the member meant by an id, a readable name, or an end or beginning of an id that only one has. Throws CliError. */
export function matchMember(given: string, members: readonly Pick<PeerInfo, 'memberId' | 'name'>[]): string {
  const exact = members.find(({ memberId }) => memberId === given)
  if (exact !== undefined) return exact.memberId
  const bare = given.replace(/^…/, '')
  const named = members.filter(({ name }) => name === bare)
  const matching = named.length > 0 ? named : members.filter(({ memberId }) => bare !== '' && (memberId.startsWith(bare) || memberId.endsWith(bare)))
  const [match] = matching
  if (match === undefined) throw new CliError('failure', `No member is called "${given}".`, 'peerage peers lists the members.')
  if (matching.length > 1) {
    throw new CliError('usage', `"${given}" could be ${matching.map(({ memberId, name }) => `${name} (${memberId})`).join(' or ')}.`, 'Give more of the id.')
  }
  return match.memberId
}

/** The full id of the member meant; the node's own where nobody was named. */
export async function resolveMember(client: NodeClient, given: string | undefined): Promise<string> {
  if (given === undefined) return (await client.get<NodeStatus>('status')).memberId
  const { members } = await client.get<{ members: PeerInfo[] }>('members')
  return matchMember(given, members)
}
