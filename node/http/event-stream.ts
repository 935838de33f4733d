import type { NodeEvent } from '../service.ts'
import type { EventLog, LoggedEvent } from './event-log.ts'
import { RequestError } from './problem.ts'

export interface EventFilter {
  /** Only events of this round. */
  round?: string | undefined
  types?: readonly string[] | undefined
}

export interface EventStreams {
  /** Opens a stream of server-sent events: those after `after` that are still known, then those to come. Throws RequestError `too-many-streams`. */
  open(filter?: EventFilter, after?: string): ReadableStream<Uint8Array>
  count(): number
  /** Ends all streams. */
  close(): void
}

/** So many streams at once, and so many chunks waiting in one: a reader that falls behind further is cut off, and may come back with the last id it has. */
const STREAMS_MAX = 64
const WAITING_CHUNKS_MAX = 1_000
/** Milliseconds after which a reader that lost its connection should come back. */
const RETRY_MS = 1_000

/**
 * Turns logged events into server-sent events with ids, so that a reader may resume. Comments end with a single newline, since common
 * clients take a blank line for an event. The subscription ends with the stream, whoever ends it.
 */
export function createEventStreams(log: EventLog, keepAliveMs: number): EventStreams {
  const open = new Set<() => void>()
  const encoder = new TextEncoder()

  const start = (controller: ReadableStreamDefaultController<Uint8Array>, filter: EventFilter, after: string | undefined): (() => void) => {
    const send = (text: string): void => {
      if ((controller.desiredSize ?? 0) < -WAITING_CHUNKS_MAX) return end()
      controller.enqueue(encoder.encode(text))
    }
    const show = (event: LoggedEvent): void => {
      if (matches(filter, event.event)) send(formatEvent(event.event.type, event.id, event.data))
    }
    const unsubscribe = log.subscribe(show)
    const keepAlive = setInterval(() => send(': keep-alive\n'), keepAliveMs)
    const detach = (): void => {
      clearInterval(keepAlive)
      unsubscribe()
      open.delete(end)
    }
    const end = (): void => {
      if (!open.has(end)) return
      detach()
      controller.close()
    }
    open.add(end)
    const { gap, events } = after === undefined ? { gap: null, events: [] } : log.since(after)
    // What is missed is one chunk, however much it is.
    const missed = events.filter(({ event }) => matches(filter, event)).map(({ event, id, data }) => formatEvent(event.type, id, data))
    send(`retry: ${RETRY_MS}\n: open\n${gap === null ? '' : formatEvent('gap', gap.id, JSON.stringify(gap))}${missed.join('')}`)
    return detach
  }

  return {
    open(filter = {}, after) {
      if (open.size >= STREAMS_MAX) throw new RequestError('too-many-streams', `${STREAMS_MAX} event streams are open already.`)
      let detach: (() => void) | undefined
      return new ReadableStream<Uint8Array>({
        start(controller) {
          detach = start(controller, filter, after)
        },
        cancel: () => detach?.(),
      })
    },
    count: () => open.size,
    close() {
      for (const end of [...open]) end()
    },
  }
}

function matches({ round, types }: EventFilter, event: NodeEvent): boolean {
  if (types !== undefined && !types.includes(event.type)) return false
  return round === undefined || ('round' in event && event.round === round)
}

function formatEvent(type: string, id: string, data: string): string {
  return `event: ${type}\nid: ${id}\ndata: ${data}\n\n`
}
