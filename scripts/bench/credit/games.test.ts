import { describe, expect, it } from 'vitest'
import { findGames, readGames } from './games.ts'
import { reproduce } from './published.ts'

const folder = findGames()
if (folder === null) console.info('skipped: no recorded games')

describe.skipIf(folder === null)('games with known Shapley values', () => {
  // Sums over a hundred tasks take seconds; the benchmark has them.
  const games = folder === null ? [] : readGames(folder).filter(({ name }) => !name.endsWith('sum100'))
  const outcomes = reproduce(games)

  it('are there in numbers', () => {
    expect(games.length).toBeGreaterThanOrEqual(55)
    expect(outcomes.filter(({ how }) => how === 'all coalitions').length).toBeGreaterThanOrEqual(30)
    const names = outcomes.filter(({ how }) => how !== 'sample').map(({ game }) => game)
    expect(names).toEqual(expect.arrayContaining(['un_security_council', 'eec1958', 'eu15_1995', 'glove_2_3', 'airport10', 'airport100', 'real_mmlu_plurality_n29_q0']))
  })

  it('are met by their plan: exactly, or by a sample within its error', () => {
    expect(outcomes.filter(({ met }) => !met)).toEqual([])
  })

  it('have values that sum to that of everybody', () => {
    for (const { game, shapley, unit, fractions } of games) {
      if (fractions === null) continue
      const whole = game.value(new Uint8Array(game.players).fill(1)) / unit
      expect(Math.abs(shapley.reduce((sum, value) => sum + value, 0) - whole)).toBeLessThan(1e-6 * Math.max(1, Math.abs(whole)))
    }
  })
})
