/** What the verb `providers` does: look at the providers of a home, try them, add and remove them. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AgentError } from '../agents/agent.ts'
import { providersOf } from '../agents/create-agent.ts'
import { discoverServers, urlsToLookAt } from '../agents/providers/discover.ts'
import type { FoundServer } from '../agents/providers/discover.ts'
import { createModelPool } from '../agents/providers/model-pool.ts'
import { openSpending } from '../agents/providers/open-spending.ts'
import { PROVIDER_ROLES, providerSchema } from '../agents/providers/provider-config.ts'
import type { ProviderConfig, ProviderRole } from '../agents/providers/provider-config.ts'
import type { ProviderStatus } from '../agents/providers/provider-status.ts'
import { parseToml, writeFileWhole } from '../config/config-file.ts'
import { ConfigError } from '../config/config-error.ts'
import { withoutProvider, withProvider } from '../config/edit-providers.ts'
import type { ProviderFields } from '../config/edit-providers.ts'
import { firstIssue } from '../config/first-issue.ts'
import { nonEmpty } from '../config/home.ts'
import type { NodeHome } from '../config/home.ts'
import { resolveConfig, resolveTable } from '../config/resolve-config.ts'
import type { NodeStatus } from '../service.ts'
import { findModel } from './choose-agent.ts'
import { createNodeClient } from './client.ts'
import type { Context } from './context.ts'
import { CliError } from './exit.ts'
import { printable } from './format.ts'
import { isProcessAlive, readRunFile } from './run-file.ts'

/** A configured provider: what is in the file, the place of its key, and how it is where the node runs. */
export interface ListedProvider {
  id: string
  baseUrl: string
  model: string
  roles: readonly ProviderRole[]
  /** Where the key is; never the key. */
  key: string | null
  price: { input: number; output: number } | null
  status: Pick<ProviderStatus, 'state' | 'reason' | 'running' | 'waiting' | 'today'> | null
}

export interface ProviderList {
  agent: string
  currency: string
  providers: ListedProvider[]
  /** Servers on this machine that no provider names. */
  found: FoundServer[]
}

export async function listProviders(home: NodeHome, context: Context): Promise<ProviderList> {
  const { config } = await resolveConfig(home, context.env)
  const configured = providersOf(config.agent, home.configDir)
  const [running, found] = await Promise.all([statusOfRunning(home, context), discoverServers(urlsToLookAt(context.env))])
  const providers = configured.map((provider) => {
    const { id, baseUrl, model, roles = PROVIDER_ROLES, price = null } = provider
    const now = running?.providers.find((one) => one.id === id && one.model === model)
    const status = now === undefined ? null : { state: now.state, reason: now.reason, running: now.running, waiting: now.waiting, today: now.today }
    return { id, baseUrl, model, roles, key: placeOfKey(provider), price, status }
  })
  const known = configured.map(({ baseUrl }) => originOf(baseUrl))
  return { agent: config.agent.type, currency: config.limits.currency, providers, found: found.filter(({ baseUrl }) => !known.includes(originOf(baseUrl))) }
}

async function statusOfRunning(home: NodeHome, context: Context): Promise<NodeStatus | null> {
  const run = await readRunFile(home)
  if (run === null || !isProcessAlive(run.pid)) return null
  return createNodeClient(run.apiUrl, nonEmpty(context.env['PEERAGE_HTTP_TOKEN']) ?? run.token, context).get<NodeStatus>('status').catch(() => null)
}

function placeOfKey({ keyEnv, keyFile, keyCommand }: ProviderConfig): string | null {
  if (keyEnv !== undefined) return `variable ${keyEnv}`
  if (keyFile !== undefined) return `file ${keyFile}`
  return keyCommand === undefined ? null : `command ${keyCommand[0] ?? ''}`
}

/** The same server under either of its names. */
function originOf(url: string): string {
  return new URL(url).origin.replace('//localhost', '//127.0.0.1')
}

/** How a trial went. */
export interface ProviderTrial {
  id: string
  baseUrl: string
  model: string
  latencyMs: number
  text: string
  usage: { inputTokens: number; outputTokens: number } | null
  costMicro: number
  currency: string
}

const TRIAL = 'Reply with the single word: ready'

/** Room for a model that thinks first. */
const TRIAL_TOKENS = 512

/** Makes one small real call to each, within the limits. Rejects at the end with the AgentError of the first that failed, with CliError where there is none. */
export async function* tryProviders(home: NodeHome, id: string | undefined, context: Context): AsyncGenerator<ProviderTrial, void, void> {
  const { config } = await resolveConfig(home, context.env)
  const all = providersOf(config.agent, home.configDir)
  const chosen = id === undefined ? all : all.filter((provider) => provider.id === id)
  if (chosen.length === 0) throw noProvider(home, id, all)
  const { limits } = config
  const spending = await openSpending({ dataDir: home.dataDir, writer: 'verbs', limits, warn: (line) => context.err(`${line}\n`) })
  try {
    let failure: AgentError | null = null
    for (const provider of chosen) {
      try {
        yield await tryOne({ ...provider, roles: ['answer'] }, { limits, spending }, context.signal)
      } catch (error) {
        if (!(error instanceof AgentError) || context.signal.aborted) throw error
        if (failure !== null) context.err(`peerage: ${printable(error.message)}\n`)
        failure ??= error
      }
    }
    if (failure !== null) throw failure
  } finally {
    await spending.flush()
  }
}

function noProvider(home: NodeHome, id: string | undefined, all: readonly ProviderConfig[]): Error {
  if (id === undefined) return new CliError('config', 'This node has no provider: its agent needs none.', 'Add one with: peerage providers add')
  return new ConfigError('invalid', home.configFile, `there is no provider ${id}`, { field: 'agent', hint: all.length === 0 ? 'There is none.' : `There are: ${all.map((one) => one.id).join(', ')}.` })
}

type Means = Omit<Parameters<typeof createModelPool>[0], 'providers'>

async function tryOne(provider: ProviderConfig, means: Means, signal: AbortSignal): Promise<ProviderTrial> {
  const pool = await createModelPool({ providers: [provider], ...means })
  const started = performance.now()
  try {
    const call = { messages: [{ role: 'user' as const, content: TRIAL }], maxTokens: TRIAL_TOKENS, purpose: { job: 'test' as const, round: null, isOwn: true } }
    const reply = await pool.answering?.complete(call, signal)
    if (reply === undefined) throw new RangeError('a provider on trial is there for answers')
    const { id, baseUrl, model } = provider
    return { id, baseUrl, model, latencyMs: Math.round(performance.now() - started), text: reply.text, usage: reply.usage, costMicro: reply.costMicro, currency: means.limits.currency }
  } catch (error) {
    throw error instanceof AgentError ? new AgentError(error.code, `${provider.id}: ${error.message}`) : error
  } finally {
    pool.close()
  }
}

/** The flags of `providers add`, as typed. */
export interface AddFlags {
  id?: string
  model?: string
  keyEnv?: string
  keyFile?: string
  keyCommand?: string[]
  priceInput?: number
  priceOutput?: number
  concurrency?: number
  maxTokens?: number
  role?: string[]
}

/** Adds a provider to the configuration: what the flags leave open is found out. The agent of before makes way where it was a solver. */
export async function addProvider(home: NodeHome, url: string | undefined, flags: AddFlags, context: Context): Promise<{ provider: ProviderFields; agentBefore: string }> {
  const { config } = await resolveConfig(home, context.env)
  const { keyEnv, keyCommand } = flags
  const keyFile = flags.keyFile === undefined ? undefined : resolve(flags.keyFile)
  const { priceInput, priceOutput, concurrency, maxTokens, role } = flags
  const price = priceInput === undefined && priceOutput === undefined ? undefined : { input: priceInput ?? 0, output: priceOutput ?? 0 }
  const given = { keyEnv, keyFile, keyCommand, price, concurrency, maxTokens, roles: role }
  assertFit({ id: flags.id ?? 'new', baseUrl: 'http://127.0.0.1/v1', model: flags.model ?? 'any', ...given })
  const taken = providersOf(config.agent, home.configDir)
  const free = urlsToLookAt(context.env).filter((one) => !taken.some(({ baseUrl }) => originOf(baseUrl) === originOf(one)))
  const { baseUrl, model, found } = await findModel({ url, model: flags.model, isExact: false, keyEnv, keyFile, keyCommand }, free)
  const kind = found.find((server) => server.baseUrl === baseUrl)?.kind ?? 'openai'
  const fields = { id: flags.id ?? freeId(kind, taken), baseUrl, model, ...given }
  const provider = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ProviderFields
  assertFit(provider)
  await edit(home, context, (text) => withProvider(text, home.configFile, provider))
  return { provider, agentBefore: config.agent.type }
}

function freeId(kind: string, taken: readonly ProviderConfig[]): string {
  const ids = taken.map(({ id }) => id)
  const number = [1, ...ids.map((_, index) => index + 2)].find((count) => !ids.includes(count === 1 ? kind : `${kind}-${count}`)) ?? 1
  return number === 1 ? kind : `${kind}-${number}`
}

function assertFit(provider: object): void {
  const parsed = providerSchema.safeParse(provider)
  if (parsed.success) return
  const { field, message } = firstIssue(parsed.error)
  throw new CliError('usage', `${field}: ${message}`)
}

export async function removeProvider(home: NodeHome, id: string, context: Context): Promise<void> {
  await resolveConfig(home, context.env)
  await edit(home, context, (text) => withoutProvider(text, home.configFile, id))
}

/** Changes the file, which has been read and found valid, in one step; what would not be valid is not written. Links and permissions stay. */
async function edit(home: NodeHome, context: Context, change: (text: string) => string): Promise<void> {
  const file = await realpath(home.configFile)
  const text = change(await readFile(file, 'utf8'))
  await resolveTable(parseToml(text, home.configFile), home, context.env)
  await writeFileWhole(file, text, (await stat(file)).mode & 0o777)
}
