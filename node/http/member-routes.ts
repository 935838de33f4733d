import type { NodeService, ReputationDocument, RewardsDocument } from '../service.ts'
import { reputationDocumentSchema, rewardsDocumentSchema } from '../service/members.ts'
import { reputationHistorySchema, rewardsHistorySchema } from './documents.ts'
import { historySchema, memberDocumentSchema } from './requests.ts'
import { documentRoute, type Route } from './route.ts'

const PROBLEMS = ['unknown-member', 'height-ahead', 'pruned'] as const

/** Routes about what members have earned: the same bytes on every node that has the whole history. */
export function memberRoutes(service: NodeService): Route[] {
  return [
    documentRoute({
      method: 'GET', path: '/api/v1/members/{member}/reputation', id: 'getReputation', summary: 'Reputation of a member', query: memberDocumentSchema, document: reputationDocumentSchema, problems: PROBLEMS,
      handle: ({ query, param }) => service.reputation(param('member'), query),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/members/{member}/reputation/history', id: 'listReputationHistory', summary: "How a member's reputation came about, oldest first",
      query: historySchema, document: reputationHistorySchema, problems: PROBLEMS,
      async handle({ query, param }) {
        return pageOf('peerage.reputation-history/v1', await service.reputation(param('member'), { history: true, at: query.at }), query)
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/members/{member}/rewards', id: 'getRewards', summary: 'Credit and points of a member', query: memberDocumentSchema, document: rewardsDocumentSchema, problems: PROBLEMS,
      handle: ({ query, param }) => service.rewards(param('member'), query),
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/members/{member}/rewards/history', id: 'listRewardsHistory', summary: "A member's credit and points round by round, oldest first",
      query: historySchema, document: rewardsHistorySchema, problems: PROBLEMS,
      async handle({ query, param }) {
        return pageOf('peerage.rewards-history/v1', await service.rewards(param('member'), { history: true, at: query.at }), query)
      },
    }),
  ]
}

type Document<Entry> = Pick<ReputationDocument | RewardsDocument, 'member' | 'name' | 'height' | 'since'> & { history?: Entry[] | undefined }

function pageOf<Schema extends string, Entry>(schema: Schema, { member, name, height, since, history = [] }: Document<Entry>, { offset, limit }: { offset: number; limit: number }) {
  const entries = history.slice(offset, offset + limit)
  const next = offset + entries.length < history.length ? offset + entries.length : null
  return { schema, member, name, height, ...(since === undefined ? {} : { since }), total: history.length, offset, next, entries }
}
