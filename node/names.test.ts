import { describe, expect, it } from 'vitest'
import { nameOf } from './names.ts'

describe('names', () => {
  it('gives one id one name, pinned', () => {
    expect(nameOf('12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8')).toBe('shy-white-newt')
  })

  it('is adjective-colour-animal, with at least 64 words in each place, none twice', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => nameOf(`member ${index}`))
    expect(names.every((name) => /^[a-z]+-[a-z]+-[a-z]+$/.test(name))).toBe(true)
    for (const place of [0, 1, 2]) {
      const counts = new Map<string, number>()
      for (const name of names) {
        const word = name.split('-')[place] as string
        counts.set(word, (counts.get(word) ?? 0) + 1)
      }
      expect(counts.size).toBeGreaterThanOrEqual(64)
      const even = names.length / counts.size
      for (const [word, count] of counts) expect(count, word).toBeLessThan(even * 1.6)
    }
  })

  it('rarely gives two members one name', () => {
    const names = new Set(Array.from({ length: 1000 }, (_, index) => nameOf(`member ${index}`)))
    expect(names.size).toBeGreaterThanOrEqual(997)
  })
})
