import { step, type Effect, type Event, type Machine, type Notice, type Verdict } from '../../protocol/index.ts'
import { failpoint } from '../failpoint.ts'
import type { Store } from '../store/store.ts'

/** Everything the runner's owner does for the machine, besides persisting. None of these may throw. */
export type Perform = (effect: Exclude<Effect, { type: 'persist' | 'verdict' | 'notify' }>) => void

export interface RunnerInit {
  machine: Machine
  store: Store
  perform: Perform
  onNotice: (notice: Notice) => void
  /** The store failed or the machine threw: nothing more is done, so that nothing unsaid is said. */
  onFatal: (error: unknown) => void
}

/** Feeds events to the machine and has its effects performed: first all that is to be persisted, then the rest. */
export interface Runner {
  readonly machine: Machine
  dispatch: (event: Event) => void
  /** Dispatches a gossip message and tells what the machine makes of it. */
  judge: (event: Extract<Event, { type: 'message' }>) => Promise<Verdict>
  /** Resolves when everything dispatched so far is persisted; later events are dropped. */
  stop: () => Promise<void>
}

interface Waiting {
  event: Event
  settle: ((verdict: Verdict) => void) | null
}

const DROPPED: Verdict = { verdict: 'ignore', code: 'not-valid-now' }
/** Steps that share one synced write. */
const BATCH_MAX = 256

export function createRunner({ machine, store, perform, onNotice, onFatal }: RunnerInit): Runner {
  const queue: Waiting[] = []
  let stopped = false
  let working: Promise<void> | null = null

  // An event leaves the queue once its step is done: what is left when a step throws is dropped with the rest.
  const stepBatch = (): Effect[] => {
    const effects: Effect[] = []
    for (let taken = 0; taken < BATCH_MAX && queue.length > 0; taken++) {
      const { event, settle } = queue[0] as Waiting
      const stepped = step(machine, event, performance.timeOrigin + performance.now()).effects
      queue.shift()
      settle?.(verdictIn(stepped))
      effects.push(...stepped)
    }
    return effects
  }

  const work = async (): Promise<void> => {
    await Promise.resolve()
    try {
      while (queue.length > 0) {
        const effects = stepBatch()
        const changes = effects.flatMap((effect) => (effect.type === 'persist' ? effect.changes : []))
        failpoint('before-write')
        if (changes.length > 0) await store.write(changes)
        failpoint('after-write')
        for (const effect of effects) {
          if (effect.type === 'publish' || effect.type === 'send') failpoint('between-sends')
          if (effect.type === 'notify') onNotice(effect.notice)
          else if (effect.type !== 'persist' && effect.type !== 'verdict') perform(effect)
        }
      }
    } catch (error) {
      stopped = true
      for (const { settle } of queue.splice(0)) settle?.(DROPPED)
      onFatal(error)
    } finally {
      // In the turn that found the queue empty: an event of the next turn begins anew.
      working = null
    }
  }

  const enqueue = (waiting: Waiting): void => {
    if (stopped) return waiting.settle?.(DROPPED)
    queue.push(waiting)
    working ??= work()
  }

  return {
    machine,
    dispatch: (event) => enqueue({ event, settle: null }),
    judge: (event) => new Promise((settle) => enqueue({ event, settle })),
    async stop() {
      stopped = true
      await working
    },
  }
}

function verdictIn(effects: readonly Effect[]): Verdict {
  for (const effect of effects) if (effect.type === 'verdict') return effect.verdict
  return DROPPED
}
