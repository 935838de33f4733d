/** What a node tells of itself, its peers and its network. The types follow from the schemas that the API publishes. */
import { z } from 'zod'
import { providerStatusSchema } from '../agents/providers/provider-status.ts'
import { agentStatisticsSchema } from '../agents/statistics.ts'
import { roundPhaseSchema, taskKindSchema } from './rounds.ts'

/** `founder`: listed in the genesis; `joining` until a block has admitted the node. */
const nodeRoleSchema = z.enum(['founder', 'member', 'joining'])

const signingSchema = z
  .object({ mode: z.enum(['asking', 'active', 'observing']), cause: z.string().nullable(), reason: z.string().nullable(), until: z.string().nullable() })
  .describe('whether this node signs; while observing: why, and until when, as the ends of sentences')

/** A snapshot of the node. */
export const nodeStatusSchema = z
  .object({
    memberId: z.string(),
    name: z.string(),
    model: z.string(),
    networkId: z.string(),
    networkName: z.string(),
    role: nodeRoleSchema,
    height: z.int(),
    epoch: z.int(),
    view: z.int(),
    lastBlock: z.string().describe('hash of the last final block; of the genesis while there is none'),
    stateRoot: z.string(),
    openRounds: z.array(z.object({ round: z.string(), phase: roundPhaseSchema, asker: z.string(), kind: taskKindSchema })),
    canAnswer: z.boolean().describe("whether it answers now, as peers are told; where others have used up what they may have, it passes in their rounds all the same: see `providers`"),
    canJudge: z.boolean(),
    providers: z.array(providerStatusSchema).describe('what is behind the agent; empty where it needs no model'),
    peersConnected: z.int(),
    members: z.int(),
    membersPresent: z.int().describe('members heard of within the presence interval, this node included'),
    quorumPresent: z.boolean().describe('whether those present have the voting weight that blocks need'),
    health: z.array(z.string()).min(1).describe('sentences for people, the most important first'),
    signing: signingSchema,
    startedAt: z.iso.datetime(),
    refusedFrames: z.record(z.string(), z.int()).describe('how many frames of peers were refused since the start, by code'),
    agent: agentStatisticsSchema.nullable().describe('what an agent that judges with a model has seen of it; null for others'),
    addresses: z.array(z.string()).describe('full multiaddrs with /p2p/<id>, as `join` takes them'),
  })
  .meta({ id: 'NodeStatus' })
export type NodeStatus = z.infer<typeof nodeStatusSchema>

/** A connected peer or a known member. The list holds this node too, marked by `self`. */
export const peerInfoSchema = z
  .object({
    memberId: z.string(),
    name: z.string(),
    model: z.string().nullable().describe('what the member says that answers there; null until it was heard of'),
    self: z.boolean(),
    isMember: z.boolean().describe('false for a connected peer that is not (yet) a member of the network'),
    connected: z.boolean(),
    address: z.string().nullable(),
    latencyMs: z.number().nullable(),
    present: z.boolean(),
    canAnswer: z.boolean(),
    canJudge: z.boolean(),
    votingWeight: z.int(),
  })
  .meta({ id: 'Peer', description: 'a connected peer or a known member' })
export type PeerInfo = z.infer<typeof peerInfoSchema>

/** The network's genesis in its JSON form, as `genesisSchema` of protocol/ reads it. */
export type GenesisDocument = Readonly<Record<string, unknown>>
