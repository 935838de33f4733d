import type { AnswerContent, BallotContent, Body, GradesContent, Phase, Task } from '../bodies.ts'
import type { Message } from '../envelope.ts'
import type { FrameCode, Opened, Request } from '../frames.ts'
import type { ClosedRound } from '../ledger/close-round.ts'
import type { RoundResult } from '../ledger/result.ts'
import type { RankedRound } from '../round/rank.ts'
import type { Transcript } from '../round/transcript.ts'
import type { GuardCause, SignGuard } from './self-watch.ts'
import type { SyncFault } from './sync-state.ts'

/** What an agent or the computation is asked to do in one round. */
export type AgentJob = 'answer' | 'judge' | 'grade'
export type ComputeJob = 'rank' | 'share' | 'close'

/** Everything that can happen to a node. Frames are decoded and their signatures checked before they become events. */
export type Event =
  | { type: 'start' }
  | { type: 'message'; message: Message; from: string }
  /**
   * Frames of a stream. `asked`: what this node requested, null for what it did not. Of a reply to `chain`: where it was to
   * begin, and why a frame of it was refused.
   */
  | { type: 'frames'; frames: Opened[]; from: string; asked: Request['type'] | null; fromHeight?: number; fault?: FrameCode | null }
  | { type: 'timer'; name: string }
  | { type: 'peer-connected'; member: string }
  | { type: 'peer-disconnected'; member: string }
  /** `answer` null: the agent passes. `salt` is 32 fresh random bytes, that of a share too. */
  | { type: 'answered'; round: string; answer: AnswerContent | null; salt: Uint8Array }
  | { type: 'judged'; round: string; ballot: BallotContent | null; salt: Uint8Array }
  | { type: 'graded'; round: string; grades: GradesContent | null; salt: Uint8Array }
  /** What the agent can do from now on: its model is out of reach, say, or back. */
  | { type: 'ability'; canAnswer: boolean; canJudge: boolean }
  | { type: 'ranked'; round: string; ranked: RankedRound }
  | { type: 'shared'; share: Body<'share'> }
  | { type: 'computed'; round: string; result: RoundResult }
  /** A local request for a round. `ticket` comes back in the notice. */
  | { type: 'ask'; ticket: number; task: Task; truth: { accepted: string[]; salt: Uint8Array } | null }
  /** A local request to join, to leave, or to hand the membership over to another key. */
  | { type: 'membership'; ticket: number; request: MembershipRequest }

/** `consent` is the new key's signature under `consentBytes`. */
export type MembershipRequest = { kind: 'join' } | { kind: 'leave' } | { kind: 'rotate'; to: string; consent: Uint8Array }

/** What a gossip validator says of a message, and why. */
export type Verdict = { verdict: 'accept' } | { verdict: 'ignore' | 'reject'; code: MessageCode }

export type MessageCode =
  | 'unknown-member'
  | 'stale'
  | 'not-valid-now'
  | 'unknown-round'
  | 'phase-closed'
  | 'slot-taken'
  | 'unfit-item'
  | 'not-a-validator'
  | 'not-the-leader'
  | 'far-away'
  | 'buffer-full'

/** What the outside has to do, in order. Everything to persist comes before anything that tells others of it. */
export type Effect =
  | { type: 'persist'; changes: { key: string; value: Uint8Array | null }[] }
  | { type: 'publish'; message: Message }
  /** `to`: a member, or 'everybody'. */
  | { type: 'send'; to: string; frames: Uint8Array[] }
  /** `to` null: any connected peer. */
  | { type: 'request'; to: string | null; request: Request }
  | { type: 'timer'; name: string; ms: number }
  | { type: 'ask-agent'; round: string; job: 'answer'; task: Task }
  | {
      type: 'ask-agent'
      round: string
      job: 'judge'
      task: Task
      answers: { author: string; content: AnswerContent }[]
      pairs: { left: number; right: number }[]
    }
  /** Each distinct answer is to be graded so many times. */
  | { type: 'ask-agent'; round: string; job: 'grade'; task: Task; answers: AnswerContent[]; draws: number }
  | { type: 'stop-agent'; round: string; job: AgentJob }
  | { type: 'compute'; round: string; job: ComputeJob; transcript: Transcript }
  | { type: 'verdict'; verdict: Verdict }
  | { type: 'notify'; notice: Notice }

/** What users of this node may want to hear. */
export type Notice =
  | { type: 'asked'; ticket: number; round: string | null; code: string | null }
  | { type: 'requested'; ticket: number; code: string | null }
  | { type: 'round-opened'; round: string; asker: string; height: number }
  | { type: 'phase-entered'; round: string; phase: Phase | 'closing'; height: number }
  | { type: 'ranked'; round: string; ranked: RankedRound }
  | { type: 'round-closed'; height: number; closed: ClosedRound }
  | { type: 'block-final'; height: number; hash: string; view: number; stateRoot: string; entries: number }
  /** A quorum has finalized a block that does not apply here: this node and the quorum disagree about the rules. */
  | { type: 'block-refused'; height: number; code: string }
  /** A peer is asked for no more history: what it gave was wrong, or came too slowly. */
  | { type: 'peer-dropped'; peer: string; code: SyncFault; height: number }
  /** The state of a later block was taken over without the blocks between. */
  | { type: 'jumped'; from: number; to: number }
  | { type: 'result-differs'; round: string; own: string; certified: string }
  | { type: 'refused-to-sign'; slot: string }
  /** This node stops signing, or signs again. */
  | { type: 'signing'; mode: SignGuard['mode']; cause: GuardCause | null }
