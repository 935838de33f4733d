import { sealEnvelope, type Message } from '../../envelope.ts'
import { openRounds } from '../../ledger/state.ts'
import { simulatedSigner } from '../members.ts'
import type { Adversary } from '../types.ts'
import { tell } from './tools.ts'

const IDENTITIES = 40

/** Identities of several sybils do not meet. */
const APART = 1_000

/** Joins under ever new names, which commit in every round and never reveal. */
export const sybil: Adversary = {
  name: 'sybil',
  stirs(self, world) {
    const signer = simulatedSigner(APART * (self.index + 1) + world.random.below(IDENTITIES))
    const say = (message: unknown): void => tell(world, self, message as Message)
    say(sealEnvelope(world.network, 'join', { sequence: Math.floor(world.nowMs) }, signer))
    say(sealEnvelope(world.network, 'presence', { sequence: Math.floor(world.nowMs), canAnswer: true, canJudge: true, model: '', links: 0, height: 0 }, signer))
    for (const [round, { phase }] of self.machine === null ? [] : openRounds(self.machine.ledger)) {
      if (phase === 'answer-commit' || phase === 'ballot-commit') say(sealEnvelope(world.network, 'commit', { round, phase, hash: world.network }, signer))
    }
  },
}
