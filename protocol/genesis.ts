import { z } from 'zod'
import { sha256 } from '../consensus/index.ts'
import { encode } from './encoding.ts'
import { LIMITS } from './limits.ts'
import { hashSchema, memberIdSchema } from './bodies.ts'

const milliseconds = z.number().int().min(1).max(3_600_000)
const microseconds = z.number().int().min(1).max(3_600_000_000)

/** Parameters of a network; part of its identity. Times are local durations in milliseconds. */
export const parametersSchema = z.strictObject({
  /** Time for reveals, the truth and credit shares; answering and judging times come with each task. */
  revealMs: milliseconds.default(5_000),
  evaluateMs: milliseconds.default(5_000),
  creditMs: milliseconds.default(30_000),
  /** Agreement: time for a leader's proposal, for a whole view, and how often both may double. */
  leaderMs: milliseconds.default(1_500),
  viewMs: milliseconds.default(4_000),
  backoffMax: z.number().int().min(0).max(10).default(5),
  standstillMs: milliseconds.default(1_000),
  presenceMs: milliseconds.default(2_000),
  /** `scheduled`: each judge is given its own pairs; `open`: any pair counts. */
  pairing: z.enum(['scheduled', 'open']).default('scheduled'),
  /** Whether comparisons with the judge's own answer count. */
  selfBallots: z.boolean().default(false),
  /** Rounds that one member may have open at a time. */
  openRoundsMax: z.number().int().min(1).max(64).default(4),
  /** Longest answering and judging time that a task may ask for. */
  agentMsMax: z.number().int().min(LIMITS.agentMsMin).max(LIMITS.agentMsMax).default(600_000),
  /** Up to this many players credit is enumerated exactly by everybody; above it, a sample is shared. */
  exactPlayersMax: z.number().int().min(1).max(16).default(12),
  /** What is sampled above it: fresh complementary coalitions, prefixes of permutations, or what tells most. */
  creditPlan: z.enum(['auto', 'pairs', 'permutations']).default('auto'),
  /** Size of a shared credit computation, in pairs of permutations or as many evaluations; each block is evaluated by several members. */
  creditPairs: z.number().int().min(1).max(4_096).default(16),
  creditRedundancy: z.number().int().min(2).max(16).default(2),
  /** Values that a member finds out of blocks of others, for each value of its own blocks. */
  creditChecks: z.number().int().min(0).max(16).default(3),
  /** What one evaluation costs in microseconds, of a coalition by itself and of one that grows by a member; what `auto` goes by. Null: not agreed. */
  creditCost: z.strictObject({ freshMicros: microseconds, prefixMicros: microseconds }).nullable().default(null),
  /**
   * Where neither truth nor checker tells how good answers are, members grade them: so many draws of each, which credit follows
   * from. Absent: nobody grades.
   */
  creditGrades: z.number().int().min(1).max(LIMITS.gradeDrawsMax).exactOptional(),
  /** Whose truths count for reputation: those of `voters`, as far as their voting weight goes, or fully, where askers are `trusted`. */
  askers: z.enum(['voters', 'trusted']).default('voters'),
  /** Evaluation from which a round counts as a success, in micro-units. */
  successMicro: z.number().int().min(0).max(1_000_000).default(900_000),
  /** Points that a rated round pays out. */
  pointsPerRound: z.number().int().min(0).max(1_000_000_000).default(1_000),
  /** `open`: anybody may join, up to a number per network and per epoch; `founders`: nobody. */
  admission: z.enum(['open', 'founders']).default('open'),
  membersMax: z.number().int().min(1).max(LIMITS.membersMax).default(200),
  joinsPerEpochMax: z.number().int().min(0).max(LIMITS.membersMax).default(32),
  /** Blocks of an epoch: so long validators and weights stay as they are. */
  epochBlocks: z.number().int().min(4).max(1_000_000).default(256),
})

export type Parameters = z.infer<typeof parametersSchema>

const founderSchema = z.strictObject({
  id: memberIdSchema,
  /** Voting weight; 0 for a member that takes part without voting. */
  weight: z.number().int().min(0).max(1_000_000_000),
  name: z.string().max(LIMITS.nameLengthMax).optional(),
})

/** Address of a peer with its id, over TCP. */
const bootstrapSchema = z
  .string()
  .regex(/^\/(ip4|ip6|dns|dns4|dns6)\/[^/\s]{1,253}\/tcp\/[0-9]{1,5}\/p2p\/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/, 'is no address such as /ip4/192.0.2.7/tcp/4747/p2p/12D3KooW...')

export const genesisSchema = z
  .strictObject({
    schema: z.literal('peerage.genesis/v1'),
    name: z.string().min(1).max(LIMITS.nameLengthMax),
    parameters: parametersSchema,
    members: z.array(founderSchema).min(1).max(LIMITS.membersMax),
    bootstrap: z.array(bootstrapSchema).max(64),
    /** The state of another network that this one goes on from. */
    checkpoint: z.strictObject({ network: hashSchema, epoch: z.number().int().min(0), height: z.number().int().min(1), stateRoot: hashSchema, record: hashSchema }).optional(),
  })
  .refine((genesis) => genesis.members.some((member) => member.weight > 0), { path: ['members'], error: 'no member has voting weight' })
  .refine((genesis) => new Set(genesis.members.map((member) => member.id)).size === genesis.members.length, {
    path: ['members'],
    error: 'a member is listed twice',
  })

/** The document that a network starts from. */
export type Genesis = z.infer<typeof genesisSchema>

/** Builds a genesis with defaults filled in and members sorted. Throws ZodError naming the field if something is off. */
export function createGenesis(init: {
  name: string
  members: { id: string; weight: number; name?: string }[]
  parameters?: Partial<Parameters>
  bootstrap?: string[]
  checkpoint?: Genesis['checkpoint']
}): Genesis {
  const members = [...init.members].sort((a, b) => (a.id < b.id ? -1 : 1))
  return genesisSchema.parse({
    schema: 'peerage.genesis/v1',
    name: init.name,
    parameters: init.parameters ?? {},
    members,
    bootstrap: init.bootstrap ?? [],
    ...(init.checkpoint === undefined ? {} : { checkpoint: init.checkpoint }),
  })
}

/** The network's id: hash of the canonical encoding of its genesis. It is part of everything that is signed. */
export function networkId(genesis: Genesis): string {
  return sha256(encode(genesis))
}
