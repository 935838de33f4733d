import { describe, expect, it } from 'vitest'
import { explore, type Found } from './test/exploration.ts'

const MIXES = [
  { honest: 4, liars: 0, loss: 0, crashes: false },
  { honest: 4, liars: 0, loss: 30, crashes: true },
  { honest: 3, liars: 1, loss: 0, crashes: false },
  { honest: 3, liars: 1, loss: 20, crashes: true },
  { honest: 3, liars: 0, loss: 20, crashes: true },
  { honest: 1, liars: 0, loss: 0, crashes: true },
] as const

function exploreMany(mix: Omit<Parameters<typeof explore>[0], 'seed'>, seeds: number): Found[] {
  return Array.from({ length: seeds }, (_, seed) => explore({ seed: `${mix.honest}+${mix.liars}/${seed}`, ...mix }))
}

describe('whatever the order of messages, losses, timers and crashes', () => {
  for (const mix of MIXES) {
    it(`no two final blocks fork, nobody contradicts itself, and all get on: ${JSON.stringify(mix)}`, () => {
      for (const [seed, { forks, contradictions, gained }] of exploreMany({ ...mix, steps: 400 }, 80).entries()) {
        expect({ seed, forks, contradictions }).toEqual({ seed, forks: [], contradictions: [] })
        expect(Math.min(...gained), `seed ${seed}`).toBeGreaterThan(0)
      }
    })
  }

  it('liars of more than a third can fork the chain: the search would see it', () => {
    const found = exploreMany({ honest: 2, liars: 2, steps: 600, loss: 0, crashes: false }, 80)
    expect(found.some(({ forks }) => forks.length > 0)).toBe(true)
  })
})
