import { isIPv6 } from 'node:net'

/** A bucket per client: so many requests at once, refilled steadily. */
export interface RateLimits {
  /** Requests that a client may make at once. */
  burst: number
  /** Requests per second that it may make in the long run. */
  perSecond: number
}

export interface RateLimiter {
  /** Takes one request from the client's bucket. Returns 0, or the seconds until there is one again. */
  take(client: string): number
}

/** Clients remembered at once. One that is forgotten begins with a full bucket, as does one that was quiet for long enough. */
const CLIENTS_MAX = 10_000

/** @param nowMs - a clock that never goes back */
export function createRateLimiter({ burst, perSecond }: RateLimits, nowMs: () => number = () => performance.now()): RateLimiter {
  const buckets = new Map<string, { left: number; atMs: number }>()
  return {
    take(client) {
      const atMs = nowMs()
      const held = buckets.get(client)
      const left = held === undefined ? burst : Math.min(burst, held.left + ((atMs - held.atMs) * perSecond) / 1_000)
      const taken = left >= 1 ? left - 1 : left
      // Last in the order of the map: the first one has been quiet for longest.
      buckets.delete(client)
      buckets.set(client, { left: taken, atMs })
      if (buckets.size > CLIENTS_MAX) buckets.delete(buckets.keys().next().value as string)
      return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / perSecond))
    },
  }
}

/** Whom an address counts for: itself, but of IPv6 the first 64 bits, since whoever has one such address has all others of its network. */
export function clientOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [before = [], after] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const left = Array.from({ length: after === undefined ? 0 : 8 - before.length - after.length }, () => '0')
  return `${[...before, ...left, ...(after ?? [])].slice(0, 4).join(':')}::`
}
