/**
 * The sealed mechanism, used for answers, ballots, grades and shares alike: first a salted hash bound to network, round, phase and
 * author, then the content. A copied commit is useless to the copier: it cannot be opened under another author.
 */
import { sha256 } from '../consensus/index.ts'
import { COMMIT_PHASES, type Body, type CommitPhase, type Phase } from './bodies.ts'
import { encode } from './encoding.ts'

/** Which commit phase a phase opens. */
export const COMMIT_OF = {
  'answer-reveal': 'answer-commit',
  'ballot-reveal': 'ballot-commit',
  grade: 'grade-commit',
  credit: 'credit-commit',
  'credit-next': 'credit-next-commit',
  'credit-all': 'credit-all-commit',
} as const satisfies { [phase in Phase]?: CommitPhase }
export type SealedPhase = keyof typeof COMMIT_OF
export type RevealPhase = Body<'reveal'>['phase']

export function isSealedPhase(phase: string): phase is SealedPhase {
  return Object.hasOwn(COMMIT_OF, phase)
}

export function isCommitPhase(phase: string): phase is CommitPhase {
  return (COMMIT_PHASES as readonly string[]).includes(phase)
}

/** What a member keeps to itself between commit and reveal: encoded content and 32 random bytes. */
export interface Secret {
  content: Uint8Array
  salt: Uint8Array
}

/** The hash to commit to. */
export function commitmentOf(network: string, round: string, phase: SealedPhase, author: string, secret: Secret): string {
  return sha256(encode(['peerage/sealed/1', network, round, phase, author, secret.salt, secret.content]))
}

/** What a share seals. */
export function shareContent({ blocks, checks }: Pick<Body<'share'>, 'blocks' | 'checks'>): [blocks: typeof blocks, checks: typeof checks] {
  return [blocks, checks]
}

/** Whether a reveal or a share opens the commitment of its author. */
export function opens(network: string, author: string, shown: Body<'reveal' | 'share'>, commitment: string): boolean {
  const secret: Secret = 'blocks' in shown ? { content: encode(shareContent(shown)), salt: shown.salt } : shown
  return commitmentOf(network, shown.round, shown.phase, author, secret) === commitment
}

/** The commitment to a task's accepted values. Accepted values are sorted first. */
export function truthCommitment(accepted: readonly string[], salt: Uint8Array): string {
  return sha256(encode(['peerage/truth/1', [...accepted].sort(), salt]))
}
