import type { Adversary } from '../types.ts'
import { forge, published } from './tools.ts'

/** Votes to give up every view at once, and for nothing else. */
export const nuller: Adversary = {
  name: 'nuller',
  acts: (self, effects, world) =>
    published(effects, (message) => {
      if (message.kind === 'proposal') return null
      return message.kind === 'vote' ? forge(self, world, 'vote', { ...message.body, kind: 'nullify', block: null }) : message
    }),
}
