import type { Message } from '../../envelope.ts'
import { at, type Adversary } from '../types.ts'
import { tell } from './tools.ts'

const KEPT = 40

/** Says again, at any later time, whatever it has heard from anybody. */
export const replayer: Adversary = {
  name: 'replayer',
  hears(self, event, world) {
    if (event.type === 'message' && world.random.chance(0.05)) {
      const { message }: { message: Message } = event
      for (let count = 0; count < 3; count++) at(world, world.nowMs + world.random.below(KEPT * 100), () => tell(world, self, message))
    }
    return event
  },
}
