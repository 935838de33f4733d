import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareMeasures } from './comparisons.ts'
import { countPairs } from './pairs.ts'
import { gatherPairs } from './sample.ts'
import { anyGame } from './test/arbitraries.ts'
import { membersOf } from './test/games.ts'
import { createWork, evaluateUnits } from './work.ts'
import type { Game } from './game.ts'

function compare(game: Game, units: number) {
  const work = createWork({ plan: { kind: 'pairs', units }, seed: 's', players: game.players })
  return compareMeasures(gatherPairs(work, evaluateUnits(game, work, 0, units)), game.value(new Uint8Array(game.players).fill(1)))
}

describe('measures beside credit', () => {
  it('are those of all coalitions once every pair is drawn', () => {
    fc.assert(fc.property(anyGame(7, 2), (game) => {
      const n = game.players
      const { alone, leaveOneOut, banzhaf } = compare(game, countPairs(n))
      const everybody = 2 ** n - 1
      for (let player = 0; player < n && n > 2; player++) {
        expect(alone[player]).toBe(game.value(membersOf(2 ** player, n)))
        expect(leaveOneOut[player]).toBe(game.value(membersOf(everybody, n)) - game.value(membersOf(everybody - 2 ** player, n)))
      }
      for (let player = 0; player < n; player++) {
        const without = Array.from({ length: 2 ** n }, (_, mask) => mask).filter((mask) => ((mask >> player) & 1) === 0)
        const sum = without.reduce((total, mask) => total + game.value(membersOf(mask + 2 ** player, n)) - game.value(membersOf(mask, n)), 0)
        expect(Math.abs((banzhaf[player] as number) - sum / without.length)).toBeLessThanOrEqual(0.51)
      }
    }))
  })

  it('know who was alone, and leave out sizes that were not drawn', () => {
    const { alone, leaveOneOut } = compare({ players: 6, value: (members) => members.reduce((sum, isIn) => sum + isIn, 0) }, 4)
    expect([alone, leaveOneOut]).toEqual([[1, 1, 1, 1, null, null], [1, 1, 1, 1, null, null]])
  })
})
