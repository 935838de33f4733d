/** What is known of a provider's health: whether to call it, and if not, why. */
export interface Breaker {
  /** Null while it is called; else why it is not. */
  readonly trouble: Trouble | null
  /** A call has succeeded. */
  succeed(): void
  /** A call has failed for a reason that concerns the next ones. */
  fail(kind: Trouble['kind'], message: string, retryAfterMs: number): void
  close(): void
}

export interface Trouble {
  kind: 'down' | 'refusing' | 'rate-limited'
  message: string
}

export interface BreakerInit {
  /** Looks whether the trouble is over, at no cost. Must not reject. */
  probe: (kind: Exclude<Trouble['kind'], 'rate-limited'>) => Promise<boolean>
  /** First pause before it is looked at again; doubles up to `pauseMsMax` until a call succeeds. */
  pauseMs: number
  pauseMsMax: number
}

/** However long a provider asks to be left alone, this is longest. */
const RETRY_AFTER_MS_MAX = 3_600_000

/**
 * After a failure a provider is left alone. One that is down or refuses is probed after a pause and called again once a probe succeeds; one that
 * limits its rate is called again after the pause that it asked for, within an hour.
 */
export function createBreaker({ probe, pauseMs, pauseMsMax }: BreakerInit): Breaker {
  let trouble: Trouble | null = null
  let failures = 0
  let timer: NodeJS.Timeout | null = null

  const lookAgain = (leastMs: number): void => {
    if (timer !== null) clearTimeout(timer)
    const pause = Math.min(pauseMs * 2 ** failures++, pauseMsMax)
    const started = setTimeout(() => void look(started), Math.max(pause, Math.min(leastMs, RETRY_AFTER_MS_MAX)))
    timer = started.unref()
  }
  const look = async (started: NodeJS.Timeout): Promise<void> => {
    const isBack = trouble === null || trouble.kind === 'rate-limited' || (await probe(trouble.kind))
    if (timer !== started) return
    if (isBack) trouble = null
    else lookAgain(0)
  }

  return {
    get trouble() {
      return trouble
    },
    succeed() {
      failures = 0
      if (timer !== null) clearTimeout(timer)
      timer = null
      trouble = null
    },
    fail(kind, message, retryAfterMs) {
      const isNew = trouble === null
      trouble = { kind, message }
      if (isNew) lookAgain(retryAfterMs)
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}
