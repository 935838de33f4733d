import { sleep } from '../agents/abort.ts'
import { ServiceError } from '../service.ts'
import type { NodeEvent, NodeService, RoundDetail } from '../service.ts'

export interface FollowOptions {
  /** Ends the following, not the round: rejects with the signal's reason. */
  signal: AbortSignal
  /** How long to follow before giving up. */
  timeoutMs: number
  /** When to stop before the round is closed: as soon as this holds of it. */
  until?: (round: RoundDetail) => boolean
}

/** What there is to see of a round since the last look: the round as it stands, and its events in between. */
export interface RoundLook {
  round: RoundDetail
  events: NodeEvent[]
}

/** Events only hasten the next look: a round is followed to its end even where none arrive. */
const LOOK_MS = 1_000
const EVENTS_MAX = 1_000

/**
 * Looks at a round again and again until it is closed, `until` holds or the time is up; the last look is the final one.
 * Rejects with ServiceError `unknown-round`, or with the signal's reason.
 */
export async function* watchRound(service: Pick<NodeService, 'round' | 'subscribe'>, id: string, options: FollowOptions): AsyncGenerator<RoundLook, void, void> {
  const { signal, timeoutMs, until = () => false } = options
  const deadline = performance.now() + timeoutMs
  let events: NodeEvent[] = []
  let wake = (): void => undefined
  const unsubscribe = service.subscribe((event) => {
    if (!('round' in event) || event.round !== id) return
    if (events.length < EVENTS_MAX) events.push(event)
    wake()
  })
  try {
    for (;;) {
      signal.throwIfAborted()
      const woken = new Promise<void>((resolve) => (wake = resolve))
      const seen = events
      events = []
      const round = await service.round(id)
      if (round === null) throw new ServiceError('unknown-round', `This node knows no round ${id.slice(0, 128)}.`)
      yield { round, events: seen }
      const leftMs = deadline - performance.now()
      if (round.status === 'closed' || leftMs <= 0 || until(round)) return
      await pause(woken, Math.min(leftMs, LOOK_MS), signal)
    }
  } finally {
    unsubscribe()
  }
}

/** Resolves with the round once it is closed or `until` holds, or as it stands when the time is up. Rejects as `watchRound` does. */
export async function followRound(service: Pick<NodeService, 'round' | 'subscribe'>, id: string, options: FollowOptions): Promise<RoundDetail> {
  let last: RoundDetail | undefined
  for await (const { round } of watchRound(service, id, options)) last = round
  // The first look finds the round or throws.
  return last as RoundDetail
}

async function pause(woken: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  await Promise.race([woken, sleep(ms, AbortSignal.any([signal, over.signal]))]).finally(() => over.abort())
}
