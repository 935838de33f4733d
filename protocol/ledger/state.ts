import { sha256, type CutItem, type Posterior, type TaskKind, type Validator } from '../../consensus/index.ts'
import type { Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import type { Genesis, Parameters } from '../genesis.ts'
import type { RevealPhase } from '../sealed.ts'

/** What the ledger knows of a member. Everything is an integer or text, so that it has one encoding. */
export interface MemberState {
  joinedHeight: number
  /** Decayed evidence by task kind; a kind is absent until evidence exists. */
  answering: { [kind in TaskKind]?: Posterior }
  judging: { [kind in TaskKind]?: Posterior }
  points: number
  /** Sequence number of the member's last open. */
  opened: number
  /** Consecutive answer phases without a commit, and the record count until which nobody waits for the member. */
  missed: number
  benchedUntil: number
  /** The same for ballots. */
  missedBallots: number
  judgeBenchedUntil: number
  /** What the member was penalised for, and how often; the slot of a proven breach, null without. */
  penalties: { [cause in Penalty]: number }
  convicted: string | null
  /** Voting weight earned so far; it counts in the epoch after the next. */
  weight: number
  /** Of the current epoch: cuts in which the member was heard, and whether it withheld something. */
  heard: number
  withheldNow: boolean
  /** Consecutive epochs of absence. */
  absentEpochs: number
}

export type Penalty = 'withheld-reveal' | 'withheld-truth' | 'breach'

/** Somebody that was a member under this key: what it had stays with it, or went over to another key (`movedTo`). */
export interface FormerMember {
  member: MemberState
  cause: 'left' | 'absent' | 'rotated'
  movedTo: string | null
  sinceHeight: number
  sinceEpoch: number
}

/** A round that is open. Weights and players are frozen with the ballot-reveal cut. */
export interface RoundState {
  asker: string
  kind: TaskKind
  openedHeight: number
  answerMs: number
  judgeMs: number
  truth: string | null
  /** The phase that the next cut of this round closes; `closing` once only the result is missing. */
  phase: Phase | 'closing'
  cuts: { [phase in Phase]?: CutItem[] }
  /** Seed of the judges' pairs, from the previous record and the revealed salts; null before the answer-reveal cut. */
  pairSeed: string | null
  frozen: FrozenWeights | null
  /** Members who committed and did not reveal, by what they kept back; a late reveal of it takes them off again. */
  withheld: { [phase in RevealPhase]: string[] }
}

/** Players in member id order with their integer weights in micro-units. */
export interface FrozenWeights {
  players: string[]
  judgeWeights: number[]
  answerWeights: number[]
}

/** The state of the ledger after a block. Treated as immutable. */
export interface LedgerState {
  /** The epoch that the next block belongs to, and the height after which it began. */
  epoch: number
  epochHeight: number
  height: number
  /** Validators of this epoch and of the next: weights earned in an epoch count in the one after the next. */
  validators: Validator[]
  nextValidators: Validator[]
  /** Cuts and joins of this epoch. */
  epochCuts: number
  epochJoins: number
  members: { [member: string]: MemberState }
  former: { [member: string]: FormerMember }
  rounds: { [round: string]: RoundState }
  /** Closed rounds so far, and the hash chain over their results. */
  records: number
  lastRecord: string
  minted: number
}

/** What everything that reads the ledger needs besides its state. */
export interface Rules {
  network: string
  parameters: Parameters
}

export function emptyMember(joinedHeight: number): MemberState {
  return {
    joinedHeight,
    answering: {},
    judging: {},
    points: 0,
    opened: 0,
    missed: 0,
    benchedUntil: 0,
    missedBallots: 0,
    judgeBenchedUntil: 0,
    penalties: { 'withheld-reveal': 0, 'withheld-truth': 0, breach: 0 },
    convicted: null,
    weight: 0,
    heard: 0,
    withheldNow: false,
    absentEpochs: 0,
  }
}

/** The state before the first block. */
export function genesisState(genesis: Genesis, network: string): LedgerState {
  const members = genesis.members.map(({ id, weight }) => [id, { ...emptyMember(0), weight }] as const)
  const validators = genesis.members.filter(({ weight }) => weight > 0).map(({ id, weight }) => ({ member: id, weight }))
  return {
    epoch: 0,
    epochHeight: 0,
    height: 0,
    validators,
    nextValidators: validators,
    epochCuts: 0,
    epochJoins: 0,
    members: Object.fromEntries(members),
    former: {},
    rounds: {},
    records: 0,
    lastRecord: network,
    minted: 0,
  }
}

/** Hash of the canonical encoding of the whole state. */
export function stateRoot(state: LedgerState): string {
  return sha256(encode(state))
}
