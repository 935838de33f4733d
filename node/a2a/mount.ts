import { A2A_VERSION_HEADER, AgentCard, formatSSEErrorEvent, formatSSEEvent } from '@a2a-js/sdk'
import { JsonRpcTransportHandler, ServerCallContext, validateVersion } from '@a2a-js/sdk/server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import type { Mount } from '../http/mount.ts'
import { RequestError } from '../http/problem.ts'
import type { NodeService } from '../service.ts'
import { A2A_PATH, createCard, signCard } from './card.ts'
import type { Signer } from './card.ts'
import { createRequestHandler, SIGNAL_KEY } from './request-handler.ts'

export interface A2aMountInit {
  service: NodeService
  signer: Signer
  /** Whether requests must carry a token; the card says so. */
  needsToken: boolean
  onError: (error: unknown) => void
}

type Body = Record<string, unknown>

/** Clients from before the header say nothing. */
const VERSION_WITHOUT_HEADER = '0.3'

/** The signed agent card at /.well-known/agent-card.json, and JSON-RPC at /a2a. */
export function a2aMounts({ service, signer, needsToken, onError }: A2aMountInit): Mount[] {
  const cardAt = (origin: string): AgentCard => createCard(service.status(), origin, needsToken)
  const card = new Hono().get('/agent-card.json', (context) => {
    const signed = signCard(cardAt(new URL(context.req.url).origin), signer)
    return context.json(AgentCard.toJSON(signed) as Body)
  })
  const handler = new JsonRpcTransportHandler(createRequestHandler({ service, card: () => cardAt(''), onError }))
  const rpc = new Hono().post('/', (context) => answer(context, handler, cardAt('')))
  return [
    { path: '/.well-known', routes: card },
    { path: A2A_PATH, routes: rpc },
  ]
}

async function answer(context: Context, handler: JsonRpcTransportHandler, card: AgentCard): Promise<Response> {
  if (!/^application\/json\s*(;|$)/i.test(context.req.header('content-type') ?? '')) throw new RequestError('unsupported-media-type', 'The body of this request must be JSON.')
  const text = await context.req.text()
  const gone = new AbortController()
  const call = new ServerCallContext({
    requestedVersion: context.req.header(A2A_VERSION_HEADER) ?? VERSION_WITHOUT_HEADER,
    state: new Map([[SIGNAL_KEY, AbortSignal.any([gone.signal, context.req.raw.signal])]]),
  })
  try {
    validateVersion(call.requestedVersion, card, 'JSONRPC')
    const replied = await handler.handle(text, call)
    if (!(Symbol.asyncIterator in replied)) return context.json(replied)
    return await streamReplies(context, replied, gone, (error) => errorReply(text, error))
  } catch (error) {
    return context.json(errorReply(text, error))
  }
}

/** Failures before the first event are a plain answer; later ones are an event. */
async function streamReplies(context: Context, replies: AsyncGenerator, gone: AbortController, refuse: (error: unknown) => Body): Promise<Response> {
  const first = await replies.next()
  context.header('Content-Type', 'text/event-stream')
  context.header('X-Accel-Buffering', 'no')
  return stream(context, async (output) => {
    output.onAbort(() => gone.abort())
    try {
      for (let next = first; next.done !== true; next = await replies.next()) await output.write(formatSSEEvent(next.value))
    } catch (error) {
      if (!gone.signal.aborted) await output.write(formatSSEErrorEvent(refuse(error)))
    }
  })
}

function errorReply(text: string, error: unknown): Body {
  return { jsonrpc: '2.0', id: idOf(text), error: JsonRpcTransportHandler.mapToJSONRPCError(error) }
}

function idOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { id?: unknown } | null)?.id ?? null
  } catch {
    return null
  }
}
