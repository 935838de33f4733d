import type { Server } from 'node:http'
import { isIPv6 } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { DEFAULT_REQUESTS_PER_SECOND } from '../config/schema.ts'
import { isLoopback } from '../loopback.ts'
import type { NodeService } from '../service.ts'
import { createEventLog } from './event-log.ts'
import { createEventStreams } from './event-stream.ts'
import { createMetrics } from './metrics.ts'
import type { Mount } from './mount.ts'
import { clientOf } from './rate-limit.ts'
import { createRoutes } from './routes.ts'

export type ApiErrorCode = 'token-required' | 'port-in-use' | 'listen-failed'

/** Why the API could not be opened. The message names host and port. */
export class ApiError extends Error {
  readonly code: ApiErrorCode
  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ApiError'
    this.code = code
  }
}

export interface ApiOptions {
  host: string
  /** 0 takes a free port; the url says which. */
  port: number
  /** Every request must carry it. Needed wherever `host` is not a loopback address. */
  token?: string | null
  /** Where clients reach the API, if a proxy stands before it; it needs a token as well then. */
  publicUrl?: string | null
  /** Told of failures that are the node's own. */
  onError?: (error: unknown) => void
  /** How often an idle event stream shows a sign of life. */
  keepAliveMs?: number
  /** What one address may ask of the API in the long run; 200 where absent. */
  requestsPerSecond?: number
  /** What is served beside the API, behind the same guard. */
  mounts?: readonly Mount[]
}

export interface Api {
  /** Base URL without a slash at the end. */
  url: string
  /** Ends event streams at once, lets answers under way finish, then closes what is left; may be called twice. */
  close(): Promise<void>
}

const KEEP_ALIVE_MS = 15_000
/** Seconds whose requests may come at once. */
const BURST_S = 2.5
const CONNECTIONS_MAX = 512
const CLOSE_GRACE_MS = 500
/** Connections whose last answer is under way fall idle a little later than the close. */
const RELEASE_MS = 20

/** Opens the HTTP API over a service. Rejects with ApiError. */
export async function createApi(service: NodeService, options: ApiOptions): Promise<Api> {
  const { token = null, publicUrl = null } = options
  assertGuarded(options.host, publicUrl, token)
  const log = createEventLog(service)
  const streams = createEventStreams(log, options.keepAliveMs ?? KEEP_ALIVE_MS)
  const metrics = createMetrics(service, streams.count)
  const onError = options.onError ?? (() => {})
  const perSecond = options.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND
  const limits = { burst: Math.ceil(BURST_S * perSecond), perSecond }
  const clientFrom = (context: Context): string => clientOf(getConnInfo(context).remote.address ?? '')
  const routes = createRoutes(service, streams, metrics, { host: options.host, token, publicUrl, limits, mounts: options.mounts ?? [], clientOf: clientFrom, onError })
  const server = createAdaptorServer({ fetch: routes.fetch, overrideGlobalObjects: false }) as Server
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, options.host.replace(/^\[|\]$/g, ''), options.port, onError)
  let closed: Promise<void> | null = null
  return {
    url: formatUrl(server.address() as AddressInfo),
    close() {
      streams.close()
      log.close()
      metrics.close()
      closed ??= closeServer(server)
      return closed
    },
  }
}

function assertGuarded(host: string, publicUrl: string | null, token: string | null): void {
  if (token !== null) return
  const remedy = 'only with a token: set http.tokenFile or PEERAGE_HTTP_TOKEN.'
  if (!isLoopback(host)) throw new ApiError('token-required', `The API may listen on ${host} ${remedy}`)
  if (publicUrl !== null && !isLoopback(new URL(publicUrl).hostname)) throw new ApiError('token-required', `The API may be reached at ${publicUrl} ${remedy}`)
}

function listen(server: Server, host: string, port: number, onError: (error: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === 'EADDRINUSE'
      const message = inUse
        ? `Port ${port} on ${host} is in use: stop what runs there, or choose another port for the API.`
        : `The API cannot listen on ${host}, port ${port}: ${cause.message}`
      reject(new ApiError(inUse ? 'port-in-use' : 'listen-failed', message, { cause }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      server.on('error', onError)
      resolve()
    })
  })
}

function formatUrl({ address, port }: AddressInfo): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    const release = setInterval(() => server.closeIdleConnections(), RELEASE_MS)
    server.close(() => {
      clearTimeout(force)
      clearInterval(release)
      resolve()
    })
  })
}
