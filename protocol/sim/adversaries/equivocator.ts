import type { Block } from '../../bodies.ts'
import type { Message } from '../../envelope.ts'
import { applyEntries } from '../../ledger/apply-block.ts'
import { stateRoot } from '../../ledger/state.ts'
import type { Machine } from '../../machine/machine-state.ts'
import type { Adversary, SimNode, World } from '../types.ts'
import { forge, half, published, tell } from './tools.ts'

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
  if (message.kind === 'proposal') return otherBlock(self, world, message.body)
  if (message.kind === 'observation' && message.body.items.length > 0) {
    return forge(self, world, 'observation', { ...message.body, items: message.body.items.slice(1) })
  }
  if (message.kind === 'commit') return forge(self, world, 'commit', { ...message.body, hash: message.body.hash === null ? 'a'.repeat(64) : null })
  return null
}

// Just as valid, with one entry less.
function otherBlock(self: SimNode, world: World, block: Block): Message | null {
  const machine = self.machine as Machine
  const before = block.parent === machine.head.hash ? machine.ledger : machine.blocks.get(block.parent)?.applied?.state
  if (before === undefined || block.entries.length === 0) return null
  const entries = block.entries.slice(1)
  const context = {
    rules: machine.rules,
    open: () => ({ ok: false as const, code: 'malformed' as const }),
    verify: machine.config.verify,
    item: (id: string) => machine.items.get(id),
    result: (_: string, hash: string) => machine.results.get(hash) ?? ('missing' as const),
  }
  const applied = applyEntries(before, entries, context)
  return forge(self, world, 'proposal', { ...block, entries, stateRoot: applied.ok ? stateRoot(applied.state) : block.stateRoot })
}
