import { randomBytes } from 'node:crypto'
import { Piscina } from 'piscina'
import type { Body, Effect, Event, Explanation, RankedRound, RoundResult, Rules, Transcript } from '../../protocol/index.ts'
import { sourceFile } from '../source-file.ts'
import type { ComputeRequest } from './compute-worker.ts'
import type { PreferredPair } from './preferences.ts'

type Compute = Extract<Effect, { type: 'compute' }>

const ATTEMPTS_MAX = 5
const RETRY_MS = 1_000
/** A thread's heap for what is soon let go; its default of 48 MB would only make the process large. */
const YOUNG_MB = 12

/** Ranking and credit off the main thread, one job at a time. */
export interface Computing {
  start: (effect: Compute) => void
  /** Why a player has its credit. Rejects if the node stops. */
  explain: (transcript: Transcript, member: string) => Promise<Explanation>
  /** Which answers of a closed round are better than which. Rejects if the node stops. */
  prefer: (transcript: Transcript) => Promise<PreferredPair[]>
  stop: () => Promise<void>
}

export function createComputing(init: {
  rules: Rules
  self: string
  dispatch: (event: Event) => void
  onError: (error: unknown, round: string) => void
}): Computing {
  const { rules, self, dispatch, onError } = init
  const pool = new Piscina<ComputeRequest>({ filename: sourceFile(new URL('./compute-worker.ts', import.meta.url)).href, minThreads: 1, maxThreads: 1, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
  let stopped = false
  const run = async ({ job, round, transcript }: Compute): Promise<void> => {
    const value: unknown = await pool.run({ job, transcript, rules, self, salt: new Uint8Array(randomBytes(32)) })
    if (job === 'rank') dispatch({ type: 'ranked', round, ranked: value as RankedRound })
    else if (job === 'share') dispatch({ type: 'shared', share: value as Body<'share'> })
    else dispatch({ type: 'computed', round, result: value as RoundResult })
  }
  // A thread that died is replaced by the pool; the job is worth another try, since the round waits for it.
  const attempt = async (effect: Compute, number: number): Promise<void> => {
    try {
      await run(effect)
    } catch (error) {
      if (stopped) return
      onError(error, effect.round)
      if (number < ATTEMPTS_MAX) setTimeout(() => void attempt(effect, number + 1), RETRY_MS).unref()
    }
  }
  const look = (job: 'explain' | 'prefer', transcript: Transcript, member: string): Promise<unknown> => pool.run({ job, transcript, rules, self: member, salt: new Uint8Array() })
  return {
    start(effect) {
      void attempt(effect, 1)
    },
    explain: (transcript, member) => look('explain', transcript, member) as Promise<Explanation>,
    prefer: (transcript) => look('prefer', transcript, self) as Promise<PreferredPair[]>,
    async stop() {
      stopped = true
      await pool.destroy()
    },
  }
}
