import { networkLimits } from './limits.ts'

const checkIntervalMs = 10

export interface PeerWatchInit {
  /** Whether the peer can be reached in every way wanted. Asked again and again until it is true, for some seconds. */
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
  const waiting = new Map<string, { reportAtMs: number; giveUpAtMs: number }>()
  const reported = new Set<string>()
  let stopped = false
  let timer: NodeJS.Timeout | null = null

  const check = (): void => {
    const nowMs = performance.now()
    for (const [peer, { reportAtMs, giveUpAtMs }] of waiting) {
      const ready = init.isReady(peer)
      if (ready || nowMs >= giveUpAtMs) waiting.delete(peer)
      if (reported.has(peer) || (!ready && nowMs < reportAtMs)) continue
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
      const nowMs = performance.now()
      waiting.set(peer, { reportAtMs: nowMs + networkLimits.gossipLinkWaitMs, giveUpAtMs: nowMs + networkLimits.gossipLinkWatchMs })
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
