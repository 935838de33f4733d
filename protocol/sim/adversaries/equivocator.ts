import type { Message } from '../../envelope.ts'
import type { Adversary, SimNode, World } from '../types.ts'
import { forge, half, published, tell, withEntries } from './tools.ts'

/** Tells one half of the network one thing and the other half another: blocks, observations and commits. */
export const equivocator: Adversary = {
  name: 'equivocator',
  acts: (self, effects, world) =>
    published(effects, (message) => {
      const other = otherThan(self, world, message)
      if (other === null) return message
      tell(world, self, message, half(world, 0))
      tell(world, self, other, half(world, 1))
      return null
    }),
}

function otherThan(self: SimNode, world: World, message: Message): Message | null {
  // Just as valid, with one entry less.
  if (message.kind === 'proposal') return message.body.entries.length === 0 ? null : forge(self, world, 'proposal', withEntries(self, message.body, message.body.entries.slice(1)))
  if (message.kind === 'observation' && message.body.items.length > 0) {
    return forge(self, world, 'observation', { ...message.body, items: message.body.items.slice(1) })
  }
  if (message.kind === 'commit') return forge(self, world, 'commit', { ...message.body, hash: message.body.hash === null ? 'a'.repeat(64) : null })
  return null
}
