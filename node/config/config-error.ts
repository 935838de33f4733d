export type ConfigErrorCode = 'missing' | 'unreadable' | 'syntax' | 'invalid' | 'invalid-flag'

/** A configuration, identity or genesis that is missing or invalid. The message names the file, and the field where there is one. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode
  readonly source: string
  readonly field: string | null
  /** What to do about it, as a sentence; empty where there is nothing to add. */
  readonly hint: string
  constructor(code: ConfigErrorCode, source: string, message: string, details: { field?: string; hint?: string; cause?: unknown } = {}) {
    super(details.field === undefined ? `${source}: ${message}` : `${source}: ${details.field}: ${message}`, { cause: details.cause })
    this.name = 'ConfigError'
    this.code = code
    this.source = source
    this.field = details.field ?? null
    this.hint = details.hint ?? ''
  }
}
