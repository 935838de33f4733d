import { AgentError } from '../agents/agent.ts'
import { ConfigError } from '../config/config-error.ts'

/** What the process ends with; scripts decide by it. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  config: 3,
  notRunning: 4,
  tooFewPeers: 5,
  provider: 6,
  deadline: 7,
  verification: 8,
  budget: 9,
  interrupted: 130,
} as const
export type ExitName = keyof typeof EXIT

/** A failure of a verb that says how the process ends. `hint` is the next thing to try, or empty. */
export class CliError extends Error {
  readonly exit: ExitName
  readonly hint: string
  constructor(exit: ExitName, message: string, hint = '', options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.exit = exit
    this.hint = hint
  }
}

/** The process was told to end: by a signal, by the end of its parent, or because nobody reads its output. */
export type Stop = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'parent-gone' | 'output-closed'

export class Interruption extends Error {
  readonly stop: Stop
  constructor(stop: Stop) {
    super(`interrupted (${stop})`)
    this.name = 'Interruption'
    this.stop = stop
  }
}

/** How a failed verb ends and what is said about it; `said` is empty where nothing needs to be. */
export function describeFailure(error: unknown): { exit: ExitName; said: string } {
  if (error instanceof Interruption) return { exit: 'interrupted', said: '' }
  if (error instanceof CliError) return { exit: error.exit, said: withHint(error.message, error.hint) }
  if (error instanceof ConfigError) return { exit: error.code === 'invalid-flag' ? 'usage' : 'config', said: withHint(error.message, error.hint) }
  if (error instanceof AgentError) return { exit: error.code === 'budget-refused' ? 'budget' : 'provider', said: `The agent failed (${error.code}): ${error.message}` }
  if (!(error instanceof Error)) return { exit: 'failure', said: String(error) }
  return { exit: isConfigFailure(error) ? 'config' : 'failure', said: error.message }
}

/** Told by name: to import these classes would load libp2p and the HTTP server for every verb. */
function isConfigFailure(error: Error): boolean {
  if (error.name === 'IdentityError' || error.name === 'RecordingError') return true
  return error.name === 'ApiError' && (error as Error & { code?: string }).code === 'token-required'
}

function withHint(message: string, hint: string): string {
  return hint === '' ? message : `${message}\n  ${hint}`
}
