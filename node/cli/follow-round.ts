import type { NodeEvent, RoundDetail } from '../service.ts'
import type { NodeClient } from './client.ts'
import { pause } from './pause.ts'

export interface FollowOptions {
  signal: AbortSignal
  /** How long to follow before giving up. */
  timeoutMs: number
  /** Sees the round's events in order, also those from before its id was known. */
  onEvent?: (event: NodeEvent) => void
  /** Sees the round whenever it was looked at. */
  onRound?: (round: RoundDetail) => void
}

export interface Follower {
  /**
   * Resolves with the round once it is closed, or as it stands at the timeout. Rejects with the client's errors
   * and the signal's reason.
   */
  follow(round: string): Promise<RoundDetail>
  close(): void
}

/** Events only hasten the next look: a round is followed to its end even where none arrive. */
const LOOK_MS = 1_000
const BUFFERED_EVENTS_MAX = 1_000

/** Starts to listen before a round is opened, so that nothing of it is missed. Rejects with the client's errors. */
export async function createFollower(client: NodeClient, options: FollowOptions): Promise<Follower> {
  const subscription = new AbortController()
  const early: NodeEvent[] = []
  let round: string | null = null
  let wake = (): void => {}
  const accept = (event: NodeEvent): void => {
    if (!('round' in event) || event.round !== round) return
    options.onEvent?.(event)
    wake()
  }
  await client.subscribe((event) => {
    if (round !== null) accept(event)
    else if (early.length < BUFFERED_EVENTS_MAX) early.push(event)
  }, AbortSignal.any([options.signal, subscription.signal]))

  return {
    async follow(id) {
      round = id
      early.splice(0).forEach(accept)
      const deadline = performance.now() + options.timeoutMs
      for (;;) {
        const woken = new Promise<void>((resolve) => (wake = resolve))
        const detail = await client.get<RoundDetail>(`rounds/${encodeURIComponent(id)}`)
        options.onRound?.(detail)
        const left = deadline - performance.now()
        if (detail.status === 'closed' || left <= 0) return detail
        await Promise.race([woken, pause(Math.min(left, LOOK_MS), options.signal)])
      }
    },
    close: () => subscription.abort(),
  }
}
