import { listenForAbort } from '../../agents/abort.ts'

const encoder = new TextEncoder()
/** A single newline: after a second one some clients take the comment for an event, and an empty one at that. */
const KEEP_ALIVE = encoder.encode(': keep-alive\n')

/** One server-sent event. No `id:` line: once they have seen one, some clients take every blank line for an event. */
export function writeEvent(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

export interface EventBodyOptions {
  /** How long it may be silent before a comment shows that it is alive. */
  keepAliveMs: number
  /** Called once when the reader has gone before the end. */
  onCancel: () => void
}

/**
 * A response body made of events that come one by one, never faster than they are read. Never fails: `events` has to end with
 * whatever there is to say of a failure.
 */
export function eventBody(events: AsyncIterable<string>, { keepAliveMs, onCancel }: EventBodyOptions): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<string, unknown>> | null = null
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= iterator.next()
        const result = await withinTime(pending, keepAliveMs)
        if (result === null) return controller.enqueue(KEEP_ALIVE)
        pending = null
        if (result.done === true) controller.close()
        else controller.enqueue(encoder.encode(result.value))
      },
      cancel() {
        onCancel()
        // What is under way ends by the abort; nobody is left to hear of it.
        pending?.catch(() => undefined)
        iterator.return?.().catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

/** The promise's outcome, or null where it takes longer. */
function withinTime<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(resolve, ms, null)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/**
 * Waits for the first item, so that a failure before it can still be told by the status, but no longer than `ms`. When the signal
 * aborts the items end, also if nobody has begun to read them.
 */
export async function startEarly<T>(items: AsyncIterable<T>, ms: number, signal: AbortSignal): Promise<AsyncIterable<T>> {
  const iterator = items[Symbol.asyncIterator]()
  const first = iterator.next()
  listenForAbort(signal, () => void iterator.return?.().catch(() => undefined))
  await withinTime(first, ms)
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (let result = await first; result.done !== true; result = await iterator.next()) yield result.value
      } finally {
        await iterator.return?.()
      }
    },
  }
}

/** A controller that aborts with the signal, and by itself. */
export function linkedController(signal: AbortSignal): AbortController {
  const controller = new AbortController()
  listenForAbort(signal, (reason) => controller.abort(reason))
  return controller
}
