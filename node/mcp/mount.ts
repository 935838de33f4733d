import { createMcpHandler } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import type { Mount } from '../http/mount.ts'
import { BODY_BYTES_MAX } from '../http/requests.ts'
import type { NodeService } from '../service.ts'
import { accessService } from './node-access.ts'
import { createMcpServer } from './server.ts'

/** The tools over streamable HTTP at /mcp, for clients of the revision with a handshake and of the one without. No session is kept. */
export function mcpMount(service: NodeService, onError: (error: unknown) => void): Mount {
  const node = accessService(service)
  const { fetch } = createMcpHandler(() => createMcpServer(node, onError), { maxRequestBodySize: BODY_BYTES_MAX })
  return { path: '/mcp', routes: new Hono().all('/', (context) => fetch(context.req.raw)) }
}
