import { sha256, type CutItem, type FrozenWeights, type Judging, type Kin, type Posterior, type TaskKind, type Testimony, type Validator } from '../../consensus/index.ts'
import type { Phase } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { rememberedOf } from '../memo.ts'
import type { Genesis, Parameters } from '../genesis.ts'

/** What the ledger knows of a member. Everything is an integer or text, so that it has one encoding. */
export interface MemberState {
  joinedHeight: number
  /** What askers have shown of the member, by task kind; a kind is absent until evidence exists. */
  testimonies: { [kind in TaskKind]?: Testimony[] }
  /** Decayed evidence as read from the testimonies when the last of them was given. */
  answering: { [kind in TaskKind]?: Posterior }
  judging: { [kind in TaskKind]?: Judging }
  /** Who errs like the member: those most like it are kept. */
  kin: { [kind in TaskKind]?: Kin[] }
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
  /** Of the current epoch: cuts in which the member was heard, and whether it was penalised. */
  heard: number
  penalisedNow: boolean
  /** Consecutive epochs of absence. */
  absentEpochs: number
}

export type Penalty = 'withheld-reveal' | 'withheld-truth' | 'wrong-share' | 'breach'

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
  frozen: FrozenRound | null
  /** Seed of the credit plan, from what was revealed; null until the weights are frozen. */
  creditSeed: string | null
  /** Seed of the checks of shares, from observations that were made after the shares were sent; null before the first. */
  auditSeed: string | null
}

/** A reveal or truth that somebody owes, by the commitment that it has to open. */
export interface Owed {
  member: string
  round: string
  kind: TaskKind
  phase: 'answer-reveal' | 'ballot-reveal' | 'evaluate'
  hash: string
  /** Epoch in which the phase ended, and in how many cuts of later ones the member was heard. */
  epoch: number
  heard: number
}

/** Players in member id order with their weights. */
export interface FrozenRound extends FrozenWeights {
  players: string[]
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
  /** What was committed to and not shown, oldest first. */
  owed: Owed[]
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
    testimonies: {},
    answering: {},
    judging: {},
    kin: {},
    points: 0,
    opened: 0,
    missed: 0,
    benchedUntil: 0,
    missedBallots: 0,
    judgeBenchedUntil: 0,
    penalties: { 'withheld-reveal': 0, 'withheld-truth': 0, 'wrong-share': 0, breach: 0 },
    convicted: null,
    weight: 0,
    heard: 0,
    penalisedNow: false,
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
    owed: [],
    records: 0,
    lastRecord: network,
    minted: 0,
  }
}

/** Who votes on the next block: what a certificate is judged by, and can be shown without the rest of the state. */
export type Electorate = Pick<LedgerState, 'epoch' | 'validators'>

/** Hash of the state: of who votes, and of the hash of everything else. */
export function stateRoot(state: LedgerState): string {
  return rememberedOf(state, 'root', () => rootOf(state, restOf(state)))
}

/** Hash of the state without who votes. Members and rounds go in by hashes of their own. */
export function restOf(state: LedgerState): string {
  return rememberedOf(state, 'rest', () => {
    const { members, former, rounds } = state
    const rest: Omit<Partial<LedgerState>, 'members' | 'former' | 'rounds'> & Record<'members' | 'former' | 'rounds', Hashes> = {
      ...state,
      members: hashesOf(members),
      former: hashesOf(former),
      rounds: hashesOf(rounds),
    }
    delete rest.epoch
    delete rest.validators
    return sha256(encode(rest))
  })
}

type Hashes = Record<string, string>

// Most blocks leave most members and rounds as they are, and what is in a state is never changed.
const HASHES = new WeakMap<object, string>()

function hashesOf(parts: Readonly<Record<string, object>>): Hashes {
  const hashes = Object.entries(parts).map(([id, part]): [string, string] => {
    const hash = HASHES.get(part) ?? sha256(encode(part))
    HASHES.set(part, hash)
    return [id, hash]
  })
  return Object.fromEntries(hashes)
}

export function rootOf({ epoch, validators }: Electorate, rest: string): string {
  return sha256(encode(['peerage/state/2', { epoch, validators }, rest]))
}

/** Open rounds in id order: what a node does must not depend on how it came by its state. */
export function openRounds({ rounds }: LedgerState): [id: string, round: RoundState][] {
  return Object.entries(rounds).sort(([a], [b]) => (a < b ? -1 : 1))
}
