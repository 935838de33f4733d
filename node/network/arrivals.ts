import { networkLimits } from './limits.ts'

export interface Arrivals {
  /** A socket was accepted; nobody knows yet who is there. */
  accepted(): void
  /** An inbound connection is open. */
  opened(): void
  /** Whether connections keep coming in: one of the next may be from a peer we are about to dial. */
  keepComing(): boolean
}

/** Follows the inbound connections from accept to open. Those that never open are forgotten after a while. */
export function createArrivals(nowMs: () => number): Arrivals {
  let acceptedAtMs: number[] = []
  let openedAtMs = -Infinity
  return {
    accepted: () => void acceptedAtMs.push(nowMs()),
    opened() {
      acceptedAtMs.shift()
      openedAtMs = nowMs()
    },
    keepComing() {
      acceptedAtMs = acceptedAtMs.filter((atMs) => nowMs() - atMs < networkLimits.yieldDialMsMax)
      return acceptedAtMs.length > 0 || nowMs() - openedAtMs < networkLimits.arrivalsQuietMs
    },
  }
}
