/**
 * The sealed mechanism, used for answers and ballots alike: first a salted hash bound to network, round, phase and
 * author, then the content. A copied commit is useless to the copier: it cannot be opened under another author.
 */
import { sha256 } from '../consensus/index.ts'
import type { Body } from './bodies.ts'
import { encode } from './encoding.ts'

/** Which commit phase a reveal phase opens. */
export const COMMIT_OF = { 'answer-reveal': 'answer-commit', 'ballot-reveal': 'ballot-commit' } as const
export type RevealPhase = keyof typeof COMMIT_OF

/** What a member keeps to itself between commit and reveal: encoded content and 32 random bytes. */
export interface Secret {
  content: Uint8Array
  salt: Uint8Array
}

/** The hash to commit to. */
export function commitmentOf(network: string, round: string, phase: RevealPhase, author: string, secret: Secret): string {
  return sha256(encode(['peerage/sealed/1', network, round, phase, author, secret.salt, secret.content]))
}

/** Whether a reveal opens the commitment of its author. */
export function opens(network: string, author: string, reveal: Body<'reveal'>, commitment: string): boolean {
  return commitmentOf(network, reveal.round, reveal.phase, author, reveal) === commitment
}

/** The commitment to a task's accepted values. Accepted values are sorted first. */
export function truthCommitment(accepted: readonly string[], salt: Uint8Array): string {
  return sha256(encode(['peerage/truth/1', [...accepted].sort(), salt]))
}
