import type { Command } from 'commander'
import type { CheckpointDocument } from '../../change-documents.ts'
import { writeFileWhole } from '../../config/config-file.ts'
import { findNode } from '../client.ts'
import type { NodeOptions } from '../client.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { addNodeOptions } from './options.ts'

/** What an owner asks a running node to do about the network itself: to leave it, and to write down its state. */
export function addMembership(program: Command, context: Context): void {
  addNodeOptions(program.command('leave').description('end the membership of a running node; it can join again later')).action(
    async (options: NodeOptions & { json?: boolean }) => {
      const client = await findNode(options, context)
      const asked = await client.post<object>('membership', { kind: 'leave' })
      if (options.json === true) return printJson(context, 'peerage.membership/v1', { ...asked })
      context.out('The node has asked to leave. A block decides; its vote counts until the epoch ends, so let it run until then.\n')
    },
  )
  const checkpoint = program
    .command('checkpoint')
    .description('write the state after the last final block, with its proof, to a file')
    .requiredOption('--out <file>', 'the file to write')
  addNodeOptions(checkpoint).action(async (options: NodeOptions & { out: string; json?: boolean }) => {
    const client = await findNode(options, context)
    const text = await client.getText('checkpoint')
    const { proof: _, ...name } = JSON.parse(text) as CheckpointDocument
    await writeFileWhole(options.out, text)
    if (options.json === true) return printJson(context, 'peerage.checkpoint/v1', { ...name, file: options.out })
    context.out(`state after block ${name.height} of network ${name.network}: ${name.stateRoot}\nwritten to ${options.out}\na newcomer begins after it by: peerage join <address> --checkpoint ${options.out}\na network begins with it by: peerage init --from-checkpoint ${options.out} --founders <member>...\n`)
  })
}
