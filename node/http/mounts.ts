/** What other kinds of clients find beside the API: OpenAI's interface, MCP, A2A. */
import { a2aMounts } from '../a2a/mount.ts'
import type { Signer } from '../a2a/card.ts'
import { mcpMount } from '../mcp/mount.ts'
import type { NodeService } from '../service.ts'
import { facadeMount } from './facade/facade.ts'
import type { Mount } from './mount.ts'

export interface MountsInit {
  service: NodeService
  /** The node's key: the agent card of A2A is signed. */
  signer: Signer
  /** Where clients reach the API, if a proxy stands before it. */
  publicUrl?: string | null
  /** Whether requests must carry a token. */
  needsToken: boolean
  /** Told of failures that are the node's own. */
  onError: (error: unknown) => void
}

export function createMounts(init: MountsInit): Mount[] {
  const { service, onError } = init
  return [facadeMount(service, { onError }), mcpMount(service, onError), ...a2aMounts(init)]
}
