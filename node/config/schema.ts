import { multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'
import { agentConfigSchema } from '../agents/create-agent.ts'
import type { AgentConfig } from '../agents/create-agent.ts'
import { limitsCost, limitsSchema } from '../agents/providers/limits.ts'
import type { Limits } from '../agents/providers/limits.ts'
import type { ProviderConfig } from '../agents/providers/provider-config.ts'
import { isLoopback } from '../loopback.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const DEFAULT_P2P_PORT = 4747
export const DEFAULT_HTTP_PORT = 4748
export const DEFAULT_REQUESTS_PER_SECOND = 200

function isMultiaddr(text: string, protocols: readonly string[]): boolean {
  try {
    const names = multiaddr(text).getComponents().map((component) => component.name)
    return protocols.every((protocol) => names.includes(protocol))
  } catch {
    return false
  }
}

const portSchema = z.int().min(0).max(65_535)
const listenAddressSchema = z.string().refine((text) => isMultiaddr(text, ['tcp']), 'must be a multiaddr such as /ip4/0.0.0.0/tcp/4747')

/** An address of a peer as `join` takes it: with the peer's id, so that nobody else can answer there. */
export const peerAddressSchema = z
  .string()
  .refine((text) => isMultiaddr(text, ['tcp', 'p2p']), 'must be a full multiaddr such as /ip4/192.0.2.7/tcp/4747/p2p/12D3KooW...')

/** Where the API is reached from elsewhere: scheme, host and port, no more. */
const publicUrlSchema = z
  .string()
  .refine((text) => {
    const url = URL.parse(text)
    return url !== null && /^https?:$/.test(url.protocol) && `${url.protocol}//${url.host}/` === url.href
  }, 'must be an address without a path, such as https://peerage.example.org')
  .transform((text) => new URL(text).origin)

/** The contents of config.toml. Unknown fields are errors: a misspelt limit must not be silently absent. */
const configFields = z.strictObject({
  name: z.string().min(1).max(40).optional(),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  agent: agentConfigSchema,
  limits: limitsSchema.prefault({}),
  network: z
    .strictObject({
      /** Path of the genesis file, relative to this file's folder. */
      genesis: z.string().min(1).default('genesis.json'),
      host: z.union([z.ipv4(), z.ipv6()]).default('0.0.0.0'),
      port: portSchema.default(DEFAULT_P2P_PORT),
      /** Instead of host and port, where these do not suffice. */
      listen: z.array(listenAddressSchema).min(1).max(16).optional(),
      /** What peers are told instead of the addresses listened on, where these do not lead here; empty: nothing. */
      announce: z.array(listenAddressSchema).max(16).optional(),
      bootstrap: z.array(peerAddressSchema).max(64).default([]),
    })
    .prefault({}),
  history: z
    .strictObject({
      /** Whether all rounds are kept as they were said; else only the last ones, and of the others what was agreed. */
      archive: z.boolean().default(true),
      keepRounds: z.int().min(1).max(1_000_000).default(1_000),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: z.string().min(1).max(253).default('127.0.0.1'),
      port: portSchema.default(DEFAULT_HTTP_PORT),
      /** File that holds the token every request must carry; relative to this file's folder. */
      tokenFile: z.string().min(1).optional(),
      /** Where clients reach the API, if a proxy stands before it. */
      publicUrl: publicUrlSchema.optional(),
      /** What one address may ask of the API in the long run; at once, two and a half times that. */
      requestsPerSecond: z.int().min(1).max(1_000_000).optional(),
    })
    .prefault({}),
})

/** A limit on what is paid means nothing for a model whose price is not known. Models on this machine are free. */
export const configFileSchema = configFields.superRefine(({ agent, limits }, context) => {
  const { perRound, perDay, othersPerDay } = limits
  const unpriced = (provider: Pick<ProviderConfig, 'baseUrl' | 'price' | 'perDay'>): boolean =>
    provider.price === undefined && limitsCost(perRound, perDay, othersPerDay, provider.perDay ?? {}) && !isLoopback(new URL(provider.baseUrl).hostname)
  const complain = (path: (string | number)[]): void => context.addIssue({ code: 'custom', path, message: 'is missing: a limit on costs needs the price per million tokens, { input = 0, output = 0 } for none' })
  if (agent.type === 'openai' && unpriced(agent)) complain(['agent', 'price'])
  if (agent.type === 'providers') agent.providers.forEach((provider, index) => void (unpriced(provider) && complain(['agent', 'providers', index, 'price'])))
})

export type ConfigFile = z.infer<typeof configFileSchema>

/** Everything a node is started with. Paths are absolute; no model key is in it. */
export interface NodeConfig {
  /** The owner's own label for this node, or null. */
  name: string | null
  logLevel: LogLevel
  agent: AgentConfig
  /** What the agent may spend, and on whom. */
  limits: Limits
  /** Where the genesis is, or is to be written once fetched. */
  genesisFile: string
  /** Multiaddrs to listen on for peers. */
  listen: string[]
  /** Multiaddrs to tell peers instead; null: those listened on. */
  announce: string[] | null
  /** Full multiaddrs of peers to stay connected to, and to fetch the genesis from where it is missing. */
  bootstrap: string[]
  /** Rounds whose items are kept, null for all. */
  keepRounds: number | null
  http: { host: string; port: number; token: string | null; publicUrl: string | null; requestsPerSecond: number }
}
