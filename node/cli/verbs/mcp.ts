import type { Command } from 'commander'
import { accessApi } from '../../mcp/node-access.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { note } from '../context.ts'
import type { Context } from '../context.ts'
import { Interruption } from '../exit.ts'

/** `mcp`: the tools of a running node for a program that starts this one and speaks to it over its standard input and output. */
export function addMcp(program: Command, context: Context): void {
  program
    .command('mcp')
    .description('serve the tools of a running node to an agent, by the Model Context Protocol over stdio')
    .option('--node <url>', 'API of the node, such as http://127.0.0.1:4748')
    .option('--home <dir>', 'folder of the node')
    .action(async (options: NodeOptions) => {
      const { serveStdio } = await import('../../mcp/serve-stdio.ts')
      const node = accessApi(() => findNode(options, context))
      await serveStdio(node, { signal: context.signal, onError: (error) => note(context, `mcp: ${String(error)}`) })
      const reason: unknown = context.signal.reason
      if (context.signal.aborted && !(reason instanceof Interruption && reason.stop === 'SIGTERM')) throw reason
    })
}
