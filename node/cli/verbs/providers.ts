import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { resolveHome } from '../../config/home.ts'
import type { NodeHome } from '../../config/home.ts'
import { printJson } from '../context.ts'
import type { Context } from '../context.ts'
import { formatTable, oneLine } from '../format.ts'
import type { AddFlags, ListedProvider, ProviderList, ProviderTrial } from '../providers.ts'
import { kindOf } from './init.ts'
import { integerWithin } from './options.ts'

interface Common {
  home?: string
  json?: boolean
}

export function addProviders(program: Command, context: Context): void {
  const providers = program.command('providers').description('the models that answer and judge here: list, try, add and remove them')
  const homeOf = (options: Common): NodeHome => resolveHome(options.home, context.env)
  const common = (command: Command): Command => command.option('--home <dir>', "the node's folder").option('--json', 'print one JSON document')

  common(providers.command('list').description('what is configured, how it is, and which other servers of models run on this machine')).action(async (options: Common) => {
    const { listProviders } = await import('../providers.ts')
    const list = await listProviders(homeOf(options), context)
    if (options.json === true) return printJson(context, 'peerage.providers/v1', list)
    context.out(formatList(list, context))
  })

  common(providers.command('test').description('make one small real call: latency, model, tokens and cost').argument('[id]', 'only this one')).action(async (id: string | undefined, options: Common) => {
    const { tryProviders } = await import('../providers.ts')
    const trials: ProviderTrial[] = []
    for await (const trial of tryProviders(homeOf(options), id, context)) {
      trials.push(trial)
      if (options.json !== true) context.out(formatTrial(trial, context))
    }
    if (options.json === true) printJson(context, 'peerage.provider-test/v1', { trials })
  })

  addFlags(common(providers.command('add').description('add a provider after those that are there; the file keeps its comments')))
    .argument('[url]', 'server of models, such as http://127.0.0.1:11434; without one, another that runs on this machine')
    .addHelpText('after', '\nA key is never given here, only its place: a variable, a file that only you can read, or a program that prints it, such as\n--key-command "secret-tool lookup service NAME" or --key-command "security find-generic-password -w -s NAME"; no shell runs it.')
    .action(async (url: string | undefined, options: Common & AddFlags) => {
      const { addProvider } = await import('../providers.ts')
      const { provider, agentBefore } = await addProvider(homeOf(options), url, options, context)
      if (options.json === true) return printJson(context, 'peerage.provider-added/v1', { provider })
      const { id, model, baseUrl } = provider
      const before = agentBefore === 'solver' ? 'the embedded solver made way for it\n' : ''
      context.out(`added ${id}: ${oneLine(String(model), context, 80)} at ${String(baseUrl)}\n${before}next: peerage providers test ${id}; a running node has to be started again\n`)
    })

  common(providers.command('remove').description('take a provider out of the configuration; where it was the last, the embedded solver takes its place').argument('<id>')).action(
    async (id: string, options: Common) => {
      const { removeProvider } = await import('../providers.ts')
      await removeProvider(homeOf(options), id, context)
      if (options.json === true) return printJson(context, 'peerage.provider-removed/v1', { id })
      context.out(`removed ${id}; a running node has to be started again\n`)
    },
  )
}

function addFlags(command: Command): Command {
  return command
    .option('--id <id>', 'what to call it (default: after what it is)')
    .option('--model <model>', 'name of the model (default: the first that the server lists)')
    .option('--key-env <variable>', 'environment variable that holds the key')
    .option('--key-file <file>', 'file that holds the key, mode 0600')
    .option('--key-command <line>', 'program and arguments, spaces between them, that print the key', (line: string) => line.split(/\s+/).filter((part) => part !== ''))
    .option('--price-input <price>', 'price of a million tokens that it reads', parsePrice)
    .option('--price-output <price>', 'price of a million tokens that it writes', parsePrice)
    .option('--concurrency <calls>', 'how many calls are made at a time', integerWithin(1, 64))
    .option('--max-tokens <tokens>', 'how long a reply may get', integerWithin(1, 1_000_000))
    .addOption(new Option('--role <role...>', 'what it is there for (default: both)').choices(['answer', 'judge']))
}

function parsePrice(text: string): number {
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(text)) throw new InvalidArgumentError('It must be a number such as 0.15.')
  return Number(text)
}

function formatList({ agent, currency, providers, found }: ProviderList, context: Context): string {
  const rows = providers.map((provider) => [provider.id, oneLine(provider.model, context, 40), provider.baseUrl, provider.roles.join(', '), provider.key ?? 'no key', formatPrice(provider), formatState(provider, currency)])
  const table = rows.length === 0 ? `The agent of this node is ${/^[aeiou]/.test(agent) ? 'an' : 'a'} ${agent}: it needs no provider.\n` : formatTable(['id', 'model', 'at', 'for', 'key', `price (${currency})`, 'state'], rows, context)
  const others = found.map(({ kind, baseUrl, models }) => `found ${kindOf({ kind })} at ${baseUrl}, with ${models.length === 0 ? 'no model' : oneLine(models.join(', '), context, 80)}; add it: peerage providers add ${baseUrl}\n`)
  return `${table}${others.join('')}`
}

function formatPrice({ price }: ListedProvider): string {
  return price === null ? '-' : `${price.input} in, ${price.output} out`
}

function formatState({ status }: ListedProvider, currency: string): string {
  if (status === null) return 'node not running'
  const { calls, tokens, costMicro } = status.today
  return `${status.state}${status.reason === null ? '' : ` (${status.reason})`}; today ${calls} calls, ${tokens} tokens, ${formatCost(costMicro)} ${currency}`
}

function formatTrial({ id, model, latencyMs, usage, costMicro, currency, text }: ProviderTrial, context: Context): string {
  const tokens = usage === null ? 'tokens not told' : `${usage.inputTokens} tokens in, ${usage.outputTokens} out`
  return `${id}: ${oneLine(model, context, 60)} answers within ${latencyMs} ms; ${tokens}; ${formatCost(costMicro)} ${currency}; says "${oneLine(text, context, 60)}"\n`
}

/** All six digits: a call costs little. */
function formatCost(micro: number): string {
  return (micro / 1_000_000).toFixed(6)
}
