import { closeRound, computeShare, explainCredit, rankRound, type ComputeJob, type Rules, type Transcript } from '../../protocol/index.ts'
import { preferredPairs } from './preferences.ts'

export interface ComputeRequest {
  job: ComputeJob | 'explain' | 'prefer'
  transcript: Transcript
  rules: Rules
  /** Whose share to compute, or whose credit to explain. */
  self: string
  /** 32 fresh random bytes for a share; empty where chance has no part. */
  salt: Uint8Array
}

/** One job of ranking or credit, on a thread of its own: everything in it is pure and may be long. */
export default function compute({ job, transcript, rules, self, salt }: ComputeRequest): unknown {
  switch (job) {
    case 'rank':
      return rankRound(transcript, rules)
    case 'share':
      return computeShare(transcript, rules, self, salt)
    case 'close':
      return closeRound(transcript, rules)
    case 'explain':
      return explainCredit(transcript, rules, self)
    case 'prefer':
      return preferredPairs(rankRound(transcript, rules))
  }
}
