import type { Vote } from '../types.ts'

/**
 * Whether one author can have signed both votes only by breaking the rules: two different blocks notarized or
 * finalized in one view, or a view both nullified and finalized.
 */
export function contradicts(a: Vote, b: Vote): boolean {
  if (a.epoch !== b.epoch || a.view !== b.view) return false
  if (a.kind === b.kind) return a.block !== b.block
  const kinds = [a.kind, b.kind]
  return kinds.includes('nullify') && kinds.includes('finalize')
}
