import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Where one node keeps its things. All paths are absolute; nothing is created by computing them. */
export interface NodeHome {
  /** Set when everything lives in one folder (`--home`, `PEERAGE_HOME`), null in the XDG layout. */
  root: string | null
  configDir: string
  dataDir: string
  configFile: string
  /** The secret key; apart from the configuration, mode 0600. */
  identityFile: string
  /** Which process runs this home, and where its API is. */
  runFile: string
}

/** The environment as a plain record, so that tests need not touch the process. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Finds the folders: `home` (a flag) before `PEERAGE_HOME`, else `XDG_CONFIG_HOME`/peerage and `XDG_DATA_HOME`/peerage
 * with their usual defaults. Relative XDG values are ignored, as their specification asks.
 */
export function resolveHome(home: string | undefined, env: Environment): NodeHome {
  const single = home ?? nonEmpty(env['PEERAGE_HOME'])
  if (single !== undefined) {
    const root = resolve(single)
    return layout(root, root, root)
  }
  const user = nonEmpty(env['HOME']) ?? homedir()
  const configDir = join(absolute(env['XDG_CONFIG_HOME']) ?? join(user, '.config'), 'peerage')
  const dataDir = join(absolute(env['XDG_DATA_HOME']) ?? join(user, '.local', 'share'), 'peerage')
  return layout(null, configDir, dataDir)
}

function layout(root: string | null, configDir: string, dataDir: string): NodeHome {
  return {
    root,
    configDir,
    dataDir,
    configFile: join(configDir, 'config.toml'),
    identityFile: join(dataDir, 'identity.key'),
    runFile: join(dataDir, 'run.json'),
  }
}

/** Folder of what a node keeps of one network. */
export function storeFolder({ dataDir }: Pick<NodeHome, 'dataDir'>, network: string): string {
  return join(dataDir, 'store', network.slice(0, 16))
}

/** How a command line names this home: not at all where it is the usual one. */
export function homeFlag({ root }: Pick<NodeHome, 'root'>): string {
  return root === null ? '' : ` --home ${root}`
}

/** A variable that is set to nothing counts as not set. */
export function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}

function absolute(value: string | undefined): string | undefined {
  return value !== undefined && value.startsWith('/') ? value : undefined
}
