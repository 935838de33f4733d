import { ConfigError } from '../config/config-error.ts'
import { resolveConfig } from '../config/resolve-config.ts'
import type { FlagValues } from '../config/resolve-config.ts'
import { homeFlag } from '../config/home.ts'
import type { NodeHome } from '../config/home.ts'
import { LOG_LEVELS } from '../config/schema.ts'
import type { LogLevel, NodeConfig } from '../config/schema.ts'
import type { Log, NodeStatus, RunningNode } from '../service.ts'
import { createNodeClient } from './client.ts'
import { note, printJson } from './context.ts'
import type { Context } from './context.ts'
import { CliError, Interruption } from './exit.ts'
import { oneLine, printable } from './format.ts'
import { exists, loadOwnIdentity } from './own-home.ts'
import { isProcessAlive, readRunFile, removeRunFile, writeRunFile } from './run-file.ts'

export interface RunOptions {
  verb: 'start' | 'join'
  json: boolean
  flags: FlagValues
}

/**
 * Runs the node of a home until the process is told to end. SIGTERM is the regular way to end it; for anything else
 * it rejects with the Interruption, after the node has stopped all the same.
 */
export async function runNode(home: NodeHome, options: RunOptions, context: Context): Promise<void> {
  const { config } = await resolveConfig(home, context.env, options.flags)
  const identity = await loadOwnIdentity(home)
  await assertNetworkKnown(config, home)
  await assertNotRunning(home, context)
  const log = createLog(config.logLevel, context)
  const node = await context.startNode({ home, config, identity, log, signal: context.signal })
  try {
    const { url, token } = { url: node.apiUrl, token: config.http.token }
    await writeRunFile(home, { pid: process.pid, apiUrl: url, memberId: identity.memberId, token })
    announce(node, home, options, context)
    await untilTold(context.signal)
  } finally {
    await removeRunFile(home, process.pid)
    await node.stop()
  }
  if (options.json) printJson(context, `peerage.${options.verb}/v1`, { type: 'stopped' })
  else note(context, 'stopped')
  const reason: unknown = context.signal.reason
  if (!(reason instanceof Interruption) || reason.stop !== 'SIGTERM') throw reason
}

async function assertNetworkKnown(config: NodeConfig, home: NodeHome): Promise<void> {
  if (config.bootstrap.length > 0 || (await exists(config.genesisFile))) return
  throw new ConfigError('missing', config.genesisFile, 'this node belongs to no network', {
    hint: `Join one with: peerage join <address>${homeFlag(home)}, or found one with: peerage init --network <name>${homeFlag(home)}`,
  })
}

/** A second process on the same home would speak with the same key: two answers for one slot contradict each other. */
export async function assertNotRunning(home: NodeHome, context: Context): Promise<void> {
  const run = await readRunFile(home)
  if (run === null || run.pid === process.pid || !isProcessAlive(run.pid)) return
  const status = await createNodeClient(run.apiUrl, run.token, context).get<NodeStatus>('status').catch(() => null)
  if (status?.memberId !== run.memberId) return
  throw new CliError('failure', `The node of ${home.dataDir} runs already, as process ${run.pid}.`, `Its API is at ${run.apiUrl}.`)
}

function announce(node: RunningNode, home: NodeHome, options: RunOptions, context: Context): void {
  const { memberId, name, networkId, networkName, addresses } = node.service.status()
  const { apiUrl } = node
  if (options.json) {
    return printJson(context, `peerage.${options.verb}/v1`, { type: 'ready', memberId, name, networkId, networkName, apiUrl, addresses, pid: process.pid })
  }
  context.out(`ready: ${name} (${memberId}) in network ${oneLine(networkName, context, 60)}, api ${apiUrl}, peers ${addresses.join(' ')}\n`)
  note(context, `Ask with: peerage ask "..."${homeFlag(home)}   End with Ctrl-C.`)
  for (const address of addresses) note(context, `Others join with: peerage join ${address}`)
}

function untilTold(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Log lines on stderr: time, level, message, fields as JSON. */
function createLog(least: LogLevel, context: Context): Log {
  return (level, message, fields) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return
    const detail = fields === undefined || Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`
    note(context, printable(`${new Date().toISOString()} ${level.padEnd(5)} ${message}${detail}`))
  }
}
