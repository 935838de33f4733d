import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VALUE_MAX } from './game.ts'
import { UNITS_MAX, evaluateUnit, unitPermutation, validateUnit } from './permutations.ts'
import { anyGame } from './test/arbitraries.ts'
import { tableGame } from './test/games.ts'

describe('the permutation of a unit', () => {
  it('orders all players, the same for everybody, antithetic in pairs', () => {
    fc.assert(fc.property(fc.string(), fc.nat(1_000), fc.nat(40), (seed, pair, players) => {
      const first = unitPermutation(seed, 2 * pair, players)
      expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: players }, (_, player) => player))
      expect(unitPermutation(seed, 2 * pair, players)).toEqual(first)
      expect(unitPermutation(seed, 2 * pair + 1, players)).toEqual([...first].reverse())
    }))
  })

  it('is drawn uniformly: every order of three comes up about equally often', () => {
    const counts = new Map<string, number>()
    for (let pair = 0; pair < 1_200; pair++) {
      const key = unitPermutation('uniform', 2 * pair, 3).join('')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(60)
  })

  it('differs from seed to seed and is pinned', () => {
    expect(unitPermutation('a', 0, 10)).not.toEqual(unitPermutation('b', 0, 10))
    expect(unitPermutation('a', 0, 10)).toEqual(unitPermutation('a', 0, 10))
    expect(unitPermutation('pinned', 6, 8)).toEqual([6, 7, 5, 0, 3, 1, 4, 2])
  })

  it('exists for numbered units only', () => {
    for (const unit of [-1, 0.5, UNITS_MAX, Number.NaN]) expect(() => unitPermutation('s', unit, 3)).toThrow(RangeError)
  })
})

describe('evaluating a unit', () => {
  it('gives prefix values that end in v(N), one per player', () => {
    fc.assert(fc.property(anyGame(6), fc.nat(100), (game, unit) => {
      const values = evaluateUnit(game, unitPermutation('s', unit, game.players))
      const all = game.value(new Uint8Array(game.players).fill(1))
      expect(values).toHaveLength(game.players)
      expect(validateUnit(values, game.players, all)).toBe('ok')
    }))
  })

  it('adds players in the order of the permutation', () => {
    expect(evaluateUnit(tableGame([0, 1, 2, 3, 4, 5, 6, 7]), [2, 0, 1])).toEqual([4, 5, 7])
  })

  it('refuses what is no permutation of the players', () => {
    const game = tableGame([0, 1, 2, 3])
    for (const wrong of [[0], [0, 0], [0, 2], [0, -1], [0, 1, 1]]) expect(() => evaluateUnit(game, wrong)).toThrow(RangeError)
  })
})

describe('validating a unit', () => {
  it('says what cannot be right', () => {
    expect(validateUnit([1, 2], 2, 2)).toBe('ok')
    expect(validateUnit([], 0, 0)).toBe('ok')
    expect(validateUnit([1, 2], 3, 2)).toBe('wrong-length')
    expect(validateUnit([0.5, 2], 2, 2)).toBe('not-a-value')
    expect(validateUnit([VALUE_MAX + 1, 2], 2, 2)).toBe('not-a-value')
    expect(validateUnit([1, 3], 2, 2)).toBe('wrong-grand-value')
  })

  it('never throws on anything', () => {
    fc.assert(fc.property(fc.anything(), (anything) => {
      expect(validateUnit(anything as number[], 3, 5)).toMatch(/^(ok|wrong-length|not-a-value|wrong-grand-value)$/)
    }))
    const withHoles: number[] = []
    withHoles[2] = 5
    expect(validateUnit(withHoles, 3, 5)).toBe('not-a-value')
  })
})
