import { A2A_VERSION_HEADER, AgentCard, formatSSEErrorEvent, formatSSEEvent } from '@a2a-js/sdk'
import { LegacyJsonRpcTransportHandler } from '@a2a-js/sdk/compat/v0_3/server'
import { VersionNotSupportedError } from '@a2a-js/sdk/errors'
import { JsonRpcTransportHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import type { Mount } from '../http/mount.ts'
import { assertJson } from '../http/requests.ts'
import type { NodeService } from '../service.ts'
import { A2A_PATH, A2A_VERSIONS, createCard, legacyAddress, legacyCard, signCard } from './card.ts'
import type { A2aVersion, Signer } from './card.ts'
import { createRequestHandler, SIGNAL_KEY } from './request-handler.ts'

export interface A2aMountInit {
  service: NodeService
  signer: Signer
  /** Where clients reach the API, if a proxy stands before it; else they do where they have asked. */
  publicUrl?: string | null
  /** Whether requests must carry a token; the card says so. */
  needsToken: boolean
  onError: (error: unknown) => void
}

type Body = Record<string, unknown>

/** What answers the calls of one version. */
interface Handler {
  handle(body: string, call: ServerCallContext): Promise<object | AsyncGenerator<object>>
  refuse(error: unknown): unknown
}

/** The signed agent card at /.well-known/agent-card.json, and JSON-RPC at /a2a. */
export function a2aMounts({ service, signer, publicUrl = null, needsToken, onError }: A2aMountInit): Mount[] {
  const cardAt = (origin: string): AgentCard => createCard(service.status(), origin, needsToken)
  const card = new Hono().get('/agent-card.json', (context) => {
    // The Host that the guard has checked; a request line may name another, and what a proxy adds anybody may write.
    const own = cardAt(publicUrl ?? `http://${context.req.header('host') ?? ''}`)
    context.header('Vary', A2A_VERSION_HEADER)
    if (isNamed(context) && versionOf(context) === '0.3') return context.json(legacyCard(own))
    const signed = AgentCard.toJSON(signCard(own, signer)) as Body
    return context.json(isNamed(context) ? signed : { ...legacyAddress(own), ...signed })
  })
  const operations = createRequestHandler({ service, card: () => cardAt(publicUrl ?? ''), onError })
  const [current, legacy] = [new JsonRpcTransportHandler(operations), new LegacyJsonRpcTransportHandler(operations)]
  const handlers: Record<A2aVersion, Handler> = {
    '1.0': { handle: (body, call) => current.handle(body, call), refuse: (error) => JsonRpcTransportHandler.mapToJSONRPCError(error) },
    '0.3': { handle: (body, call) => legacy.handle(body, call), refuse: (error) => LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error) },
  }
  const rpc = new Hono().post('/', (context) => answer(context, handlers))
  return [
    { path: '/.well-known', routes: card },
    { path: A2A_PATH, routes: rpc },
  ]
}

/** Whether a client says which version it speaks; those of 0.3 do not. */
function isNamed(context: Context): boolean {
  return (context.req.header(A2A_VERSION_HEADER) ?? '') !== ''
}

/** The version that a client speaks, null for one that is not spoken here. */
function versionOf(context: Context): A2aVersion | null {
  const named = context.req.header(A2A_VERSION_HEADER) ?? ''
  if (!isNamed(context)) return '0.3'
  return A2A_VERSIONS.find((version) => named === version || named.startsWith(`${version}.`)) ?? null
}

async function answer(context: Context, handlers: Record<A2aVersion, Handler>): Promise<Response> {
  assertJson(context)
  const body = await context.req.text()
  const { id, fault } = readEnvelope(body)
  if (fault !== null) return context.json({ jsonrpc: '2.0', id, error: fault })
  const version = versionOf(context)
  const { handle, refuse } = handlers[version ?? '1.0']
  const reply = (error: unknown): Body => ({ jsonrpc: '2.0', id, error: refuse(error) })
  if (version === null) return context.json(reply(new VersionNotSupportedError(`The versions of A2A spoken here are ${A2A_VERSIONS.join(' and ')}.`)))
  const gone = new AbortController()
  const state = new Map([[SIGNAL_KEY, AbortSignal.any([gone.signal, context.req.raw.signal])]])
  try {
    const replied = await handle(body, new ServerCallContext({ requestedVersion: version, state }))
    return Symbol.asyncIterator in replied ? await streamReplies(context, replied, gone, reply) : context.json(replied)
  } catch (error) {
    return context.json(reply(error))
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

/** The id of a request, and what is wrong with a body that is none: the SDK tells that in words of the program. */
function readEnvelope(body: string): { id: unknown; fault: Body | null } {
  try {
    const said: unknown = JSON.parse(body)
    if (typeof said === 'object' && said !== null && !Array.isArray(said)) return { id: (said as Body)['id'] ?? null, fault: null }
    return { id: null, fault: { code: -32600, message: 'The body must be one JSON-RPC request.' } }
  } catch {
    return { id: null, fault: { code: -32700, message: 'The body is not valid JSON.' } }
  }
}
