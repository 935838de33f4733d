import type { Connection, Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import { exchange, fetchProtocol, readRequest, replyFault, writeReply } from './fetch-frames.ts'
import { networkLimits } from './limits.ts'
import type { NetworkLogger } from './logger.ts'
import { NetworkError } from './network.ts'
import type { NetworkHandlers } from './network.ts'
import { createTurnstile } from './turnstile.ts'

export interface FetchInit {
  handlers: Pick<NetworkHandlers, 'onRequest'>
  logger: NetworkLogger
  /** Aborts everything in flight. */
  stopSignal: AbortSignal
  /** An open connection to the peer, or undefined. */
  connectionTo(peer: string): Connection | undefined
}

export interface Fetch {
  /** Answers one inbound stream. Never rejects. */
  serve(stream: Stream, connection: Connection): Promise<void>
  request(peer: string, request: Uint8Array, timeoutMs: number): Promise<Uint8Array[]>
}

/** Request and answer, one stream each: both sides bound sizes, counts, time and how many run at once. */
export function createFetch(init: FetchInit): Fetch {
  const turnstile = createTurnstile(networkLimits.requestsPerPeerMax, networkLimits.requestsWaitingPerPeerMax)
  let serving = 0

  const answer = async (stream: Stream, from: string): Promise<void> => {
    const duplex = messageStreamToDuplex(stream)
    const request = await readRequest(duplex.source)
    const frames = await init.handlers.onRequest(request, from)
    const fault = replyFault(frames)
    if (fault !== null) throw new Error(`own answer not sent: ${fault}`)
    await writeReply(frames, duplex.sink)
  }

  return {
    async serve(stream, connection) {
      const from = connection.remotePeer.toString()
      if (init.stopSignal.aborted || serving >= networkLimits.servedMax) return stream.abort(new Error('no more requests are served'))
      serving++
      try {
        await withDeadline(stream, AbortSignal.any([init.stopSignal, AbortSignal.timeout(networkLimits.serveTimeoutMs)]), answer(stream, from))
      } catch (error) {
        init.logger.debug({ err: error, peer: from }, 'a request was not answered')
        stream.abort(toError(error))
      } finally {
        serving--
      }
    },

    async request(peer, request, timeoutMs) {
      if (request.length > networkLimits.requestBytesMax) throw new NetworkError('too-large', `a request has at most ${networkLimits.requestBytesMax} bytes, got ${request.length}`)
      const deadline = AbortSignal.timeout(timeoutMs)
      const signal = AbortSignal.any([deadline, init.stopSignal])
      let leave = (): void => {}
      try {
        leave = await turnstile.enter(peer, signal)
        const connection = init.connectionTo(peer)
        if (connection === undefined) throw new Error('not connected')
        const stream = await connection.newStream(fetchProtocol, { signal, negotiateFully: false })
        return await abortingOnError(stream, withDeadline(stream, signal, exchange(stream, request)))
      } catch (error) {
        if (init.stopSignal.aborted) throw new NetworkError('stopped', 'the network host is stopped')
        if (deadline.aborted) throw new NetworkError('request-timeout', `no answer from ${peer} within ${timeoutMs} ms`)
        if (error instanceof NetworkError) throw error
        throw new NetworkError('request-failed', `request to ${peer} failed: ${toError(error).message}`, { cause: error })
      } finally {
        leave()
      }
    },
  }
}

/** Settles as `work` does, unless `signal` comes first; then the stream is reset and the signal's reason thrown. */
async function withDeadline<T>(stream: Stream, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => {
    stream.abort(toError(signal.reason))
    reject(signal.reason)
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function abortingOnError<T>(stream: Stream, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    stream.abort(toError(error))
    throw error
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
