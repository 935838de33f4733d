import { z } from 'zod'
import type { NodeEvent, NodeService } from '../service.ts'
import { nodeEventSchema } from '../service/events.ts'

/** What every event travels in. Ids are of one run of the node; `sequence` counts its events from 1. */
export const eventEnvelopeSchema = z
  .object({ schema: z.literal('peerage.event/v1'), id: z.string(), sequence: z.int(), at: z.iso.datetime(), event: nodeEventSchema })
  .meta({ id: 'EventEnvelope' })
export type EventEnvelope = z.infer<typeof eventEnvelopeSchema>

/** Says that events between two ids are not kept any more, or were before the node was started again. */
export const gapSchema = z
  .object({ schema: z.literal('peerage.gap/v1'), id: z.string(), reason: z.enum(['too-old', 'restarted', 'unknown-id']) })
  .meta({ id: 'EventGap', description: 'events after the id that was asked for are missing: read what matters anew' })
export type EventGap = z.infer<typeof gapSchema>

/** An envelope as it is sent. */
export interface LoggedEvent {
  sequence: number
  event: NodeEvent
  id: string
  data: string
}

export interface EventLog {
  /** The events after an id that are still here, and whether some are missing. */
  since(id: string): { gap: EventGap | null; events: LoggedEvent[] }
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: LoggedEvent) => void): () => void
  close(): void
}

/** So many of the last events are kept, and so many characters of them. */
const EVENTS_MAX = 4_096
const CHARACTERS_MAX = 4_194_304

/** Numbers the events of a service and keeps the last ones, for readers that come back. */
export function createEventLog(service: Pick<NodeService, 'subscribe'>): EventLog {
  const run = Date.now().toString(36)
  const listeners = new Set<(event: LoggedEvent) => void>()
  const kept: LoggedEvent[] = []
  let sequence = 0
  let characters = 0
  const idOf = (number: number): string => `${run}-${number}`
  const unsubscribe = service.subscribe((event) => {
    const id = idOf(++sequence)
    const envelope: EventEnvelope = { schema: 'peerage.event/v1', id, sequence, at: new Date().toISOString(), event }
    const logged = { sequence, event, id, data: JSON.stringify(envelope) }
    kept.push(logged)
    characters += logged.data.length
    while (kept.length > EVENTS_MAX || characters > CHARACTERS_MAX) characters -= (kept.shift() as LoggedEvent).data.length
    for (const listener of listeners) listener(logged)
  })
  const gapFor = (reason: EventGap['reason']): EventGap => ({ schema: 'peerage.gap/v1', id: idOf((kept[0]?.sequence ?? sequence + 1) - 1), reason })
  return {
    since(id) {
      const found = /^([0-9a-z]+)-(\d{1,15})$/.exec(id)
      const number = found?.[1] === run ? Number(found[2]) : null
      if (number === null) return { gap: gapFor(found === null ? 'unknown-id' : 'restarted'), events: [...kept] }
      if (number > sequence) return { gap: gapFor('unknown-id'), events: [...kept] }
      const events = kept.filter((event) => event.sequence > number)
      const isWhole = events.length === sequence - number
      return { gap: isWhole ? null : gapFor('too-old'), events }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: unsubscribe,
  }
}
