import type { Body, MessageKind } from './bodies.ts'

/**
 * What a body binds its author to: of two different bodies signed for one slot, one is a breach that anybody can prove.
 * Null for what binds to nothing. SPEC.md, "Slots and the sign guard".
 */
export function slotOf<K extends MessageKind>(kind: K, body: Body<K>): string | null {
  return SLOTS[kind](body)
}

const inPhase = ({ round, phase }: { round: string; phase: string }): string => `${round}/${phase}`
const none = (): null => null

const SLOTS: { [K in MessageKind]: (body: Body<K>) => string | null } = {
  open: ({ sequence }) => `open/${sequence}`,
  commit: inPhase,
  reveal: inPhase,
  truth: inPhase,
  share: inPhase,
  observation: (body) => `${inPhase(body)}/observation`,
  // A view is either nullified or finalized: the two share a slot.
  vote: ({ kind, epoch, view }) => `vote/${epoch}/${view}/${kind === 'notarize' ? 'notarize' : 'end'}`,
  proposal: ({ epoch, view }) => `proposal/${epoch}/${view}`,
  presence: none,
  join: none,
  leave: none,
  rotate: none,
  evidence: none,
}
