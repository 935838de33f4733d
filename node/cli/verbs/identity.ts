import type { Command } from 'commander'
import { resolveHome } from '../../config/home.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'

export function addIdentity(program: Command, context: Context): void {
  program
    .command('identity')
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
