import type { Command } from 'commander'
import { resolveHome } from '../../config/home.ts'
import type { Context } from '../context.ts'
import { addSettingOptions, settingFlags } from './options.ts'

export function addJoin(program: Command, context: Context): void {
  const command = program
    .command('join')
    .description('join the network of a peer, then run the node like start')
    .argument('<address>', 'address of a running peer, as its start prints it')
    .option('--home <dir>', "the node's folder")
    .option('--json', 'print one JSON document per line: ready, stopped')
  addSettingOptions(command).action(async (address: string, options: Record<string, unknown> & { home?: string; json?: boolean }) => {
    const [{ rememberPeer }, { assertNotRunning, runNode }] = await Promise.all([import('../join-network.ts'), import('../run-node.ts')])
    const home = resolveHome(options.home, context.env)
    await assertNotRunning(home, context)
    await rememberPeer(home, address, context)
    await runNode(home, { verb: 'join', json: options.json === true, flags: settingFlags(options) }, context)
  })
}
