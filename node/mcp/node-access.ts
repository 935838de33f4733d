import type { NodeClient } from '../cli/client.ts'
import type { NodeService, NodeStatus, PeerInfo } from '../service.ts'

/** What the tools need of a node, wherever it runs. Rejects with ServiceError in this process, with CliError over HTTP. */
export interface NodeAccess extends Pick<NodeService, 'ask' | 'rounds' | 'round' | 'reputation' | 'rewards' | 'explain' | 'subscribe'> {
  status(): Promise<NodeStatus>
  /** This node first, then the others by member id. */
  peers(): Promise<PeerInfo[]>
}

/** The node of this process. */
export function accessService(service: NodeService): NodeAccess {
  return { ...service, status: async () => service.status(), peers: async () => service.peers() }
}

/** A node in another process, by its API. It is looked for at every call: it may start later, and come and go. */
export function accessApi(find: () => Promise<NodeClient>): NodeAccess {
  const get = async <Document>(path: string, query: Readonly<Record<string, unknown>> = {}): Promise<Document> => {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== false)
    const parameters = new URLSearchParams(given.map(([name, value]) => [name, value === true ? '1' : String(value)]))
    return (await find()).get<Document>(parameters.size === 0 ? path : `${path}?${parameters}`)
  }
  const part = encodeURIComponent
  return {
    status: () => get('status'),
    async peers() {
      const { memberId } = await get<NodeStatus>('status')
      const { members } = await get<{ members: PeerInfo[] }>('members')
      const { peers } = await get<{ peers: PeerInfo[] }>('peers')
      const self = members.filter((member) => member.memberId === memberId)
      return [...self, ...peers]
    },
    ask: async (request) => (await find()).post('rounds', request),
    rounds: async ({ limit, before, status }) => (await get<{ rounds: Awaited<ReturnType<NodeAccess['rounds']>> }>('rounds', { limit, before, status })).rounds,
    round: (id) => get(`rounds/${part(id)}`),
    reputation: (member, { history, at }) => get(`members/${part(member)}/reputation`, { history, at }),
    rewards: (member, { history, at }) => get(`members/${part(member)}/rewards`, { history, at }),
    explain: (round, member) => get(`rounds/${part(round)}/explanations/${part(member)}`),
    // Events only hasten a look at a round, so that a lost stream does no harm.
    subscribe(listener) {
      const ended = new AbortController()
      find().then((client) => client.subscribe(listener, ended.signal)).catch(() => undefined)
      return () => ended.abort()
    },
  }
}
