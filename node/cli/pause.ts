import { setTimeout as sleep } from 'node:timers/promises'

/** Sleeps; rejects with the signal's own reason, at once, when that is or becomes aborted. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal }).catch(() => {})
  signal.throwIfAborted()
}
