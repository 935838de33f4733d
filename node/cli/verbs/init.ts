import { Option } from 'commander'
import type { Command } from 'commander'
import { DISCOVER_VARIABLE, urlsToLookAt } from '../../agents/providers/discover.ts'
import type { FoundServer } from '../../agents/providers/discover.ts'
import { resolveHome } from '../../config/home.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { oneLine } from '../format.ts'
import type { AgentFlags } from '../choose-agent.ts'
import type { InitResult } from '../init-home.ts'

interface InitOptions extends AgentFlags {
  home?: string
  name?: string
  /** False with `--no-network`; a name, or undefined, otherwise. */
  network?: string | false
  fromCheckpoint?: string
  founders?: string[]
  json?: boolean
}

export function addInit(program: Command, context: Context): void {
  program
    .command('init')
    .description('make an identity, a configuration and a network of its own; what exists is kept')
    .option('--home <dir>', "the node's folder")
    .option('--name <label>', 'your own label for this node')
    .addOption(new Option('--agent <kind>', 'what answers and judges here (default: a model served on this machine, else solver)').choices(['solver', 'openai', 'command']))
    .option('--strategy <strategy>', 'solver: hasty, greedy, careful, searching or exhaustive')
    .option('--provider <url>', 'openai: server of models, such as http://127.0.0.1:11434; what it is and has is found out')
    .option('--model <model>', 'openai: name of the model (default: the first that the server lists)')
    .option('--base-url <url>', 'openai: URL of an OpenAI-compatible API as it is, such as http://127.0.0.1:11434/v1')
    .option('--key-env <variable>', 'openai: environment variable that holds the key')
    .option('--key-file <file>', 'openai: file that holds the key')
    .option('--command <program...>', 'command: program and arguments')
    .option('--network <name>', 'name of the network this node founds (default: home)')
    .option('--no-network', 'found none: this node is to join one')
    .option('--from-checkpoint <file>', 'found the network that goes on from a checkpoint; every founder does so with the same file')
    .option('--founders <member...>', 'with --from-checkpoint: ids of the members that vote')
    .option('--json', 'print one JSON document')
    .addHelpText('after', `\nWithout a word about the agent, servers are looked for at the usual ports of Ollama, llama.cpp, vLLM and LM Studio;\n${DISCOVER_VARIABLE}=URL,URL has others looked at, ${DISCOVER_VARIABLE}=none none.`)
    .action(async (options: InitOptions) => {
      const { initHome } = await import('../init-home.ts')
      const home = resolveHome(options.home, context.env)
      if (options.fromCheckpoint !== undefined) return goOn(options.fromCheckpoint, options, context)
      const network = options.network === false ? null : (options.network ?? 'home')
      const made = await initHome(home, { ...options, network, networkGiven: typeof options.network === 'string', lookAt: urlsToLookAt(context.env) })
      if (options.json === true) return printJson(context, 'peerage.init/v1', { ...made })
      const line = (what: string, file: string, created: boolean): string => `${created ? 'made ' : 'kept '} ${what.padEnd(13)} ${file}\n`
      context.out(
        [
          `${made.name} (${made.memberId})\n`,
          line('identity', made.identityFile, made.created.identity),
          line('configuration', made.configFile, made.created.config),
          ...describeAgent(made.agent, context),
          ...(made.genesisFile === null ? [] : [line('network', made.genesisFile, made.created.genesis)]),
          `next: peerage ${made.genesisFile === null ? 'join <address>' : 'start'}${options.home === undefined ? '' : ` --home ${options.home}`}\n`,
        ].join(''),
      )
    })
}

/** What a server is, for people. */
export function kindOf({ kind }: Pick<FoundServer, 'kind'>): string {
  return kind === 'openai' ? 'an OpenAI-compatible server' : kind
}

function describeAgent(agent: InitResult['agent'], context: Context): string[] {
  if (agent === null) return []
  const { type, model, baseUrl, found } = agent
  const lines = found.map((server) => `found ${kindOf(server)} at ${server.baseUrl}, with ${server.models.length === 0 ? 'no model' : oneLine(server.models.join(', '), context, 80)}\n`)
  const others = found.filter((server) => server.baseUrl !== baseUrl && server.models.length > 0)
  return [
    ...lines,
    `agent ${type}${model === null ? '' : ` ${oneLine(model, context, 80)}`}${baseUrl === null ? '' : ` at ${baseUrl}`}\n`,
    ...others.map((server) => `add the other: peerage providers add ${server.baseUrl}\n`),
  ]
}

async function goOn(file: string, options: InitOptions, context: Context): Promise<void> {
  const { foundFromCheckpoint } = await import('../found-from-checkpoint.ts')
  const name = typeof options.network === 'string' ? options.network : null
  const founded = await foundFromCheckpoint(resolveHome(options.home, context.env), { file, founders: options.founders ?? [], name })
  if (options.json === true) return printJson(context, 'peerage.init/v1', { ...founded })
  context.out(
    [
      `network ${founded.networkId} goes on after block ${founded.height} with ${founded.members} members\n`,
      `genesis in ${founded.genesisFile}\n`,
      ...(founded.aside === null ? [] : [`the genesis of before is kept as ${founded.aside}\n`]),
      `next: peerage start${options.home === undefined ? '' : ` --home ${options.home}`}\n`,
    ].join(''),
  )
}
