import { Readable, type Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { isJSONRPCErrorResponse, isJSONRPCNotification, isJSONRPCRequest, isJSONRPCResultResponse } from '@modelcontextprotocol/server'
import type { Transport } from '@modelcontextprotocol/server'
import { serveStdio as serve, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { sleep } from '../agents/abort.ts'
import type { NodeAccess } from './node-access.ts'
import { createMcpServer } from './server.ts'

export interface ServeStdioOptions {
  /** Ends it at once, whatever is under way. */
  signal: AbortSignal
  onError: (error: unknown) => void
  /** Where requests come from and answers go; this process's own where absent. */
  input?: Readable
  output?: Writable
  /** How long calls may go on after the end of the input. */
  lastAnswersMs?: number
}

/** Somewhat more than calls wait for a round unless they are told otherwise. */
const LAST_ANSWERS_MS = 60_000

/** Serves the tools over standard input and output. After the end of the input it answers what was asked, as long as that takes no longer than `lastAnswersMs`. */
export async function serveStdio(node: NodeAccess, options: ServeStdioOptions): Promise<void> {
  const { signal, onError, input = process.stdin, output = process.stdout, lastAnswersMs = LAST_ANSWERS_MS } = options
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  // The SDK's transport drops all calls when its input ends, so it is given one that lasts until they are answered.
  const lasting = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield* input
    // What came last has to arrive first.
    await turn()
    await calls.answered(lastAnswersMs)
    end()
    await over
  }
  const calls = followCalls(new StdioServerTransport(Readable.from(lasting(), { objectMode: false }), output), end)
  const connection = serve(() => createMcpServer(node, onError), { transport: calls.transport, onerror: onError })
  if (signal.aborted) end()
  signal.addEventListener('abort', () => end(), { once: true })
  await over
  await connection.close()
}

interface Calls {
  transport: Transport
  /** Resolves when every request that came was answered or called off, or the time is up. */
  answered(msMax: number): Promise<void>
}

/** The same transport, with an eye on what is asked and answered over it. Subscriptions last as long as the connection, and are not waited for. */
function followCalls(wire: Transport, onClose: () => void): Calls {
  const open = new Set<unknown>()
  let tell = (): void => undefined
  const settle = (id: unknown): void => {
    open.delete(id)
    if (open.size === 0) tell()
  }
  const transport: Transport = {
    start() {
      wire.onerror = (error) => transport.onerror?.(error)
      wire.onclose = () => {
        transport.onclose?.()
        onClose()
      }
      wire.onmessage = (message) => {
        if (isJSONRPCRequest(message) && message.method !== 'subscriptions/listen') open.add(message.id)
        if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') settle(message.params?.['requestId'])
        transport.onmessage?.(message)
      }
      return wire.start()
    },
    async send(message, options) {
      await wire.send(message, options)
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) settle(message.id)
    },
    close: () => wire.close(),
  }
  return {
    transport,
    async answered(msMax) {
      if (open.size === 0) return
      const done = new AbortController()
      tell = () => done.abort()
      await sleep(msMax, done.signal).catch(() => undefined)
    },
  }
}
