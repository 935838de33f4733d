import { ServiceError } from '../service.ts'
import type { NodeService } from '../service.ts'
import { askRequestSchema, creditExplanationSchema } from '../service/rounds.ts'
import { followRound } from '../runtime/follow-round.ts'
import { askAnswerSchema, creditsSchema, roundDocumentSchema, roundsSchema } from './documents.ts'
import { askHeadersSchema, roundListSchema, roundSchema } from './requests.ts'
import { documentRoute, type Route } from './route.ts'

/** Routes about rounds. */
export function roundRoutes(service: NodeService): Route[] {
  return [
    documentRoute({
      method: 'GET', path: '/api/v1/rounds', id: 'listRounds', summary: 'Rounds of the network, the newest first', query: roundListSchema, document: roundsSchema, problems: ['unknown-round'],
      async handle({ query: { limit, ...query } }) {
        const rounds = await service.rounds({ ...query, limit: limit + 1 })
        const page = rounds.slice(0, limit)
        return { schema: 'peerage.rounds/v1', rounds: page, next: rounds.length > limit ? (page.at(-1)?.round ?? null) : null }
      },
    }),
    documentRoute({
      method: 'POST', path: '/api/v1/rounds', id: 'ask', summary: 'Opens a round with a task', headers: askHeadersSchema, body: askRequestSchema, status: 202, document: askAnswerSchema,
      problems: ['invalid-task', 'key-reused', 'quota', 'not-member', 'observing', 'too-few-peers', 'stopping'],
      async handle({ body, headers, context }) {
        const { round } = await service.ask(body, { idempotencyKey: headers['idempotency-key'] })
        context.header('Location', `/api/v1/rounds/${encodeURIComponent(round)}`)
        return { schema: 'peerage.ask/v1', round }
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/rounds/{round}', id: 'getRound', summary: 'Everything known of a round', query: roundSchema, document: roundDocumentSchema, problems: ['unknown-round'],
      async handle({ query, param, context }) {
        const round = await followRound(service, param('round'), { signal: context.req.raw.signal, timeoutMs: 1_000 * query.wait })
        return { schema: 'peerage.round/v1', ...round }
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/rounds/{round}/credits', id: 'getCredits', summary: 'Who earned what by a round', document: creditsSchema, problems: ['unknown-round'],
      async handle({ param }) {
        const detail = await service.round(param('round'))
        if (detail === null) throw new ServiceError('unknown-round', `This node knows no round ${param('round').slice(0, 128)}.`)
        const { round, closedHeight: height, rated, evaluation, credit } = detail
        return { schema: 'peerage.credits/v1', round, height, rated, evaluation, credit }
      },
    }),
    documentRoute({
      method: 'GET', path: '/api/v1/rounds/{round}/explanations/{member}', id: 'explainCredit', summary: 'Why a member has the credit that a closed round gave it',
      document: creditExplanationSchema, problems: ['unknown-round', 'no-credit', 'pruned'],
      handle: ({ param }) => service.explain(param('round'), param('member')),
    }),
  ]
}
