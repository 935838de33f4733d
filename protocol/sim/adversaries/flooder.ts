import { sha256 } from '../../../consensus/index.ts'
import type { Adversary } from '../types.ts'
import { forge, tell } from './tools.ts'

const PER_STIR = 12

/** Says as much as it can about rounds, views and heights that do not exist. */
export const flooder: Adversary = {
  name: 'flooder',
  stirs(self, world) {
    const { machine } = self
    if (machine === null) return
    const { epoch } = machine.ledger
    for (let count = 0; count < PER_STIR; count++) {
      const made = sha256(`${world.nowMs}/${self.index}/${count}`)
      const far = machine.agreement.view + 2 + world.random.below(1_000)
      const kind = world.random.below(5)
      if (kind === 0) tell(world, self, forge(self, world, 'commit', { round: made, phase: 'answer-commit', hash: made }))
      if (kind === 1) tell(world, self, forge(self, world, 'observation', { round: made, phase: 'credit', items: [] }))
      if (kind === 2) tell(world, self, forge(self, world, 'vote', { kind: 'notarize', epoch: epoch + world.random.below(3), view: far, block: made }))
      if (kind === 3) tell(world, self, forge(self, world, 'reveal', { round: made, phase: 'answer-reveal', content: new Uint8Array(20_000), salt: new Uint8Array(32) }))
      if (kind === 4) tell(world, self, forge(self, world, 'proposal', { epoch, view: far, height: machine.ledger.height + 2, parent: made, entries: [], stateRoot: made }))
    }
  },
}
