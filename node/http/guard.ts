import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from '../loopback.ts'
import { RequestError } from './problem.ts'

/** Who may speak to the API: decided once, from where it listens and whether it has a token. */
export interface GuardOptions {
  host: string
  token: string | null
  /** An origin that leads here as well, by a proxy that the owner has set up. */
  publicUrl?: string | null | undefined
}

/** The headers a request is judged by; absent ones are undefined. */
export interface GuardedHeaders {
  host: string | undefined
  origin: string | undefined
  authorization: string | undefined
  /** Where some clients put their key instead. */
  apiKey: string | undefined
}

/**
 * Throws RequestError unless the request may be served. On loopback the Host must name this machine or the public URL, so that a page
 * whose name was re-pointed here (DNS rebinding) gets nothing; a browser's Origin must be the API's own; the token must match.
 * What a proxy forwards of the request it was sent is not looked at: anybody could write that.
 */
export function assertAllowed(headers: GuardedHeaders, options: GuardOptions): void {
  const host = parseAuthority(headers.host)
  if (host === null) throw new RequestError('forbidden-host', 'The request carries no valid Host header.')
  const ours = typeof options.publicUrl === 'string' ? new URL(options.publicUrl) : null
  if (isLoopback(options.host) && !isLoopback(host.hostname) && host.hostname !== ours?.hostname) {
    throw new RequestError('forbidden-host', `This API serves requests to this machine only, not to "${host.hostname}".`)
  }
  if (headers.origin !== undefined && parseOrigin(headers.origin) !== host.host && headers.origin !== ours?.origin) {
    throw new RequestError('forbidden-origin', `Requests from "${headers.origin.slice(0, 200)}" are not served.`)
  }
  if (options.token !== null && !isToken(bearerOf(headers.authorization) ?? headers.apiKey ?? '', options.token)) {
    throw new RequestError('unauthorized', 'The request does not carry the token of this node.')
  }
}

function parseAuthority(authority: string | undefined): { host: string; hostname: string } | null {
  if (authority === undefined || !/^[A-Za-z0-9.\-_:[\]]+$/.test(authority)) return null
  const url = URL.parse(`http://${authority}`)
  return url === null ? null : { host: url.host, hostname: url.hostname.replace(/\.$/, '') }
}

function parseOrigin(origin: string): string | null {
  const url = URL.parse(origin)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url.host : null
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
}

/** Compares digests, so that neither length nor prefix of the token shows in the time taken. */
function isToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
