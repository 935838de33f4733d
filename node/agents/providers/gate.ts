import { listenForAbort } from '../abort.ts'
import { AgentError } from '../agent.ts'

/** Lets a bounded number of calls through at a time; others wait in line, and beyond the line's length are turned away. */
export interface Gate {
  /** Waits for a place; the returned function gives it back. What is urgent goes before what is not. Rejects with AgentError `busy`, or the signal's reason. */
  enter(signal: AbortSignal, isUrgent: boolean): Promise<() => void>
  readonly running: number
  readonly waiting: number
}

interface Waiting {
  isUrgent: boolean
  admit: () => void
}

export function createGate({ concurrency, waitingMax }: { concurrency: number; waitingMax: number }): Gate {
  const line: Waiting[] = []
  let running = 0

  const leaveOnce = (): (() => void) => {
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      running--
      line.shift()?.admit()
    }
  }

  return {
    get running() {
      return running
    },
    get waiting() {
      return line.length
    },
    async enter(signal, isUrgent) {
      signal.throwIfAborted()
      if (running < concurrency) {
        running++
        return leaveOnce()
      }
      if (line.length >= waitingMax) throw new AgentError('busy', `${running} calls are under way and ${line.length} wait`)
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      const entry: Waiting = {
        isUrgent,
        admit() {
          stop()
          running++
          resolve(leaveOnce())
        },
      }
      const behind = isUrgent ? line.findIndex((other) => !other.isUrgent) : -1
      line.splice(behind < 0 ? line.length : behind, 0, entry)
      const stop = listenForAbort(signal, (reason) => {
        line.splice(line.indexOf(entry), 1)
        reject(reason)
      })
      return promise
    },
  }
}
