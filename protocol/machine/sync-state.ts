/** What a node knows of the part of the chain that it lacks. SPEC.md, "Sync". */
import type { Boundary, FrameCode, Opened } from '../frames.ts'
import type { LedgerCode } from '../ledger/context.ts'
import type { Electorate } from '../ledger/state.ts'

/** Blocks asked for at a time. */
export const RANGE = 64

/** What is wrong with history from a peer. */
export type HistoryFault = FrameCode | LedgerCode | 'nothing-served' | 'not-linked' | 'unsound-certificate'
export type SyncFault = HistoryFault | 'bad-boundary' | 'bad-snapshot' | 'slow'

export interface Offer {
  height: number
  horizon: number
  epochs: number[]
}

/** On the way from one end of an epoch to a later one, by one peer's help. */
export interface Jump {
  peer: string
  /** The epoch that it leads to, and who votes after the boundaries that are verified so far. */
  epoch: number
  electorate: Electorate
  boundaries: Boundary[]
  pieces: Uint8Array[]
  sinceMs: number
}

/** Who has which part of the chain, and what is asked of whom. Ranges by their first height. */
export interface Sync {
  offers: Map<string, Offer>
  asked: Map<number, { peer: string; fromHeight: number; sinceMs: number }>
  arrived: Map<number, { peer: string; frames: readonly Opened[] }>
  jump: Jump | null
  dropped: Map<string, SyncFault>
  /** Standstill ticks for which nobody was left to ask. */
  stranded: number
}

export function createSync(): Sync {
  return { offers: new Map(), asked: new Map(), arrived: new Map(), jump: null, dropped: new Map(), stranded: 0 }
}
