import { networkLimits } from './limits.ts'

const checkIntervalMs = 10

export interface PeerWatchInit {
  /** Whether the peer can be reached in every way wanted. */
  isReady(peer: string): boolean
  onConnected(peer: string): void
  onDisconnected(peer: string): void
}

export interface PeerWatch {
  opened(peer: string): void
  closed(peer: string): void
  /** Reports nothing any more. */
  stop(): void
}

/**
 * Reports each peer once, however many connections it has: as connected when it is ready (so that what is said to it at
 * once arrives), at the latest `gossipLinkWaitMs` after its first connection; as disconnected only after that report.
 */
export function createPeerWatch(init: PeerWatchInit): PeerWatch {
  const waiting = new Map<string, number>()
  const reported = new Set<string>()
  let stopped = false
  let timer: NodeJS.Timeout | null = null

  const check = (): void => {
    for (const [peer, deadlineMs] of waiting) {
      if (!init.isReady(peer) && performance.now() < deadlineMs) continue
      waiting.delete(peer)
      reported.add(peer)
      init.onConnected(peer)
    }
    if (waiting.size > 0) timer ??= setInterval(check, checkIntervalMs)
    else rest()
  }

  const rest = (): void => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }

  return {
    opened(peer) {
      if (stopped || reported.has(peer) || waiting.has(peer)) return
      waiting.set(peer, performance.now() + networkLimits.gossipLinkWaitMs)
      check()
    },
    closed(peer) {
      waiting.delete(peer)
      if (reported.delete(peer)) init.onDisconnected(peer)
    },
    stop() {
      stopped = true
      waiting.clear()
      reported.clear()
      rest()
    },
  }
}
