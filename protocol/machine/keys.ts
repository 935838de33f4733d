import { decodeVouched } from '../encoding.ts'

/** Where the machine keeps what in the store. Numbers are padded so that text order is number order. */
export const KEYS = {
  /** The ledger state and head after the last final block. */
  state: 'state',
  /** Own signed messages by slot: the sign guard. */
  own: (slot: string) => `own/${slot}`,
  /** Why this node only observes, where it does. */
  guard: 'guard',
  /** Items and opens by message id, and an index of those whose round is open. */
  item: (id: string) => `item/${id}`,
  openItem: (round: string, id: string) => `open-item/${round}/${id}`,
  /** Proposals by block hash, and an index of those that are not final. */
  proposal: (block: string) => `proposal/${block}`,
  unfinal: (block: string) => `unfinal/${block}`,
  /** Notarizations and nullifications above the last final view. */
  certificate: (view: number, kind: string) => `certificate/${padded(view)}/${kind}`,
  /** Final blocks by height: hash, view and, where the block itself was finalized, the certificate. */
  final: (height: number) => `final/${padded(height)}`,
  /** The blocks that epochs begin on, with who votes in them; the states there, for the last ones. */
  boundary: (epoch: number) => `boundary/${padded(epoch)}`,
  snapshot: (epoch: number) => `snapshot/${padded(epoch)}`,
  /** See `horizonOf`; absent: 1. */
  horizon: 'horizon',
  /** Height above which this node has histories and closed rounds; absent: 0. */
  past: 'past',
  /** Results by hash, and closed rounds by height. */
  result: (hash: string) => `result/${hash}`,
  closed: (height: number, round: string) => `closed/${padded(height)}/${round}`,
  allClosed: 'closed/',
  /** What is kept of a closed round: a `ClosedEntry`. */
  round: (round: string) => `round/${round}`,
  /** Changes of one member by height. */
  historyOf: (member: string) => `history/${member}/`,
  history: (member: string, height: number, round: string) => `history/${member}/${padded(height)}/${round}`,
  /** Answers, ballots and truths that are committed and not revealed yet. */
  secret: (round: string, phase: string) => `secret/${round}/${phase}`,
} as const

/** A non-negative integer as sixteen digits. */
export function padded(value: number): string {
  return String(value).padStart(16, '0')
}

/** One read of the store. The caller performs it and hands back the entries found: of a range ascending by key, else in the order asked for. */
export type Read = { type: 'get'; keys: readonly string[] } | { type: 'range'; prefix: string; from?: string; limit?: number }
export type Entries = [key: string, value: Uint8Array][]

/** Code that reads the store without doing I/O itself: it yields reads and is resumed with their entries. */
export type Reading<T> = Generator<Read, T, Entries>

/** First height whose block can be served with all that it refers to. */
export function* horizonOf(): Reading<number> {
  const value = yield* getOne(KEYS.horizon)
  return value === null ? 1 : (decodeVouched(value) as number)
}

/** Reads one value, or null. */
export function* getOne(key: string): Reading<Uint8Array | null> {
  const entries = yield { type: 'get', keys: [key] }
  return entries[0]?.[1] ?? null
}
