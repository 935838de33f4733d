import packageJson from '../../package.json' with { type: 'json' }
import type { NodeService } from '../service.ts'
import { unreadyReasons } from '../service/readiness.ts'
import {
  checkpointSchema,
  genesisDocumentSchema,
  healthSchema,
  membershipAnswerSchema,
  membersSchema,
  nodeSchema,
  peersSchema,
  readySchema,
  statusSchema,
} from './documents.ts'
import { RequestError } from './problem.ts'
import type { RateLimits } from './rate-limit.ts'
import { BODY_BYTES_MAX, membershipSchema, WAIT_S_MAX } from './requests.ts'
import { documentRoute, type Route } from './route.ts'

/** Seconds after which it makes sense to look again whether a node is ready. */
const READY_RETRY_S = 2

/** Routes about the node itself, its peers and its network. */
export function nodeRoutes(service: NodeService, limits: RateLimits): Route[] {
  return [
    documentRoute({
      method: 'GET', path: '/api/v1/node', id: 'getNode', summary: 'Who the node is, its version and its limits', document: nodeSchema,
      handle() {
        const { memberId, name, model, networkId, networkName, addresses, startedAt } = service.status()
        const { burst, perSecond } = limits
        return {
          schema: 'peerage.node/v1', version: packageJson.version, memberId, name, model, networkId, networkName, addresses, startedAt,
          limits: { bodyBytesMax: BODY_BYTES_MAX, requestsPerSecond: perSecond, requestsAtOnce: burst, waitSMax: WAIT_S_MAX },
        }
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/status', id: 'getStatus', summary: 'A snapshot: health sentences, height, open rounds', document: statusSchema,
      handle: () => ({ schema: 'peerage.status/v1', ...service.status() }),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/health', id: 'getHealth', summary: 'Whether the process serves requests', document: healthSchema,
      handle: () => ({ schema: 'peerage.health/v1', status: 'ok' }),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/ready', id: 'getReady', summary: 'Whether the node can ask and answer now', document: readySchema, problems: ['not-ready'],
      handle() {
        const reasons = unreadyReasons(service.status())
        if (reasons.length > 0) throw new RequestError('not-ready', reasons.map(({ message }) => message).join(' '), { reasons, retryAfterS: READY_RETRY_S })
        return { schema: 'peerage.ready/v1', ready: true }
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/peers', id: 'listPeers', summary: 'Connected peers and known members, this node left out', document: peersSchema,
      handle: () => ({ schema: 'peerage.peers/v1', peers: service.peers().filter((peer) => !peer.self) }),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/members', id: 'listMembers', summary: 'Members of the network', document: membersSchema,
      handle: () => ({ schema: 'peerage.members/v1', members: service.peers().filter((peer) => peer.isMember) }),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/genesis', id: 'getGenesis', summary: "The network's genesis", document: genesisDocumentSchema,
      handle: () => service.genesis(),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/checkpoint', id: 'getCheckpoint', summary: 'The state after the last final block with its proof, for a network to go on from',
      document: checkpointSchema, problems: ['not-possible'],
      handle: () => service.checkpoint(),
    }),
    documentRoute({
      method: 'POST', path: '/api/v1/membership', id: 'changeMembership', summary: 'Asks to leave the network, or to go over to another key',
      body: membershipSchema, status: 202, document: membershipAnswerSchema, problems: ['not-possible', 'stopping'],
      async handle({ body }) {
        await service.membership(body)
        return { schema: 'peerage.membership/v1', kind: body.kind }
      },
    }),
  ]
}
