import { dispatch, type Adversary } from '../types.ts'

/** Judges for its friends, whatever they said, and against everybody else. */
export const shill: Adversary = {
  name: 'shill',
  acts(self, effects, world) {
    const friends = new Set(world.nodes.filter(({ adversary }) => adversary?.name === 'shill').map(({ member }) => member))
    return effects.filter((effect) => {
      if (effect.type !== 'ask-agent' || effect.job !== 'judge') return true
      const comparisons = effect.pairs.map((pair) => ({ ...pair, verdict: friends.has(effect.answers[pair.left]?.author ?? '') ? ('left' as const) : ('right' as const) }))
      const salt = Uint8Array.from({ length: 32 }, () => world.random.below(256))
      dispatch(world, self, { type: 'judged', round: effect.round, ballot: { comparisons }, salt }, 10)
      return false
    })
  },
}
