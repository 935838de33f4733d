import { networkLimits } from './limits.ts'

export interface Arrivals {
  /** A socket was accepted; nobody knows yet who is there. */
  accepted(): void
  /** An inbound connection is open. */
  opened(): void
  /** Whether somebody accepted lately may still turn out to be a peer we are about to dial. */
  arePending(): boolean
}

/** Counts the inbound connections between accept and open. Those that never open are forgotten after a while. */
export function createArrivals(nowMs: () => number): Arrivals {
  let acceptedAtMs: number[] = []
  return {
    accepted: () => void acceptedAtMs.push(nowMs()),
    opened: () => void acceptedAtMs.shift(),
    arePending() {
      acceptedAtMs = acceptedAtMs.filter((atMs) => nowMs() - atMs < networkLimits.yieldDialMsMax)
      return acceptedAtMs.length > 0
    },
  }
}
