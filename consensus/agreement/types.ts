/** A member of the epoch's validator list. Weights are positive integers; the list is sorted by member id. */
export interface Validator {
  member: string
  weight: number
}

export type VoteKind = 'notarize' | 'nullify' | 'finalize'

/** What a vote says. `block` is a block hash, null exactly for `nullify`. Views count from 1. */
export interface Vote {
  kind: VoteKind
  epoch: number
  view: number
  block: string | null
}

/** A vote with its author and signature. Signatures are checked before they get here. */
export interface SignedVote {
  vote: Vote
  author: string
  signature: Uint8Array
}

/** Votes of one kind for one view (and block) that weigh at least a quorum, by author in member id order. */
export interface Certificate extends Vote {
  signatures: { author: string; signature: Uint8Array }[]
}

/** The part of a proposal that agreement looks at. */
export interface Proposal {
  view: number
  block: string
  parent: string
  author: string
}

/** Timers in milliseconds; both double with every consecutive failed view, up to `backoffMax` doublings. */
export interface AgreementTimers {
  leaderMs: number
  viewMs: number
  backoffMax: number
}
