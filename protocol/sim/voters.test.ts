import { describe, expect, it } from 'vitest'
import { simulateAgreement } from './voters.ts'

describe('agreement alone', () => {
  it.each([[1, 5], [2, 10], [3, 20], [4, 150], [7, 50], [10, 20], [40, 1]])('among %i voters: one chain, no contradiction, and all get on', (nodes, seeds) => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { violations, stalls } = simulateAgreement({ seed, nodes })
      expect({ seed, violations, stalls }).toEqual({ seed, violations: [], stalls: [] })
    }
  })

  it('finds a fork where a third and more lie', () => {
    // The search must be able to see what it looks for: nothing else tells that it would.
    const found = Array.from({ length: 250 }, (_, seed) => simulateAgreement({ seed, nodes: 4, liarWeight: 2 }))
    expect(found.some(({ violations }) => violations.some((what) => what.includes('another final block')))).toBe(true)
  })

  it('gives one trace for one seed', () => {
    expect(simulateAgreement({ seed: 5, nodes: 7 })).toEqual(simulateAgreement({ seed: 5, nodes: 7 }))
  })
})
