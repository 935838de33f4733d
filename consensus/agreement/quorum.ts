import type { Certificate, Validator } from './types.ts'

/** Sum of all voting weights, W. */
export function totalWeight(validators: readonly Validator[]): number {
  return validators.reduce((sum, validator) => sum + validator.weight, 0)
}

/** Smallest weight that any two sets of it share more than a third of: floor(2W/3) + 1. */
export function quorumWeight(validators: readonly Validator[]): number {
  return Math.floor((2 * totalWeight(validators)) / 3) + 1
}

/** Weight of the distinct validators among `authors`; strangers weigh nothing and nobody counts twice. */
export function weightOf(validators: readonly Validator[], authors: Iterable<string>): number {
  const set = new Set(authors)
  return validators.reduce((sum, validator) => (set.has(validator.member) ? sum + validator.weight : sum), 0)
}

/** Whether the authors weigh at least a quorum. */
export function isQuorum(validators: readonly Validator[], authors: Iterable<string>): boolean {
  return weightOf(validators, authors) >= quorumWeight(validators)
}

/** The leader of a view: rotation over the validator list. */
export function leaderOf(validators: readonly Validator[], view: number): string {
  const leader = validators[view % validators.length]
  if (leader === undefined) throw new RangeError('a network needs at least one validator')
  return leader.member
}

/** Whether a certificate names distinct validators in order and weighs a quorum. Signatures are the caller's to check. */
export function isCertificateSound(validators: readonly Validator[], certificate: Certificate): boolean {
  const authors = certificate.signatures.map((entry) => entry.author)
  const ordered = authors.every((author, index) => index === 0 || (authors[index - 1] as string) < author)
  const known = authors.every((author) => validators.some((validator) => validator.member === author))
  return ordered && known && (certificate.kind === 'nullify') === (certificate.block === null) && isQuorum(validators, authors)
}
