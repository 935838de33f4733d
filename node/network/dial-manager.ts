import { networkLimits } from './limits.ts'

/** What the dial manager needs from its host. */
export interface DialManagerInit {
  ownId: string
  /** Dials once; resolves to the id of the peer found there. */
  dial(address: string): Promise<string>
  isConnected(peer: string): boolean
  /** Whether inbound connections keep coming in. */
  doArrivalsKeepComing(): boolean
  /** A number in [0, 1). */
  random(): number
  nowMs(): number
  onFailure(address: string, error: unknown, retryMs: number): void
}

export interface DialManager {
  /** Dials now, and again whenever the peer there is lost. `peer`: the id in the address, where it has one. */
  keep(address: string, peer: string | null): void
  peerConnected(peer: string): void
  peerDisconnected(peer: string): void
  stop(): void
}

interface KeptAddress {
  readonly address: string
  peer: string | null
  failures: number
  connectedAtMs: number
  waitingSinceMs: number
  dialling: boolean
  timer: NodeJS.Timeout | null
}

/** Keeps connections to given addresses: one attempt at a time for each, with backoff and jitter. */
export function createDialManager(init: DialManagerInit): DialManager {
  const kept = new Map<string, KeptAddress>()
  let stopped = false

  const schedule = (entry: KeptAddress, delayMs: number): void => {
    if (stopped || entry.timer !== null || entry.dialling) return
    entry.timer = setTimeout(() => {
      entry.timer = null
      void attempt(entry)
    }, delayMs)
  }

  const attempt = async (entry: KeptAddress): Promise<void> => {
    if (entry.peer !== null && init.isConnected(entry.peer)) return
    const yieldsMore = yieldMs(entry.peer) > 0 && init.doArrivalsKeepComing() && init.nowMs() - entry.waitingSinceMs < networkLimits.yieldDialMsMax
    if (yieldsMore) return schedule(entry, networkLimits.yieldDialMs)
    entry.dialling = true
    try {
      entry.peer = await init.dial(entry.address)
      entry.connectedAtMs = init.nowMs()
      entry.dialling = false
      // Lost again while the dial was reported: nobody else will notice.
      if (!init.isConnected(entry.peer)) retry(entry)
    } catch (error) {
      entry.dialling = false
      const delayMs = retry(entry)
      if (!stopped) init.onFailure(entry.address, error, delayMs)
    }
  }

  /** Half of the delay is fixed, half is chance, so that nodes that lost each other at once do not return at once. */
  const retry = (entry: KeptAddress): number => {
    const ceilingMs = Math.min(networkLimits.redialMsMax, networkLimits.redialMsMin * 2 ** entry.failures)
    const delayMs = Math.round(ceilingMs * (0.5 + init.random() / 2)) + yieldMs(entry.peer)
    entry.failures++
    entry.waitingSinceMs = init.nowMs()
    schedule(entry, delayMs)
    return delayMs
  }

  const yieldMs = (peer: string | null): number => (peer !== null && init.ownId > peer ? networkLimits.yieldDialMs : 0)

  const entriesOf = (peer: string): KeptAddress[] => [...kept.values()].filter((entry) => entry.peer === peer)

  return {
    keep(address, peer) {
      if (stopped || kept.has(address) || peer === init.ownId || kept.size >= networkLimits.keptAddressesMax) return
      const entry: KeptAddress = { address, peer, failures: 0, connectedAtMs: 0, waitingSinceMs: init.nowMs(), dialling: false, timer: null }
      kept.set(address, entry)
      schedule(entry, yieldMs(peer))
    },

    peerConnected(peer) {
      for (const entry of entriesOf(peer)) entry.connectedAtMs = init.nowMs()
    },

    peerDisconnected(peer) {
      for (const entry of entriesOf(peer)) {
        if (init.nowMs() - entry.connectedAtMs >= networkLimits.stableConnectionMs) entry.failures = 0
        if (entry.timer === null && !entry.dialling) retry(entry)
      }
    },

    stop() {
      stopped = true
      for (const { timer } of kept.values()) if (timer !== null) clearTimeout(timer)
      kept.clear()
    },
  }
}
