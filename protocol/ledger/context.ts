import type { Message, OpenedEnvelope, Verify } from '../envelope.ts'
import type { RoundResult } from './result.ts'
import type { Rules } from './state.ts'

/** What applying a block needs from outside: the network's rules, embedded envelopes opened, and what it refers to by hash. */
export interface LedgerContext {
  rules: Rules
  open: (envelope: Uint8Array) => OpenedEnvelope
  verify: Verify
  item: (id: string) => Message | undefined
  /** The result behind a hash; `wrong` where this node computed another one for the round. */
  result: (round: string, hash: string) => RoundResult | 'missing' | 'wrong'
}

/** Why a block or an entry does not apply. `missing-*` may change when what is missing arrives; the others never. */
export type LedgerCode =
  | 'wrong-epoch'
  | 'wrong-height'
  | 'not-empty'
  | 'bad-envelope'
  | 'not-a-member'
  | 'already-a-member'
  | 'rounds-open'
  | 'last-validator'
  | 'bad-consent'
  | 'already-convicted'
  | 'too-old'
  | 'unproven'
  | 'admission-closed'
  | 'sequence-reused'
  | 'sequence-ahead'
  | 'too-many-open-rounds'
  | 'time-limit'
  | 'duplicate-round'
  | 'unknown-round'
  | 'wrong-phase'
  | 'bad-observation'
  | 'no-quorum'
  | 'nothing-owed'
  | 'wrong-result'
  | 'wrong-state-root'
  | 'missing-items'
  | 'missing-result'

/** A refusal; `missing` names hashes that this node has to fetch or compute first. */
export interface Refusal {
  ok: false
  code: LedgerCode
  missing: string[]
}

export type Applied<T> = { ok: true; state: T } | Refusal

export function refuse(code: LedgerCode, missing: string[] = []): Refusal {
  return { ok: false, code, missing }
}
