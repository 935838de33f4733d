import type { Adversary } from '../types.ts'
import { forge, tell } from './tools.ts'

/** Keeps talking about what is over: votes of old views and epochs, observations and commits of closed rounds. */
export const outdated: Adversary = {
  name: 'outdated',
  stirs(self, world) {
    const { machine } = self
    if (machine === null) return
    const { random } = world
    const view = Math.max(1, machine.agreement.view - 1 - random.below(12))
    const epoch = Math.max(0, machine.ledger.epoch - random.below(3))
    const round = [...machine.closed].at(-1) ?? world.network
    tell(world, self, forge(self, world, 'vote', { kind: 'nullify', epoch, view, block: null }))
    tell(world, self, forge(self, world, 'observation', { round, phase: 'ballot-reveal', items: [] }))
    tell(world, self, forge(self, world, 'commit', { round, phase: 'ballot-commit', hash: world.network }))
  },
}
