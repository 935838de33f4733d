/**
 * Why a store failed; the closed set that logs and exit codes are made from.
 * `locked`: another process (or store object) has it open. `corrupt`: the bytes on disk are damaged.
 * `closed`: used after close. `io`: the disk refused.
 */
export type StoreErrorCode = 'locked' | 'corrupt' | 'closed' | 'io'

export class StoreError extends Error {
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}
