import type { Command } from 'commander'
import { resolveHome } from '../../config/home.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'

export function addIdentity(program: Command, context: Context): void {
  const identity = program.command('identity')
  identity
    .command('resume')
    .description('lets a node sign again that has lost its memory, or found a copy of itself')
    .requiredOption('--i-know-no-copy-runs', 'you know that nothing else signs with this key, and that a contradiction costs weight and reputation')
    .option('--home <dir>', "the node's folder")
    .action(async (options: { home?: string }) => {
      const [{ loadOwnIdentity }, { vouchFor }] = await Promise.all([import('../own-home.ts'), import('../../runtime/open-memory.ts')])
      const home = resolveHome(options.home ?? (identity.opts() as { home?: string }).home, context.env)
      await loadOwnIdentity(home)
      await vouchFor(home.identityFile)
      context.out('Noted. At its next start the node asks its peers what they have heard of it, and signs.\n')
    })
  identity
    .description('who this node is, and where its key is kept')
    .option('--home <dir>', "the node's folder")
    .option('--json', 'print one JSON document')
    .action(async (options: { home?: string; json?: boolean }) => {
      const [{ loadOwnIdentity }, { nameOf }] = await Promise.all([import('../own-home.ts'), import('../../names.ts')])
      const home = resolveHome(options.home, context.env)
      const { identityFile } = home
      const { memberId } = await loadOwnIdentity(home)
      const name = nameOf(memberId)
      if (options.json === true) return printJson(context, 'peerage.identity/v1', { memberId, name, identityFile })
      context.out(`${name} (${memberId})\nkey in ${identityFile}: whoever has a copy is you; keep one in a safe place\n`)
    })
}
