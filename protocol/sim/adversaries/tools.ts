import type { Block, Body, MessageKind } from '../../bodies.ts'
import { openEnvelope, sealEnvelope, type Message } from '../../envelope.ts'
import { applyEntries } from '../../ledger/apply-block.ts'
import { stateRoot } from '../../ledger/state.ts'
import type { Effect } from '../../machine/events.ts'
import type { Machine } from '../../machine/machine-state.ts'
import { publish } from '../perform.ts'
import type { SimNode, World } from '../types.ts'

/** Signs a body whatever was signed before. */
export function forge<K extends MessageKind>(self: SimNode, world: World, kind: K, body: Body<K>): Message {
  return sealEnvelope(world.network, kind, body, self.config.signer) as unknown as Message
}

/** Tells some nodes; everybody by default. */
export function tell(world: World, self: SimNode, message: Message, to: readonly SimNode[] = world.nodes): void {
  publish(world, self, message, to)
}

/** Half of the nodes, always the same ones. */
export function half(world: World, which: 0 | 1): SimNode[] {
  return world.nodes.filter(({ index }) => index % 2 === which)
}

/** The effects with every published message replaced by what `change` makes of it; null: it is not sent. */
export function published(effects: Effect[], change: (message: Message) => Message | null): Effect[] {
  return effects.flatMap((effect): Effect[] => {
    if (effect.type !== 'publish') return [effect]
    const message = change(effect.message)
    return message === null ? [] : [{ ...effect, message }]
  })
}

/** A block with other entries, and the state root that those lead to, whatever they claim a result to be. */
export function withEntries(self: SimNode, block: Block, entries: Block['entries']): Block {
  const machine = self.machine as Machine
  const before = block.parent === machine.head.hash ? machine.ledger : machine.blocks.get(block.parent)?.applied?.state
  if (before === undefined) return block
  const applied = applyEntries(before, entries, {
    rules: machine.rules,
    open: (envelope) => openEnvelope(envelope, machine.rules.network, machine.config.verify),
    verify: machine.config.verify,
    item: (id) => machine.items.get(id),
    result: (round) => machine.results.get(machine.rounds.get(round)?.resultHash ?? '') ?? 'missing',
  })
  return { ...block, entries, stateRoot: applied.ok ? stateRoot(applied.state) : block.stateRoot }
}
