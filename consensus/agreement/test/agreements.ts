import fc from 'fast-check'
import { createAgreement, fireTimer, type Agreement, type AgreementEffect, type TimerName } from '../simplex.ts'
import type { AgreementTimers, Certificate, Proposal, SignedVote, Validator, Vote, VoteKind } from '../types.ts'

/** Four members of equal weight; `b` leads view 1, `c` view 2, `d` view 3, `a` view 4. */
export const FOUR: readonly Validator[] = ['a', 'b', 'c', 'd'].map((member) => ({ member, weight: 1 }))
export const TIMERS: AgreementTimers = { leaderMs: 100, viewMs: 300, backoffMax: 3 }
export const GENESIS = 'genesis'

export function agreementOf(self: string, validators: readonly Validator[] = FOUR): Agreement {
  return createAgreement({ self, epoch: 0, validators, timers: TIMERS, root: { view: 0, block: GENESIS } })
}

export function voteFor(kind: VoteKind, view: number, block: string | null = null): Vote {
  return { kind, epoch: 0, view, block }
}

export function signed(author: string, vote: Vote): SignedVote {
  return { vote, author, signature: signatureOf(author, vote) }
}

/** A certificate by the members whose letters are in `authors`. */
export function certificateOf(kind: VoteKind, view: number, block: string | null = null, authors = 'abc'): Certificate {
  const vote = voteFor(kind, view, block)
  return { ...vote, signatures: [...authors].map((author) => ({ author, signature: signatureOf(author, vote) })) }
}

/** A proposal of the leader of `view` among four. */
export function proposalOf(view: number, block: string, parent: string): Proposal {
  return { view, block, parent, author: 'abcd'.charAt(view % 4) }
}

export function votesIn(effects: readonly AgreementEffect[]): Vote[] {
  return effects.flatMap((effect) => (effect.type === 'vote' ? [effect.vote] : []))
}

export function typesIn(effects: readonly AgreementEffect[]): string[] {
  return effects.map(({ type }) => type)
}

export function timersIn(effects: readonly AgreementEffect[]): Record<string, number> {
  return Object.fromEntries(effects.flatMap((effect) => (effect.type === 'timer' ? [[effect.timer, effect.ms]] : [])))
}

/** Lets the timer of a view run out that was set last. */
export function fire(agreement: Agreement, timer: TimerName, view: number): AgreementEffect[] {
  return fireTimer(agreement, timer, view, agreement.views.get(view)?.arming ?? 0)
}

/** Up to nine validators with weights small and large, sorted by id. */
export const anyValidators: fc.Arbitrary<Validator[]> = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1_000_000_000 })), { minLength: 1, maxLength: 9 })
  .map((weights) => weights.map((weight, index) => ({ member: `m${index}`, weight })))

function signatureOf(author: string, { kind, view, block }: Vote): Uint8Array {
  return new TextEncoder().encode(`${author} ${kind} ${view} ${block ?? ''}`)
}
