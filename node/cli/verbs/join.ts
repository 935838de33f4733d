import type { Command } from 'commander'
import { resolveHome } from '../../config/home.ts'
import type { Context } from '../context.ts'
import { addSettingOptions, settingFlags } from './options.ts'

interface JoinOptions extends Record<string, unknown> {
  home?: string
  checkpoint?: string
  json?: boolean
}

const TRUST = `
Without --checkpoint, the genesis is taken from the peer, whose id is in the address, and everything after it is verified.
With it, whoever gave you the file is trusted for which network it is and for what held after its block; the proof in the file
and everything after it are verified. The node can then tell present reputations and points, but not the rounds before.`

export function addJoin(program: Command, context: Context): void {
  const command = program
    .command('join')
    .description('join the network of a peer, then run the node like start')
    .argument('<address>', 'address of a running peer, as its start prints it')
    .option('--home <dir>', "the node's folder")
    .option('--checkpoint <file>', 'begin after the block of a checkpoint that you trust, instead of with the genesis')
    .option('--json', 'print one JSON document per line: ready, stopped')
  command.addHelpText('after', TRUST)
  addSettingOptions(command).action(async (address: string, options: JoinOptions) => {
    const [{ rememberPeer }, { assertNotRunning, runNode }] = await Promise.all([import('../join-network.ts'), import('../run-node.ts')])
    const home = resolveHome(options.home, context.env)
    await assertNotRunning(home, context)
    if (options.checkpoint === undefined) await rememberPeer(home, address, context)
    else {
      const { beginAfterCheckpoint } = await import('../begin-after-checkpoint.ts')
      await beginAfterCheckpoint(home, { file: options.checkpoint, address }, context)
    }
    await runNode(home, { verb: 'join', json: options.json === true, flags: settingFlags(options) }, context)
  })
}
