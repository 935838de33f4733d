import { networkLimits } from './limits.ts'

const tickMs = 500

export interface LivenessInit {
  peers(): string[]
  /** Resolves to the round trip in milliseconds; rejects after `pingTimeoutMs`. */
  ping(peer: string): Promise<number>
  hasGossipStream(peer: string): boolean
  /** Closes every connection to the peer at once. */
  abort(peer: string, reason: string): void
  /** A number in [0, 1). */
  random(): number
}

export interface Liveness {
  latencyMs(peer: string): number | null
  /** Measures one peer now. */
  measure(peer: string): void
  forget(peer: string): void
  stop(): void
}

interface Health {
  latencyMs: number | null
  failedPings: number
  deafChecks: number
  nextCheckMs: number
}

/**
 * Finds links that look open but are dead: a peer that left without a word (no single lost ping condemns it, a stalled
 * process is not a dead one), and a connection on which gossip broke, which gossipsub does not mend by itself.
 */
export function createLiveness(init: LivenessInit): Liveness {
  const health = new Map<string, Health>()
  // Spread out: all peers at once would stall the process.
  const nextDelayMs = (): number => networkLimits.pingIntervalMs * (0.75 + init.random() / 2)
  const healthOf = (peer: string): Health => {
    const found = health.get(peer) ?? { latencyMs: null, failedPings: 0, deafChecks: 0, nextCheckMs: performance.now() + nextDelayMs() }
    health.set(peer, found)
    return found
  }

  const measure = async (peer: string): Promise<void> => {
    const state = healthOf(peer)
    try {
      state.latencyMs = await init.ping(peer)
      state.failedPings = 0
    } catch {
      state.failedPings++
      if (health.get(peer) === state && state.failedPings >= networkLimits.pingFailuresMax) init.abort(peer, 'no answer to pings')
    }
  }

  const checkGossip = (peer: string): void => {
    const state = healthOf(peer)
    state.deafChecks = init.hasGossipStream(peer) ? 0 : state.deafChecks + 1
    if (state.deafChecks >= 2) init.abort(peer, 'no gossip stream')
  }

  const timer = setInterval(() => {
    const nowMs = performance.now()
    for (const peer of init.peers()) {
      const state = healthOf(peer)
      if (nowMs < state.nextCheckMs) continue
      state.nextCheckMs = nowMs + nextDelayMs()
      void measure(peer)
      checkGossip(peer)
    }
  }, tickMs)

  return {
    latencyMs: (peer) => health.get(peer)?.latencyMs ?? null,
    measure: (peer) => void measure(peer),
    forget: (peer) => void health.delete(peer),
    stop() {
      clearInterval(timer)
      health.clear()
    },
  }
}
