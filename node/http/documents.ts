/** Documents of the API that are no document of the service: lists with their name, and what the API says of itself. */
import { z } from 'zod'
import { rewardsHistoryEntrySchema, reputationHistoryEntrySchema, namedMember } from '../service/members.ts'
import { nodeStatusSchema, peerInfoSchema } from '../service/node.ts'
import { roundCreditSchema, roundDetailSchema, roundEvaluationSchema, roundSummarySchema } from '../service/rounds.ts'

const named = <Name extends string>(name: Name) => ({ schema: z.literal(`peerage.${name}/v1`) })

export const nodeSchema = z
  .object({
    ...named('node'),
    version: z.string(),
    memberId: z.string(),
    name: z.string(),
    model: z.string(),
    networkId: z.string(),
    networkName: z.string(),
    addresses: z.array(z.string()),
    startedAt: z.iso.datetime(),
    limits: z.object({ bodyBytesMax: z.int(), requestsPerSecond: z.number(), requestsAtOnce: z.int(), waitSMax: z.int() }),
  })
  .meta({ id: 'Node', description: 'what stays as it is while the node runs' })
export const statusSchema = z.object({ ...named('status'), ...nodeStatusSchema.shape }).meta({ id: 'Status' })
export const healthSchema = z.object({ ...named('health'), status: z.literal('ok') }).meta({ id: 'Health' })
export const readySchema = z.object({ ...named('ready'), ready: z.literal(true) }).meta({ id: 'Ready' })
export const peersSchema = z.object({ ...named('peers'), peers: z.array(peerInfoSchema) }).meta({ id: 'Peers' })
export const membersSchema = z.object({ ...named('members'), members: z.array(peerInfoSchema) }).meta({ id: 'Members' })
export const genesisDocumentSchema = z.looseObject({}).meta({ id: 'Genesis', description: "the network's genesis, as SPEC.md describes it" })
export const descriptionSchema = z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }).meta({ id: 'Description', description: 'an OpenAPI document' })
export const checkpointSchema = z
  .object({ ...named('checkpoint'), network: z.string(), epoch: z.int(), height: z.int(), stateRoot: z.string(), record: z.string(), proof: z.string().describe('base64') })
  .meta({ id: 'Checkpoint' })
export const membershipAnswerSchema = z.object({ ...named('membership'), kind: z.enum(['leave', 'rotate']) }).meta({ id: 'Membership' })

export const askAnswerSchema = z.object({ ...named('ask'), round: z.string() }).meta({ id: 'Asked' })
export const roundsSchema = z
  .object({ ...named('rounds'), rounds: z.array(roundSummarySchema), next: z.string().nullable().describe('`before` of the next page; null where this is the last') })
  .meta({ id: 'Rounds' })
export const roundDocumentSchema = z.object({ ...named('round'), ...roundDetailSchema.shape }).meta({ id: 'Round', description: 'everything known of a round so far' })
export const creditsSchema = z
  .object({
    ...named('credits'),
    round: z.string(),
    height: z.int().nullable(),
    rated: z.boolean().nullable(),
    evaluation: roundEvaluationSchema.nullable(),
    credit: roundCreditSchema.nullable().describe('null before the close, and where the round gave none'),
  })
  .meta({ id: 'Credits' })

const pageShape = {
  ...namedMember,
  height: z.int(),
  since: z.int().optional().describe('where this node knows only what came above a height'),
  total: z.int(),
  offset: z.int(),
  next: z.int().nullable().describe('`offset` of the next page; null where this is the last'),
}
export const reputationHistorySchema = z.object({ ...named('reputation-history'), ...pageShape, entries: z.array(reputationHistoryEntrySchema) }).meta({ id: 'ReputationHistory' })
export const rewardsHistorySchema = z.object({ ...named('rewards-history'), ...pageShape, entries: z.array(rewardsHistoryEntrySchema) }).meta({ id: 'RewardsHistory' })
