import type { Command } from 'commander'
import { resolveHome } from '../../config/home.ts'
import type { Context } from '../context.ts'
import { addSettingOptions, settingFlags } from './options.ts'

export function addStart(program: Command, context: Context): void {
  const command = program
    .command('start')
    .description('run the node until it is told to end')
    .option('--home <dir>', "the node's folder")
    .option('--json', 'print one JSON document per line: ready, stopped')
  addSettingOptions(command).action(async (options: Record<string, unknown> & { home?: string; json?: boolean }) => {
    const { runNode } = await import('../run-node.ts')
    await runNode(resolveHome(options.home, context.env), { verb: 'start', json: options.json === true, flags: settingFlags(options) }, context)
  })
}
