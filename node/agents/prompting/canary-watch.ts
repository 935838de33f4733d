import type { Verdict } from '../../../consensus/index.ts'
import type { JudgeRequest } from '../agent.ts'
import type { AgentStatistics } from '../statistics.ts'
import { drawCanary } from './canaries.ts'
import type { Canary } from './canaries.ts'

/**
 * How a judge does on canaries: a cumulative sum (Page 1954) that a failure raises by 3 and a success lowers by 1, never below 0 or
 * above 12. At 12 the judge rests, until it is back at 6. So who is right in three of four stays; see decision 19 for the odds.
 */
export interface CanaryScore {
  readonly score: number
  readonly resting: boolean
}

const FAILED_COSTS = 3
const REST_AT = 12
const BACK_AT = 6

const freshScore: CanaryScore = { score: 0, resting: false }

function nextScore({ score, resting }: CanaryScore, passed: boolean): CanaryScore {
  const next = Math.min(REST_AT, Math.max(0, passed ? score - 1 : score + FAILED_COSTS))
  return { score: next, resting: resting ? next > BACK_AT : next >= REST_AT }
}

export interface CanaryWatch {
  /** Counts one call for a verdict; true where a canary comes before it. The first call has one. */
  isDue(): boolean
  draw(request: JudgeRequest): Canary
  /** What the judge said of a canary; null: nothing clear, which is as wrong as anything. */
  note(canary: Canary, verdict: Verdict | null): void
  resting(): boolean
  describe(): string
  counts(): AgentStatistics['canaries']
}

export function createCanaryWatch({ canaryEvery, random, log }: { canaryEvery: number; random: () => number; log: (line: string) => void }): CanaryWatch {
  const counts = { asked: 0, failed: 0 }
  let score = freshScore
  let callsLeft = 0
  const describe = (): string => `The agent does not judge: its model failed ${counts.failed} of ${counts.asked} pairs whose right verdict is known.`
  return {
    isDue() {
      if (canaryEvery === 0 || callsLeft-- > 0) return false
      callsLeft = canaryEvery - 1
      return true
    },
    draw: (request) => drawCanary(request, random),
    note({ sort, expected }, verdict) {
      const { resting } = score
      score = nextScore(score, verdict === expected)
      counts.asked++
      if (verdict !== expected) {
        counts.failed++
        log(`failed a canary (${sort}): ${expected} was right, the judge said ${verdict ?? 'nothing clear'}`)
      }
      if (score.resting !== resting) log(score.resting ? describe() : 'The agent judges again: its model passes canaries.')
    },
    resting: () => score.resting,
    describe,
    counts: () => ({ ...counts }),
  }
}
