import type { Message } from '../../envelope.ts'
import type { Adversary, SimNode } from '../types.ts'
import { forge, published } from './tools.ts'

/** Commits to what somebody else has committed to, and shows what somebody else has shown: answers, ballots, shares. */
export const copycat: Adversary = {
  name: 'copycat',
  acts: (self, effects, world) =>
    published(effects, (message) => {
      if (message.kind !== 'commit' && message.kind !== 'reveal' && message.kind !== 'share') return message
      const other = sameFromAnother(self, message)
      return other === undefined ? message : forge(self, world, message.kind, other.body as never)
    }),
}

function sameFromAnother(self: SimNode, { kind, body }: Message<'commit' | 'reveal' | 'share'>): Message | undefined {
  return [...(self.machine?.items.values() ?? [])].find(
    (item) => item.kind === kind && item.author !== self.member && item.body.round === body.round && item.body.phase === body.phase,
  )
}
