import { serveStdio as serve } from '@modelcontextprotocol/server/stdio'
import type { NodeAccess } from './node-access.ts'
import { createMcpServer } from './server.ts'

/** Serves the tools over this process's standard input and output until the client closes them or the signal aborts. */
export async function serveStdio(node: NodeAccess, signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
  const connection = serve(() => createMcpServer(node, onError), { onerror: onError })
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await connection.close()
}
