import type { Environment } from '../config/home.ts'
import type { StartNode } from '../service.ts'

/** Set by a parent that watches over this process: the re-executing `bin.js`, or the demo over its nodes. */
export const PARENT_VARIABLE = 'PEERAGE_PARENT'

/** All that a verb touches of the process, so that verbs run in tests as they run in a shell. */
export interface Context {
  env: Environment
  /** The result goes to `out`, progress and complaints to `err`; neither adds a newline. */
  out(text: string): void
  err(text: string): void
  /** Whether a person watches stdout: a terminal, and not in CI. */
  interactive: boolean
  colour: boolean
  columns: number
  /** Aborted with an Interruption when the process is told to end. */
  signal: AbortSignal
  startNode: StartNode
  /** The program and first arguments that run this command line in a process of its own. */
  selfCommand: readonly [string, ...string[]]
}

/** Prints one JSON document of that schema on a line of its own; a schema among the fields gives way. */
export function printJson(context: Context, schema: string, fields: object): void {
  context.out(`${JSON.stringify(Object.assign({ schema }, fields, { schema }))}\n`)
}

/** Prints one line of progress. */
export function note(context: Context, line: string): void {
  context.err(`${line}\n`)
}
