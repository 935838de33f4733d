import type { HttpBindings } from '@hono/node-server'
import { z } from 'zod'
import type { NodeService } from '../service.ts'
import { eventTypes } from '../service/events.ts'
import { preferenceSchema } from '../service/rounds.ts'
import { canonicalPieces } from './canonical-json.ts'
import { reputationDocumentSchema, rewardsDocumentSchema } from '../service/members.ts'
import { roundDocumentSchema } from './documents.ts'
import { eventEnvelopeSchema, gapSchema } from './event-log.ts'
import type { EventStreams } from './event-stream.ts'
import { METRICS_TYPE, type Metrics } from './metrics.ts'
import { eventHeadersSchema, eventsSchema, exportSchema } from './requests.ts'
import { textRoute, type Route, type RouteRequest } from './route.ts'

/** A document of an export. */
type Row = Readonly<Record<string, unknown>>

const EVENT_STREAM = 'text/event-stream'
const NDJSON = 'application/x-ndjson'
const EXPORT_TYPES = [NDJSON, 'application/json'] as const

/** Events as they happen, and what the node counts. */
export function eventRoutes(streams: EventStreams, metrics: Metrics): Route[] {
  return [
    textRoute({
      method: 'GET', path: '/api/v1/events', id: 'streamEvents', summary: `Server-sent events: ${eventTypes.join(', ')}; gap where some are missing`,
      query: eventsSchema, headers: eventHeadersSchema, types: [EVENT_STREAM], line: z.union([eventEnvelopeSchema, gapSchema]), problems: ['too-many-streams'],
      respond({ query: { after, ...filter }, headers, context }) {
        const type = { 'Content-Type': EVENT_STREAM, 'X-Accel-Buffering': 'no' }
        return context.req.method === 'HEAD' ? context.body(null, 200, type) : context.body(streams.open(filter, headers['last-event-id'] ?? after), 200, type)
      },
    }),
    textRoute({
      method: 'GET', path: '/metrics', id: 'getMetrics', summary: 'What the node counts, for Prometheus', types: ['text/plain'],
      respond: ({ context }) => context.body(metrics.render(), 200, { 'Content-Type': METRICS_TYPE }),
    }),
  ]
}

/** Everything of a kind, one document per line or as one array, as fast as it is read. */
export function exportRoutes(service: NodeService, onError: (error: unknown) => void): Route[] {
  const exportOf = (name: string, summary: string, line: z.ZodType, read: (after: number) => AsyncIterable<Row>): Route =>
    textRoute({
      method: 'GET', path: `/api/v1/exports/${name}`, id: `export${name[0]?.toUpperCase()}${name.slice(1)}`, summary, query: exportSchema, types: EXPORT_TYPES, line,
      respond: (request) => respondWith(read(request.query.after), request, onError),
    })
  return [
    exportOf('rounds', 'All closed rounds that this node has, the oldest first', roundDocumentSchema, (after) => roundsOf(service, after)),
    exportOf('preferences', 'Pairs of answers and which of them is better, of all closed rounds whose texts this node has', preferenceSchema, (after) => service.exportPreferences({ after })),
    exportOf('reputation', 'The reputation of all members with its history', reputationDocumentSchema, (after) => membersOf(service, 'reputation', after)),
    exportOf('rewards', 'Credit and points of all members with their history', rewardsDocumentSchema, (after) => membersOf(service, 'rewards', after)),
  ]
}

async function* roundsOf(service: NodeService, after: number): AsyncGenerator<Row> {
  for await (const round of service.exportRounds({ after })) yield { schema: 'peerage.round/v1', ...round }
}

/** All at the height of the first, with what came above `after` as history. A node that does not know all of the past can only tell of now. */
async function* membersOf(service: NodeService, kind: 'reputation' | 'rewards', after: number): AsyncGenerator<Row> {
  let at: number | undefined
  for (const { memberId, isMember } of service.peers()) {
    if (!isMember) continue
    const document = await service[kind](memberId, { history: true, at })
    at = document.since === undefined ? document.height : undefined
    yield { ...document, history: document.history?.filter(({ height }) => height > after) }
  }
}

function respondWith(items: AsyncIterable<Row>, { query, context }: RouteRequest<z.output<typeof exportSchema>, unknown, unknown>, onError: (error: unknown) => void): Response {
  const lines = query.format === 'json' ? asArray(items) : asLines(items)
  const type = { 'Content-Type': query.format === 'json' ? 'application/json' : NDJSON }
  const outgoing = (context.env as Partial<HttpBindings> | undefined)?.outgoing
  // The head was sent with status 200 already: only a broken connection tells that the end is missing.
  const breakOff = (error: unknown): void => {
    onError(error)
    outgoing?.destroy()
  }
  return context.req.method === 'HEAD' ? context.body(null, 200, type) : context.body(streamOf(lines, breakOff), 200, type)
}

type Texts = AsyncGenerator<string, void, void>

async function* asLines(items: AsyncIterable<Row>): Texts {
  for await (const item of items) yield* canonicalPieces(item)
}

async function* asArray(items: AsyncIterable<Row>): Texts {
  let before = '['
  for await (const item of items) {
    yield before
    yield* canonicalPieces(item)
    before = ','
  }
  yield before === '[' ? '[]\n' : ']\n'
}

/** A stream that asks for more only when it is read. After a failure nothing comes any more. */
function streamOf(texts: Texts, onError: (error: unknown) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await texts.next()
        if (next.done === true) controller.close()
        else controller.enqueue(encoder.encode(next.value))
      } catch (error) {
        onError(error)
      }
    },
    cancel: async () => void (await texts.return()),
  })
}
