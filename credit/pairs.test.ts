import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../consensus/index.ts'
import { coalitionKey, countPairs, drawPairs } from './pairs.ts'
import { createFastStream } from './random.ts'
import { membersOf } from './test/games.ts'

function rowsOf(init: { seed: string; players: number; count: number }): number[][] {
  const { members } = drawPairs(init)
  return Array.from({ length: init.count }, (_, row) => [...members.slice(row * init.players, (row + 1) * init.players)])
}

const sizeOf = (row: number[]): number => row.reduce((sum, isIn) => sum + isIn, 0)

describe('drawn pairs', () => {
  it('start with each player alone and have at most half of the players', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 3, max: 40 }), fc.nat(120), (seed, players, extra) => {
      const rows = rowsOf({ seed, players, count: Math.min(players + extra, countPairs(players)) })
      for (let player = 0; player < players; player++) expect(rows[player]?.indexOf(1)).toBe(player)
      for (const row of rows) expect(2 * sizeOf(row)).toBeLessThanOrEqual(players)
    }))
  })

  it('never name a pair twice, and all of them in the end', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 2, max: 9 }), (seed, players) => {
      const rows = rowsOf({ seed, players, count: countPairs(players) })
      const named = new Set(rows.flatMap((row) => [row.join(''), row.map((isIn) => 1 - isIn).join('')]))
      expect(named.size).toBe(2 ** players - 2)
    }), { numRuns: 30 })
  })

  it('take the sizes from 2 to n - 2 in turn', () => {
    const sizes = rowsOf({ seed: 's', players: 7, count: 7 + 8 }).slice(7).map(sizeOf)
    expect(sizes).toEqual([2, 3, 3, 2, 2, 3, 3, 2])
  })

  it('are the first ones of any longer sample, and differ from seed to seed', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 4, max: 30 }), fc.nat(50), (seed, players, count) => {
      const most = Math.min(60, countPairs(players))
      const fewer = Math.min(count, most)
      expect(rowsOf({ seed, players, count: most }).slice(0, fewer)).toEqual(rowsOf({ seed, players, count: fewer }))
    }))
    expect(rowsOf({ seed: 'a', players: 20, count: 60 })).not.toEqual(rowsOf({ seed: 'b', players: 20, count: 60 }))
  })

  it('are uniform within a size: every two of five come first about equally often', () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 2_000; seed++) {
      const key = (rowsOf({ seed: `u/${seed}`, players: 5, count: 6 })[5] as number[]).join('')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(10)
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(60)
  })

  it('are pinned', () => {
    expect(sha256(drawPairs({ seed: 'pinned', players: 12, count: 300 }).members)).toBe('4eecbedd16126fa7ec04d4fccf2eab68dec5e06ad1f8636dfb4ac7ece7a1e95d')
    expect(sha256(drawPairs({ seed: 'pinned', players: 60, count: 300 }).members)).toBe('2439dbba13e789981e47cdb0a7c4fe1258e66f3ff66755e1c049755c34ef25b9')
  })

  it('cannot be more than there are', () => {
    expect([0, 1, 2, 3, 4].map(countPairs)).toEqual([0, 0, 1, 3, 7])
    expect(() => drawPairs({ seed: 's', players: 4, count: 8 })).toThrow(RangeError)
    expect(() => drawPairs({ seed: 's', players: 4, count: -1 })).toThrow(RangeError)
  })
})

describe('the key of a coalition', () => {
  it('is its own', () => {
    const keys = new Set(Array.from({ length: 2 ** 10 }, (_, mask) => coalitionKey(membersOf(mask, 10))))
    expect(keys.size).toBe(2 ** 10)
    const far = new Uint8Array(40)
    far[39] = 1
    expect(coalitionKey(far)).not.toBe(coalitionKey(new Uint8Array(40)))
  })
})

describe('the fast stream', () => {
  it('is uniform below any bound', () => {
    for (const bound of [1, 2, 3, 10, 17]) {
      const stream = createFastStream(`bound/${bound}`)
      const counts = Array.from({ length: bound }, () => 0)
      for (let draw = 0; draw < 1_000 * bound; draw++) {
        const picked = stream.below(bound)
        counts[picked] = (counts[picked] as number) + 1
      }
      for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(160)
    }
  })

  it('is the xoshiro128** of its authors, from the hash of the seed', () => {
    const stream = createFastStream('vector')
    const twin = referenceStream(sha256('vector'))
    for (let draw = 0; draw < 50; draw++) expect(stream.below(2 ** 20)).toBe(Math.floor((twin() * 2 ** 20) / 2 ** 32))
  })
})

/** As published, in bigints: rotl(s1 * 5, 7) * 9, then the linear step. */
function referenceStream(digest: string): () => number {
  const mask = 0xffff_ffffn
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & mask
  const s = [0, 1, 2, 3].map((word) => BigInt(`0x${digest.slice(8 * word, 8 * word + 8)}`)) as [bigint, bigint, bigint, bigint]
  return () => {
    const result = (rotate((s[1] * 5n) & mask, 7n) * 9n) & mask
    const t = (s[1] << 9n) & mask
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotate(s[3], 11n)
    return Number(result)
  }
}
