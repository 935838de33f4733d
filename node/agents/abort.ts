import { setTimeout as sleepFor } from 'node:timers/promises'

/** Waits; rejects with the signal's own reason when it aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await sleepFor(ms, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error
  })
}

/** Calls `onAbort` when the signal aborts, at once if it has; the returned function takes that back. */
export function listenForAbort(signal: AbortSignal, onAbort: (reason: unknown) => void): () => void {
  if (signal.aborted) onAbort(signal.reason)
  const listener = (): void => {
    onAbort(signal.reason)
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => {
    signal.removeEventListener('abort', listener)
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. The promise itself goes on. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = listenForAbort(signal, reject)
    promise.then(resolve, reject).finally(stop)
  })
}
