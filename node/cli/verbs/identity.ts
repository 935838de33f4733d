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
      const home = resolveHome(options.home ?? identity.opts<{ home?: string }>().home, context.env)
      await loadOwnIdentity(home)
      await vouchFor(home.identityFile)
      context.out('Noted. At its next start the node asks its peers what they have heard of it, and signs.\n')
    })
  identity
    .command('rotate')
    .description('go over to a new key: say it while the node runs, and again when it is stopped after the epoch; repeating does no harm')
    .option('--home <dir>', "the node's folder")
    .option('--json', 'print one JSON document')
    .action(async (options: { home?: string; json?: boolean }) => {
      const { rotateIdentity } = await import('../rotate-identity.ts')
      // Options of the parent's name are the parent's.
      const given = { ...options, ...identity.opts<typeof options>() }
      const { step, from, to, why } = await rotateIdentity(resolveHome(given.home, context.env), context)
      if (given.json === true) return printJson(context, 'peerage.rotation/v1', { step, from, to, why })
      context.out(step === 'done' ? `The key of this node is now ${to}. Start it again: peerage start\n` : `${from} goes over to ${to}: ${why}.\n`)
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
