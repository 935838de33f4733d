/** What the host says beside its results; a pino logger fits. */
export interface NetworkLogger {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export const silentLogger: NetworkLogger = { debug: () => {}, warn: () => {} }
