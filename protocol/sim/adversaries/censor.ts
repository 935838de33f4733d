import type { Adversary } from '../types.ts'

/** Acts as if one member did not exist: it neither observes what that member says nor puts its rounds into blocks. */
export const censor: Adversary = {
  name: 'censor',
  hears(self, event, world) {
    const victim = world.nodes[(self.index + 1) % world.nodes.length]?.member
    if (event.type === 'message' && event.message.author === victim) return event.message.kind === 'vote' || event.message.kind === 'proposal' ? event : null
    if (event.type !== 'frames' || event.asked !== null) return event
    return { ...event, frames: event.frames.filter((frame) => frame.type !== 'message' || frame.message.author !== victim) }
  },
}
