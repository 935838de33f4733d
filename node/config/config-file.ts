import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse, stringify, TomlError } from 'smol-toml'
import type { TomlTable } from 'smol-toml'
import { ConfigError } from './config-error.ts'
import { homeFlag, type NodeHome } from './home.ts'

/** Reads config.toml as a plain table, unchecked. Rejects with ConfigError `missing`, `unreadable` or `syntax` (with line and column). */
export async function readConfigFile(home: Pick<NodeHome, 'configFile' | 'root'>): Promise<Record<string, unknown>> {
  return parseToml(await readText(home.configFile, 'configuration', `Create one with: peerage init${homeFlag(home)}`), home.configFile)
}

/** Reads a text file that the configuration needs. Rejects with ConfigError. */
export async function readText(file: string, what: string, hint = ''): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new ConfigError('missing', file, `there is no ${what}`, { hint, cause })
    throw new ConfigError('unreadable', file, `the ${what} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** The table that a text holds, unchecked. Throws ConfigError `syntax`. */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const reason = cause.message.split('\n')[0] ?? 'invalid TOML'
    throw new ConfigError('syntax', file, `line ${cause.line}, column ${cause.column}: ${reason}`, { cause })
  }
}

/** A table as TOML text under a line that says where the fields are explained. Fields that are undefined are left out. */
export function formatConfig(table: Readonly<Record<string, unknown>>): string {
  return `# A Peerage node. Flags and environment variables that override this file: peerage start --help\n\n${stringify(JSON.parse(JSON.stringify(table)) as TomlTable)}`
}

/** Writes a file in one step, so that a crash leaves the old one or the new one; makes its folder. */
export async function writeFileWhole(file: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  const handle = await open(temporary, 'w', mode)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}

/**
 * Sets `network.bootstrap` in the text of a config.toml. Comments stay where the field, or the head of its table, is a line
 * of its own; otherwise the file is written anew.
 */
export function withBootstrap(text: string, file: string, bootstrap: readonly string[]): string {
  const table = parseToml(text, file)
  const wanted = { ...table, network: { ...(table['network'] as TomlTable | undefined), bootstrap: [...bootstrap] } }
  const line = `bootstrap = ${JSON.stringify(bootstrap)}`
  const candidates = [
    text.replace(/^bootstrap\s*=.*$/m, () => line),
    text.replace(/^\[network\][ \t]*(?:#.*)?$/m, (head) => `${head}\n${line}`),
    `${text.trimEnd()}\n\n[network]\n${line}\n`,
  ]
  return candidates.find((candidate) => means(candidate, wanted)) ?? formatConfig(wanted)
}

/** Whether a text holds that table. */
export function means(text: string, table: Readonly<Record<string, unknown>>): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(JSON.stringify(parse(text))), JSON.parse(JSON.stringify(table)))
  } catch {
    return false
  }
}
