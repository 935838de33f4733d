import type { NodeEvent, NodeService } from '../service.ts'
import { RequestError } from './problem.ts'

/** What every event travels in; `sequence` counts the events of one stream from 1, so that a gap shows. */
export interface EventEnvelope {
  schema: 'peerage.event/v1'
  sequence: number
  event: NodeEvent
}

export interface EventStreams {
  /** Opens a stream of server-sent events that begins with the events after this call. Throws RequestError `too-many-streams`. */
  open(): ReadableStream<Uint8Array>
  /** Ends all streams. */
  close(): void
}

/** So many streams at once, and so many chunks waiting in one: a reader that falls behind further is cut off. */
const STREAMS_MAX = 64
const WAITING_CHUNKS_MAX = 1_000

/**
 * Turns the service's events into server-sent events. No `id:` lines, and keep-alive comments end with a single newline:
 * common clients stumble over both. The subscription ends with the stream, whoever ends it.
 */
export function createEventStreams(service: NodeService, keepAliveMs: number): EventStreams {
  const open = new Set<() => void>()
  const encoder = new TextEncoder()

  const start = (controller: ReadableStreamDefaultController<Uint8Array>): (() => void) => {
    let sequence = 0
    const send = (text: string): void => {
      if ((controller.desiredSize ?? 0) < -WAITING_CHUNKS_MAX) return end()
      controller.enqueue(encoder.encode(text))
    }
    const unsubscribe = service.subscribe((event) => send(formatEvent({ schema: 'peerage.event/v1', sequence: ++sequence, event })))
    const keepAlive = setInterval(() => send(': keep-alive\n'), keepAliveMs)
    const detach = (): void => {
      clearInterval(keepAlive)
      unsubscribe()
      open.delete(end)
    }
    const end = (): void => {
      detach()
      controller.close()
    }
    open.add(end)
    send(': open\n')
    return detach
  }

  return {
    open() {
      if (open.size >= STREAMS_MAX) throw new RequestError('too-many-streams', `${STREAMS_MAX} event streams are open already.`)
      let detach: (() => void) | undefined
      return new ReadableStream<Uint8Array>({
        start(controller) {
          detach = start(controller)
        },
        cancel: () => detach?.(),
      })
    },
    close() {
      for (const end of [...open]) end()
    },
  }
}

function formatEvent(envelope: EventEnvelope): string {
  return `event: ${envelope.event.type}\ndata: ${JSON.stringify(envelope)}\n\n`
}
