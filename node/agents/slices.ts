import { setImmediate as nextTurn } from 'node:timers/promises'

/** Long computation in slices: it yields every millisecond or so and returns its result at the end. */
export type Slices<T> = Generator<void, T, void>

/** How long the event loop may be held before others get their turn. */
const turnMs = 8

/** Runs sliced work to its end without holding the event loop. Rejects with the signal's reason soon after it aborts. */
export async function runSlices<T>(work: Slices<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let turnStart = performance.now()
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - turnStart < turnMs) continue
    await nextTurn()
    signal.throwIfAborted()
    turnStart = performance.now()
  }
}
