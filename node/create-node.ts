/** A node inside of another program: what `peerage init` and `peerage start` do, without a command line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Agent } from './agents/agent.ts'
import { ensureIdentity, exists } from './cli/own-home.ts'
import { readConfigFile } from './config/config-file.ts'
import { foundNetwork } from './config/genesis-file.ts'
import { resolveHome } from './config/home.ts'
import type { NodeHome } from './config/home.ts'
import { resolveTable } from './config/resolve-config.ts'
import type { configFileSchema, NodeConfig } from './config/schema.ts'
import type { Identity } from './identity.ts'
import type { Log, RunningNode } from './service.ts'
import { startNode } from './start-node.ts'

/** The fields of config.toml, each as it may stand there. */
export type NodeSettings = Partial<z.input<typeof configFileSchema>>

export interface CreateNodeOptions {
  /** What answers and judges. Absent: the agent that the settings describe. `stop` closes it. */
  agent?: Agent
  /**
   * Folder of key, genesis and store, as `peerage --home` has it; what is missing there is made. Absent: a temporary
   * folder that `stop` removes, and with it the key; such a node listens on free ports of 127.0.0.1.
   */
  home?: string
  /** Settings, over those of the home's config.toml. `network.bootstrap` names the nodes whose network to join. */
  config?: NodeSettings
  /** Name of the network to found, where the home belongs to none and `bootstrap` names nobody. */
  networkName?: string
  /** Where log lines go; nowhere by default. */
  log?: Log
  /** Ends the start early. */
  signal?: AbortSignal
  /** The store can no longer be written: the node has stopped taking part, and is being stopped. */
  onFatal?: (error: unknown) => void
}

const DEFAULT_AGENT = { type: 'solver', strategy: 'searching' }
const LOOPBACK = { network: { host: '127.0.0.1', port: 0 }, http: { port: 0 } }

type Table = Record<string, unknown>

/**
 * Starts a node in this process and resolves when it listens and serves its API. Neither flags nor `PEERAGE_*` variables
 * are read. Rejects as `StartNode` does, with TypeError for what is no agent, with IdentityError where the key cannot be used, or with the signal's reason.
 */
export async function createNode(options: CreateNodeOptions = {}): Promise<RunningNode> {
  options.signal?.throwIfAborted()
  if (options.agent !== undefined) assertAgent(options.agent)
  const temporary = options.home === undefined ? await mkdtemp(join(tmpdir(), 'peerage-')) : null
  const home = resolveHome(temporary ?? options.home, {})
  const removeTemporary = async (): Promise<void> => {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true })
  }
  try {
    const { identity } = await ensureIdentity(home)
    const config = await settle(home, identity, options)
    const running = await start(home, config, identity, options)
    return {
      ...running,
      async stop() {
        await running.stop().finally(removeTemporary)
      },
    }
  } catch (error) {
    await removeTemporary()
    throw error
  }
}

// Programs without types may hand over anything.
function assertAgent(agent: Partial<Agent>): void {
  const types = { model: 'string', canAnswer: 'boolean', canJudge: 'boolean', answer: 'function', judge: 'function', close: 'function' } as const
  for (const [field, type] of Object.entries(types)) {
    if (typeof agent[field as keyof Agent] !== type) throw new TypeError(`createNode: agent.${field} must be a ${type}`)
  }
}

/** The configuration, and a network of its own where there is none to belong to. */
async function settle(home: NodeHome, { memberId }: Identity, options: CreateNodeOptions): Promise<NodeConfig> {
  const inFile = (await exists(home.configFile)) ? await readConfigFile(home) : { agent: DEFAULT_AGENT }
  const table = [options.home === undefined ? LOOPBACK : {}, options.config ?? {}].reduce<Table>(layOver, inFile)
  // A copy: it is completed in place.
  const { config } = await resolveTable(structuredClone(table), home, {})
  if (config.bootstrap.length === 0 && !(await exists(config.genesisFile))) await foundNetwork(config.genesisFile, options.networkName ?? 'home', memberId)
  return config
}

function start(home: NodeHome, config: NodeConfig, identity: Identity, options: CreateNodeOptions): Promise<RunningNode> {
  const { agent, log = () => undefined, signal = new AbortController().signal } = options
  const running = startNode({
    home,
    config,
    identity,
    log,
    signal,
    ...(agent === undefined ? {} : { agent }),
    onFatal: (error) => {
      running.then((node) => node.stop()).catch((failure: unknown) => log('error', 'the node did not end cleanly', { error: String(failure) }))
      options.onFatal?.(error)
    },
  })
  return running
}

/** Lays a table over another: tables are merged field by field, but for the agent's, which is one thing. */
function layOver(below: Table, above: Readonly<Table>): Table {
  const merged = Object.entries(above).map(([key, value]) => {
    const under = below[key]
    return [key, key !== 'agent' && isTable(value) && isTable(under) ? { ...under, ...value } : value] as const
  })
  return { ...below, ...Object.fromEntries(merged) }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
