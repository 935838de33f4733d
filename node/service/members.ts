/** What a node tells of members: reputation, credit and points. The types follow from the schemas that the API publishes. */
import { z } from 'zod'
import { TASK_KINDS } from '../../consensus/index.ts'

/** A member's id and readable name, side by side wherever one is named. */
export const namedMember = { member: z.string(), name: z.string() }

/** What a member is judged at: how good its answers are, or how good its verdicts on the answers of others. */
export const REPUTATION_ROLES = ['answering', 'judging'] as const
export type ReputationRole = (typeof REPUTATION_ROLES)[number]

const reputationEstimateSchema = z
  .object({
    meanMicro: z.int(),
    lowMicro: z.int(),
    highMicro: z.int(),
    count: z.int().describe('rounds that spoke'),
    probation: z.boolean().describe('too few rounds to have influence of its own'),
  })
  .meta({ id: 'ReputationEstimate', description: 'a posterior as people read it: mean, interval, rounds that spoke' })
export type ReputationEstimate = z.infer<typeof reputationEstimateSchema>

export const reputationHistoryEntrySchema = z
  .object({
    height: z.int(),
    round: z.string().nullable().describe('null for what no round explains: a proven breach'),
    domain: z.enum(TASK_KINDS),
    role: z.enum(REPUTATION_ROLES),
    successMicro: z.int(),
    failureMicro: z.int(),
    meanMicro: z.int(),
  })
  .meta({ id: 'ReputationHistoryEntry', description: 'how one closed round moved one posterior: evidence added, and the mean after it' })
export type ReputationHistoryEntry = z.infer<typeof reputationHistoryEntrySchema>

const sinceSchema = z.int().optional().describe('where this node knows only what came above a height: then history is of the time since')
const byKindSchema = z.partialRecord(z.enum(TASK_KINDS), reputationEstimateSchema)

/**
 * Agreed reputation of a member after the final block at `height`: the same bytes on every node.
 * Holds nothing of the node that was asked. Domains are those in which the member was ever seen.
 */
export const reputationDocumentSchema = z
  .object({
    schema: z.literal('peerage.reputation/v1'),
    ...namedMember,
    height: z.int(),
    answering: byKindSchema,
    judging: byKindSchema,
    penalties: z.array(z.object({ height: z.int(), round: z.string().nullable(), cause: z.string() })),
    since: sinceSchema,
    history: z.array(reputationHistoryEntrySchema).optional().describe('ascending by height, then round, domain and role; present when asked for'),
  })
  .meta({ id: 'Reputation', description: 'agreed reputation of a member after a block: the same bytes on every node' })
export type ReputationDocument = z.infer<typeof reputationDocumentSchema>

export const rewardsHistoryEntrySchema = z
  .object({ height: z.int(), round: z.string(), creditMicro: z.int(), points: z.int() })
  .meta({ id: 'RewardsHistoryEntry' })
export type RewardsHistoryEntry = z.infer<typeof rewardsHistoryEntrySchema>

/** Agreed credit and points of a member after the final block at `height`: the same bytes on every node. */
export const rewardsDocumentSchema = z
  .object({
    schema: z.literal('peerage.rewards/v1'),
    ...namedMember,
    height: z.int(),
    points: z.int(),
    creditTotalMicro: z.int().describe('sum of the signed credit of all closed rounds'),
    rounds: z.int(),
    since: sinceSchema,
    history: z.array(rewardsHistoryEntrySchema).optional().describe('ascending by height, then round; present when asked for'),
  })
  .meta({ id: 'Rewards', description: 'agreed credit and points of a member after a block: the same bytes on every node' })
export type RewardsDocument = z.infer<typeof rewardsDocumentSchema>

/** Options of the member documents; `at` is a height not above the node's own, which is the default. */
export interface MemberDocumentOptions {
  history: boolean
  at?: number | undefined
}
