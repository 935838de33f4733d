import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Game } from './game.ts'
import { createTableGame, VALUE_MAX } from './game.ts'
import { countPairs } from './pairs.ts'
import { anyGame } from './test/arbitraries.ts'
import { createWork, evaluateLeaves, evaluateUnits, leafCoalition, unitPermutation, validateUnit, type Work } from './work.ts'

const anyKind = fc.constantFrom('permutations', 'pairs')

function workOf(kind: Work['kind'], players: number, seed: string, units = 8): Work {
  return createWork({ plan: { kind, units: kind === 'pairs' ? Math.min(units, countPairs(players)) : units }, seed, players })
}

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
    expect(unitPermutation('pinned', 6, 8)).toEqual([6, 7, 5, 0, 3, 1, 4, 2])
  })
})

describe('the coalitions of a unit', () => {
  it('are the prefixes of a permutation', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(7), (players, unit) => {
      const work = workOf('permutations', players, 's')
      const order = unitPermutation('s', unit, players)
      for (let position = 0; position < players; position++) {
        const members = leafCoalition(work, unit, position)
        expect([...members.keys()].filter((player) => members[player] === 1)).toEqual(order.slice(0, position + 1).sort((a, b) => a - b))
      }
    }))
  })

  it('of a pair are complements', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(7), (players, pick) => {
      const work = workOf('pairs', players, 's')
      const unit = pick % work.units
      expect([...leafCoalition(work, unit, 1)]).toEqual(Array.from(leafCoalition(work, unit, 0), (isIn) => 1 - isIn))
    }))
  })

  it('exist for numbered units and positions only', () => {
    for (const work of [workOf('permutations', 3, 's'), workOf('pairs', 4, 's', 7)]) {
      for (const unit of [-1, 0.5, work.units, Number.NaN]) expect(() => leafCoalition(work, unit, 0)).toThrow(RangeError)
      for (const position of [-1, 0.5, work.leaves]) expect(() => leafCoalition(work, 0, position)).toThrow(RangeError)
    }
    expect(() => createWork({ plan: { kind: 'pairs', units: 8 }, seed: 's', players: 4 })).toThrow(RangeError)
  })
})

describe('evaluating units', () => {
  it('gives the value of each coalition, whether the game walks or not', () => {
    fc.assert(fc.property(anyGame(6, 2), anyKind, fc.string(), (game, kind, seed) => {
      const work = workOf(kind, game.players, seed)
      const standing: Game = { players: game.players, value: game.value }
      const values = evaluateUnits(game, work, 0, work.units)
      expect(evaluateUnits(standing, work, 0, work.units)).toEqual(values)
      expect(values).toEqual(Array.from({ length: work.units }, (_, unit) =>
        Array.from({ length: work.leaves }, (_, position) => game.value(leafCoalition(work, unit, position)))))
    }))
  })

  it('gives single leaves alike, in whatever order they are asked for', () => {
    fc.assert(fc.property(anyGame(6, 2), anyKind, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 12 }), (game, kind, places) => {
      const work = workOf(kind, game.players, 's')
      const leaves = places.map(([unit, position]) => ({ unit: unit % work.units, position: position % work.leaves }))
      const values = evaluateUnits(game, work, 0, work.units)
      expect(evaluateLeaves(game, work, leaves)).toEqual(leaves.map(({ unit, position }) => values[unit]?.[position]))
    }))
  })

  it('gives any part of them alike, and passes its own check', () => {
    fc.assert(fc.property(anyGame(5, 2), anyKind, fc.nat(6), (game, kind, first) => {
      const work = workOf(kind, game.players, 's')
      const from = Math.min(first, work.units - 1)
      const all = evaluateUnits(game, work, 0, work.units)
      expect(evaluateUnits(game, work, from, work.units - from)).toEqual(all.slice(from))
      const grandValue = game.value(new Uint8Array(game.players).fill(1))
      for (const values of all) expect(validateUnit(values, work, grandValue)).toBe('ok')
    }))
  })

  it('refuses values that are no bounded integers', () => {
    expect(() => evaluateUnits(createTableGame([0, 0.5, 0, 0]), workOf('permutations', 2, 's'), 0, 2)).toThrow(RangeError)
  })
})

describe('validating a unit', () => {
  const permutations = (leaves: number) => ({ kind: 'permutations', leaves }) as const

  it('says what cannot be right', () => {
    expect(validateUnit([1, 2], permutations(2), 2)).toBe('ok')
    expect(validateUnit([], permutations(0), 0)).toBe('ok')
    expect(validateUnit([1, 2], permutations(3), 2)).toBe('wrong-length')
    expect(validateUnit([0.5, 2], permutations(2), 2)).toBe('not-a-value')
    expect(validateUnit([VALUE_MAX + 1, 2], permutations(2), 2)).toBe('not-a-value')
    expect(validateUnit([1, 3], permutations(2), 2)).toBe('wrong-grand-value')
    expect(validateUnit([1, 3], { kind: 'pairs', leaves: 2 }, 2)).toBe('ok')
  })

  it('never throws on anything', () => {
    fc.assert(fc.property(fc.anything(), (anything) => {
      expect(validateUnit(anything as number[], permutations(3), 5)).toMatch(/^(ok|wrong-length|not-a-value|wrong-grand-value)$/)
    }))
    const withHoles: number[] = []
    withHoles[2] = 5
    expect(validateUnit(withHoles, permutations(3), 5)).toBe('not-a-value')
  })
})
