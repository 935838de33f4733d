import { resolve } from 'node:path'
import { discoverServers, inspectServer } from '../agents/providers/discover.ts'
import type { FoundServer } from '../agents/providers/discover.ts'
import { loadSecret } from '../agents/secret.ts'
import { CliError } from './exit.ts'

/** The flags that describe an agent, as typed. */
export interface AgentFlags {
  agent?: string
  strategy?: string
  model?: string
  /** Like `baseUrl`, but the version at its end is found out. */
  provider?: string
  baseUrl?: string
  keyEnv?: string
  keyFile?: string
  command?: string[]
}

export interface ChosenAgent {
  /** The [agent] table of the configuration. */
  table: Record<string, unknown>
  /** Servers of models that were found on the way; the first with a model was taken. */
  found: FoundServer[]
}

/** How long a server that was named may take to list its models. */
const NAMED_MS_MAX = 10_000

/**
 * The agent that the flags describe. What they leave open of a model is found out: its server from those that run at `urls`, its
 * name from the server's list. Without any flag it is the first model found, or else the embedded solver.
 * Rejects with CliError `usage` or `provider`, AgentError where a key cannot be read.
 */
export async function chooseAgent(flags: AgentFlags, urls: readonly string[]): Promise<ChosenAgent> {
  if (!isGiven(flags)) {
    const found = await discoverServers(urls)
    const server = found.find(({ models }) => models.length > 0)
    const table = server === undefined ? { type: 'solver', strategy: 'searching' } : { type: 'openai', baseUrl: server.baseUrl, model: server.models[0] }
    return { table, found }
  }
  const type = typeOf(flags)
  if (type === 'openai') return chooseModel(flags, urls)
  const { strategy, command, model } = flags
  const defaults = type === 'solver' ? { strategy: 'searching' } : type === 'command' ? { folder: process.cwd() } : {}
  return { table: { type, ...defaults, ...defined({ strategy, model, command: command?.[0], args: command?.slice(1), ...keyPlace(flags), baseUrl: flags.baseUrl }) }, found: [] }
}

/** Whether any of the flags was used. */
export function isGiven(flags: AgentFlags): boolean {
  const { agent, strategy, model, provider, baseUrl, keyEnv, keyFile, command } = flags
  return [agent, strategy, model, provider, baseUrl, keyEnv, keyFile, command].some((value) => value !== undefined)
}

function typeOf({ agent, strategy, command }: AgentFlags): string {
  return agent ?? (strategy !== undefined ? 'solver' : command !== undefined ? 'command' : 'openai')
}

async function chooseModel(flags: AgentFlags, urls: readonly string[]): Promise<ChosenAgent> {
  if (flags.provider !== undefined && flags.baseUrl !== undefined) throw new CliError('usage', '--provider and --base-url exclude each other.')
  const { baseUrl, model, found } = await findModel({ url: flags.provider ?? flags.baseUrl, model: flags.model, isExact: flags.baseUrl !== undefined, ...keyPlace(flags) }, urls)
  const { strategy, command } = flags
  return { table: { type: 'openai', ...defined({ baseUrl, model, strategy, command: command?.[0], ...keyPlace(flags) }) }, found }
}

export interface WantedModel {
  url?: string | undefined
  model?: string | undefined
  /** Whether the URL is the one to use as it is. */
  isExact: boolean
  keyEnv?: string | undefined
  keyFile?: string | undefined
  keyCommand?: readonly string[] | undefined
}

/** Completes a server's URL and a model's name by asking the server, where they are not complete. */
export async function findModel(wanted: WantedModel, urls: readonly string[]): Promise<{ baseUrl: string; model: string; found: FoundServer[] }> {
  const { url, model } = wanted
  if (url === undefined) {
    const found = await discoverServers(urls)
    const server = found.find(({ models }) => (model === undefined ? models.length > 0 : models.includes(model)))
    if (server !== undefined) return { baseUrl: server.baseUrl, model: model ?? (server.models[0] as string), found }
    const which = model === undefined ? 'with a model' : `with the model ${model}`
    throw new CliError('usage', `No server ${which} was found on this machine.`, `Looked at: ${urls.length === 0 ? 'none' : urls.join(', ')}. Name another: peerage init --provider URL, or peerage providers add URL`)
  }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new CliError('usage', `"${url}" is no URL of a server such as http://127.0.0.1:11434.`)
  if (wanted.isExact && model !== undefined) return { baseUrl: url, model, found: [] }
  const server = await inspectServer(url, await loadSecret(wanted), NAMED_MS_MAX)
  if (model !== undefined) return { baseUrl: server?.baseUrl ?? url, model, found: server === null ? [] : [server] }
  const [first] = server?.models ?? []
  if (server === null) throw new CliError('provider', `${url} lists no models.`, 'Is the server running? If it has no list, name the model: --model NAME')
  if (first === undefined) throw new CliError('provider', `${url} lists no model that can hold a conversation.`, 'Name one: --model NAME')
  return { baseUrl: server.baseUrl, model: first, found: [server] }
}

function keyPlace({ keyEnv, keyFile }: AgentFlags): { keyEnv?: string; keyFile?: string } {
  return { ...(keyEnv === undefined ? {} : { keyEnv }), ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }) }
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
