/** Named one-shot timers; setting a name again replaces its timer. */
export interface Timers {
  set: (name: string, ms: number) => void
  stop: () => void
}

export function createTimers(onFire: (name: string) => void): Timers {
  const running = new Map<string, NodeJS.Timeout>()
  return {
    set(name, ms) {
      clearTimeout(running.get(name))
      const timer = setTimeout(() => {
        running.delete(name)
        onFire(name)
      }, ms)
      running.set(name, timer)
    },
    stop() {
      for (const timer of running.values()) clearTimeout(timer)
      running.clear()
    },
  }
}
