import { sha256 } from '../../../consensus/index.ts'
import type { Block } from '../../bodies.ts'
import type { Adversary, SimNode } from '../types.ts'
import { forge, published, withEntries } from './tools.ts'

/** Proposes blocks with a wrong root, height, parent, leader or result, observes what does not exist, and shares made-up credit. */
export const liar: Adversary = {
  name: 'liar',
  acts: (self, effects, world) =>
    published(effects, (message) => {
      if (message.kind === 'proposal') return forge(self, world, 'proposal', falsified(self, message.body, world.random.below(4)))
      if (message.kind === 'observation') {
        // It has seen what nobody has said, of somebody who said nothing if there is one.
        const heard = message.body.items
        const silent = world.nodes.find(({ member }) => heard.every(([author]) => author !== member))?.member
        const made = sha256(message.body.round)
        const items = silent === undefined ? heard.map(([author, id], index): [string, string] => [author, index === 0 ? made : id]) : [...heard, [silent, made] as [string, string]]
        return forge(self, world, 'observation', { ...message.body, items })
      }
      if (message.kind === 'share') {
        const blocks = message.body.blocks.map(({ block, values }) => ({ block, values: values.map((unit) => unit.map((value) => 1_000_000 - value)) }))
        return forge(self, world, 'share', { ...message.body, blocks })
      }
      return message
    }),
}

function falsified(self: SimNode, block: Block, how: number): Block {
  const lie = sha256(block.stateRoot)
  if (block.entries.some(({ type }) => type === 'result')) {
    return withEntries(self, block, block.entries.map((entry) => (entry.type === 'result' ? { ...entry, hash: lie } : entry)))
  }
  if (how === 0) return { ...block, stateRoot: lie }
  if (how === 1) return { ...block, height: block.height + 1 }
  return how === 2 ? { ...block, parent: lie } : { ...block, view: block.view + 1 }
}
