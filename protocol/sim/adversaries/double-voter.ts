import type { Body } from '../../bodies.ts'
import type { Adversary } from '../types.ts'
import { forge, tell } from './tools.ts'

/** Votes for everything: every block it knows of in a view, and to give the view up as well; to each member something else. */
export const doubleVoter: Adversary = {
  name: 'double-voter',
  acts(self, effects, world) {
    for (const effect of effects) {
      if (effect.type !== 'publish' || effect.message.kind !== 'vote') continue
      const { view, epoch } = effect.message.body
      const rivals = [...(self.machine?.blocks.values() ?? [])].filter(({ block }) => block.view === view || world.random.chance(0.2)).map(({ hash }) => hash)
      const votes: Body<'vote'>[] = [{ kind: 'nullify', epoch, view, block: null }]
      for (const block of rivals) votes.push({ kind: 'notarize', epoch, view, block }, { kind: 'finalize', epoch, view, block })
      for (const other of world.nodes) tell(world, self, forge(self, world, 'vote', world.random.pick(votes)), [other])
    }
    return effects
  },
}
