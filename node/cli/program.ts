import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { Context } from './context.ts'
import { describeFailure, EXIT } from './exit.ts'
import { printable } from './format.ts'
import { addAsk } from './verbs/ask.ts'
import { addDemo } from './verbs/demo.ts'
import { addExport } from './verbs/export.ts'
import { addIdentity } from './verbs/identity.ts'
import { addInit } from './verbs/init.ts'
import { addJoin } from './verbs/join.ts'
import { addMcp } from './verbs/mcp.ts'
import { addMemberDocuments } from './verbs/member-documents.ts'
import { addMembership } from './verbs/membership.ts'
import { addPeers } from './verbs/peers.ts'
import { addProviders } from './verbs/providers.ts'
import { addRounds } from './verbs/rounds.ts'
import { addStart } from './verbs/start.ts'
import { addStatus } from './verbs/status.ts'

const EXIT_CODES_HELP = `
Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration or identity missing or invalid, 4 node not running,
5 too few peers, 6 model provider error, 7 deadline, 8 verification failed, 9 budget refused, 130 interrupted.`

/** Runs one verb and resolves to the exit code; complaints go to stderr. Never rejects. */
export async function runVerb(args: readonly string[], context: Context): Promise<number> {
  try {
    await createProgram(context).parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { exit, said } = describeFailure(context.signal.aborted && (error as Error).name === 'AbortError' ? context.signal.reason : error)
    if (said !== '') context.err(`peerage: ${printable(said)}\n`)
    return EXIT[exit]
  }
}

function createProgram(context: Context): Command {
  const program = new Command('peerage')
    .description('A peer-to-peer network of agents that rank each other, agree on one record and share the credit.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out(text),
      writeErr: (text) => context.err(text),
      getOutHasColors: () => context.colour,
      getErrHasColors: () => false,
    })
    .addHelpText('after', EXIT_CODES_HELP)
  const verbs = [addDemo, addInit, addStart, addJoin, addStatus, addPeers, addAsk, addRounds, addMemberDocuments, addExport, addIdentity, addProviders, addMembership, addMcp]
  for (const add of verbs) add(program, context)
  return program
}
