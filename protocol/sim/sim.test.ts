import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.ts'

describe('a simulated network', () => {
  it.each([[4, 1, 40], [7, 1, 15], [3, 1, 10], [1, 1, 3]])('of %i nodes: no seed breaks an invariant or stalls', (nodes, from, seeds) => {
    for (let seed = from; seed < from + seeds; seed++) {
      const { violations, stalls } = simulate({ seed, nodes })
      expect({ seed, violations, stalls }).toEqual({ seed, violations: [], stalls: [] })
    }
  }, 120_000)

  it('gives one trace for one seed, and another for another', () => {
    const [once, twice, other] = [17, 17, 18].map((seed) => simulate({ seed, nodes: 4 }))
    expect(twice).toEqual(once)
    expect(other?.traceHash).not.toBe(once?.traceHash)
  })
})
