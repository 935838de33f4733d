export interface Turnstile {
  /** Resolves to the function that gives the place back. Rejects when too many wait or with the signal's reason. */
  enter(key: string, signal: AbortSignal): Promise<() => void>
}

/** Lets at most `insideMax` in at a time for each key; up to `waitingMax` more wait their turn, first come first served. */
export function createTurnstile(insideMax: number, waitingMax: number): Turnstile {
  const gates = new Map<string, { inside: number; waiting: Set<() => void> }>()

  const leave = (key: string): void => {
    const gate = gates.get(key)
    if (gate === undefined) return
    const [next] = gate.waiting
    if (next !== undefined) {
      gate.waiting.delete(next)
      return next()
    }
    gate.inside--
    if (gate.inside === 0) gates.delete(key)
  }

  return {
    async enter(key, signal) {
      signal.throwIfAborted()
      const gate = gates.get(key) ?? { inside: 0, waiting: new Set() }
      gates.set(key, gate)
      if (gate.inside < insideMax) {
        gate.inside++
        return () => leave(key)
      }
      if (gate.waiting.size >= waitingMax) throw new Error('too many requests wait for this peer')
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          gate.waiting.delete(enter)
          reject(signal.reason)
        }
        const enter = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
        gate.waiting.add(enter)
        signal.addEventListener('abort', onAbort, { once: true })
      })
      return () => leave(key)
    },
  }
}
