import { isIPv6 } from 'node:net'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { ConfigError } from './config-error.ts'
import { readConfigFile, readText } from './config-file.ts'
import { firstIssue } from './first-issue.ts'
import { nonEmpty } from './home.ts'
import type { Environment, NodeHome } from './home.ts'
import { configFileSchema, DEFAULT_REQUESTS_PER_SECOND } from './schema.ts'
import type { ConfigFile, NodeConfig } from './schema.ts'
import { flagName, parseSetting, SETTINGS } from './settings.ts'
import type { Setting } from './settings.ts'

export type Origin = 'flag' | 'env' | 'file' | 'default'

export interface ResolvedConfig {
  config: NodeConfig
  /** Where the value of every setting came from, by its path in config.toml. */
  origins: Record<string, Origin>
}

/** Values given on the command line, by the setting's path; lists may be given as arrays. */
export type FlagValues = Readonly<Record<string, string | readonly string[] | undefined>>

type Table = Record<string, unknown>

/**
 * Reads config.toml and lays the environment and the flags over it: flag before `PEERAGE_*` before file before default.
 * Rejects with ConfigError naming the file, variable or flag and the field; code `invalid-flag` where a flag is to blame.
 */
export async function resolveConfig(home: NodeHome, env: Environment, flags: FlagValues = {}): Promise<ResolvedConfig> {
  return resolveTable(await readConfigFile(home), home, env, flags)
}

/** The same over a table that is in memory and becomes what it resolves to. */
export async function resolveTable(table: Table, home: NodeHome, env: Environment, flags: FlagValues = {}): Promise<ResolvedConfig> {
  const origins: Record<string, Origin> = {}
  for (const setting of SETTINGS) {
    const { value, origin } = pick(setting, env, flags, getPath(table, setting.path))
    origins[setting.path] = origin
    if (value !== undefined) setPath(table, setting.path, value)
  }
  const parsed = configFileSchema.safeParse(table)
  if (!parsed.success) throw blame(parsed.error, home, origins)
  return { config: await complete(parsed.data, home, env, origins), origins }
}

function pick(setting: Setting, env: Environment, flags: FlagValues, inFile: unknown): { value: unknown; origin: Origin } {
  const flag = flags[setting.path]
  if (flag !== undefined) return { value: typeof flag === 'string' ? parseSetting(setting.form, flag) : [...flag], origin: 'flag' }
  const variable = env[setting.env]
  if (variable !== undefined && variable !== '') return { value: parseSetting(setting.form, variable), origin: 'env' }
  return { value: inFile, origin: inFile === undefined ? 'default' : 'file' }
}

/** Turns the first complaint of the schema into an error that names who set the offending value. */
function blame(error: z.ZodError, home: NodeHome, origins: Readonly<Record<string, Origin>>): ConfigError {
  const { field, message } = firstIssue(error)
  const setting = SETTINGS.find(({ path }) => field === path || field.startsWith(`${path}.`))
  const origin = setting === undefined ? 'file' : origins[setting.path]
  if (setting !== undefined && origin === 'flag') return new ConfigError('invalid-flag', flagName(setting), message)
  if (setting !== undefined && origin === 'env') return new ConfigError('invalid', setting.env, message)
  return new ConfigError('invalid', home.configFile, message, { field })
}

async function complete(file: ConfigFile, home: NodeHome, env: Environment, origins: Readonly<Record<string, Origin>>): Promise<NodeConfig> {
  const { network, http, history } = file
  const fromFile = (path: string): string => (origins[path] === 'file' || origins[path] === 'default' ? dirname(home.configFile) : process.cwd())
  const family = isIPv6(network.host) ? 'ip6' : 'ip4'
  const tokenFile = http.tokenFile === undefined ? null : resolve(fromFile('http.tokenFile'), http.tokenFile)
  const token = nonEmpty(env['PEERAGE_HTTP_TOKEN']) ?? (tokenFile === null ? null : await readToken(tokenFile))
  return {
    name: file.name ?? null,
    logLevel: file.logLevel,
    agent: file.agent,
    limits: file.limits,
    genesisFile: resolve(fromFile('network.genesis'), network.genesis),
    listen: network.listen ?? [`/${family}/${network.host}/tcp/${network.port}`],
    announce: network.announce ?? null,
    bootstrap: network.bootstrap,
    keepRounds: history.archive ? null : history.keepRounds,
    http: { host: http.host, port: http.port, token, publicUrl: http.publicUrl ?? null, requestsPerSecond: http.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND },
  }
}

/** A file without a token is an error: the owner believes the API to be locked. */
async function readToken(file: string): Promise<string> {
  const token = (await readText(file, 'token file')).trim()
  if (token === '') throw new ConfigError('invalid', file, 'the token file is empty')
  return token
}

function getPath(table: Table, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), table)
}

/** Sets a nested value, making tables on the way; a path through something that is no table is left for the schema to refuse. */
function setPath(table: Table, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() as string
  let target = table
  for (const key of keys) {
    target[key] ??= {}
    const next = target[key]
    if (!isTable(next)) return
    target = next
  }
  target[last] = value
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
