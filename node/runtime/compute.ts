import { Piscina } from 'piscina'
import type { Body, Effect, Event, RankedRound, RoundResult, Rules } from '../../protocol/index.ts'
import type { ComputeRequest } from './compute-worker.ts'

type Compute = Extract<Effect, { type: 'compute' }>

/** Ranking and credit off the main thread, one job at a time. */
export interface Computing {
  start: (effect: Compute) => void
  stop: () => Promise<void>
}

export function createComputing(init: {
  rules: Rules
  self: string
  dispatch: (event: Event) => void
  onError: (error: unknown, round: string) => void
}): Computing {
  const { rules, self, dispatch, onError } = init
  const pool = new Piscina<ComputeRequest>({ filename: new URL('./compute-worker.ts', import.meta.url).href, minThreads: 1, maxThreads: 1 })
  let stopped = false
  const run = async ({ job, round, transcript }: Compute): Promise<void> => {
    const value: unknown = await pool.run({ job, transcript, rules, self })
    if (job === 'rank') dispatch({ type: 'ranked', round, ranked: value as RankedRound })
    else if (job === 'share') dispatch({ type: 'shared', round, blocks: value as Body<'share'>['blocks'] })
    else dispatch({ type: 'computed', round, result: value as RoundResult })
  }
  return {
    start(effect) {
      run(effect).catch((error: unknown) => {
        if (!stopped) onError(error, effect.round)
      })
    },
    async stop() {
      stopped = true
      await pool.destroy()
    },
  }
}
