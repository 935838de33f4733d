export interface FairQueueLimits {
  inFlightMax: number
  queuedMax: number
  queuedPerKeyMax: number
  queuedBytesMax: number
}

export interface FairQueue<T> {
  /** Runs the item now or later; false when it was refused because a bound is reached. */
  offer(key: string, sizeBytes: number, item: T): boolean
  /** Forgets everything that waits. */
  clear(): void
}

/**
 * Runs at most `inFlightMax` items at a time. Those that wait take turns by key (a peer, say), oldest first within a key:
 * a key that floods the queue delays and displaces only itself.
 *
 * @param run - must not reject
 */
export function createFairQueue<T>(limits: FairQueueLimits, run: (item: T) => Promise<void>): FairQueue<T> {
  const waiting = new Map<string, { sizeBytes: number; item: T }[]>()
  let inFlight = 0
  let queued = 0
  let queuedBytes = 0

  const start = (item: T): void => {
    inFlight++
    void run(item).then(() => {
      inFlight--
      startNext()
    })
  }

  const startNext = (): void => {
    const next = waiting.entries().next().value
    if (next === undefined || inFlight >= limits.inFlightMax) return
    const [key, items] = next
    const { sizeBytes, item } = items.shift() as { sizeBytes: number; item: T }
    waiting.delete(key)
    if (items.length > 0) waiting.set(key, items)
    queued--
    queuedBytes -= sizeBytes
    start(item)
  }

  return {
    offer(key, sizeBytes, item) {
      if (inFlight < limits.inFlightMax) {
        start(item)
        return true
      }
      const items = waiting.get(key) ?? []
      const full = queued >= limits.queuedMax || items.length >= limits.queuedPerKeyMax || queuedBytes + sizeBytes > limits.queuedBytesMax
      if (full) return false
      items.push({ sizeBytes, item })
      waiting.set(key, items)
      queued++
      queuedBytes += sizeBytes
      return true
    },

    clear() {
      waiting.clear()
      queued = 0
      queuedBytes = 0
    },
  }
}
