import type { Effect } from '../../machine/events.ts'
import { at, type Adversary } from '../types.ts'
import { tell } from './tools.ts'

/** Never proposes, never observes, and votes as late as it can. */
export const staller: Adversary = {
  name: 'staller',
  acts: (self, effects, world) =>
    effects.filter((effect: Effect) => {
      if (effect.type !== 'publish') return true
      const { message } = effect
      if (message.kind === 'proposal' || message.kind === 'observation') return false
      if (message.kind !== 'vote') return true
      at(world, world.nowMs + 390, () => tell(world, self, message))
      return false
    }),
}
