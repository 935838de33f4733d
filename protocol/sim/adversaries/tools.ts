import type { Body, MessageKind } from '../../bodies.ts'
import { sealEnvelope, type Message } from '../../envelope.ts'
import type { Effect } from '../../machine/events.ts'
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
