/** Named one-shot timers; setting a name again replaces its timer. */
export interface Timers {
  set: (name: string, ms: number) => void
  stop: () => void
}

/** Beyond it, setTimeout would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function createTimers(onFire: (name: string) => void): Timers {
  const running = new Map<string, NodeJS.Timeout>()
  return {
    set(name, ms) {
      clearTimeout(running.get(name))
      const timer = setTimeout(() => {
        running.delete(name)
        onFire(name)
      }, Math.min(ms, TIMER_MS_MAX))
      running.set(name, timer)
    },
    stop() {
      for (const timer of running.values()) clearTimeout(timer)
      running.clear()
    },
  }
}
