import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { flagName, SETTINGS } from '../../config/settings.ts'
import type { FlagValues } from '../../config/resolve-config.ts'

/** Flags that choose the node to talk to, and JSON output. */
export function addNodeOptions(command: Command): Command {
  return command
    .option('--node <url>', 'API of the node to ask, such as http://127.0.0.1:4748')
    .option('--home <dir>', 'folder of the node to ask; it must be running')
    .option('--json', 'print one JSON document')
}

/** One flag for every setting that may be given when a node starts; its variable is named in the help. */
export function addSettingOptions(command: Command): Command {
  for (const { flag, help, env } of SETTINGS) command.option(flag, `${help} [${env}]`)
  return command
}

/** The settings among the parsed flags, by their path in config.toml. */
export function settingFlags(options: Readonly<Record<string, unknown>>): FlagValues {
  return Object.fromEntries(SETTINGS.map((setting) => [setting.path, options[camelCase(flagName(setting))] as FlagValues[string]]))
}

/** commander's own naming: `--http-port` becomes `httpPort`. */
function camelCase(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** An option parser for whole numbers within bounds; commander names the flag. */
export function integerWithin(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`)
    return value
  }
}

/** An option parser for a positive number of seconds. */
export function parseSeconds(text: string): number {
  const value = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (value <= 0) throw new InvalidArgumentError('It must be a number of seconds above 0.')
  return value
}
