import { sha256 } from '../consensus/index.ts'

/**
 * A fast stream of pseudo-random integers that everyone derives from the same seed: xoshiro128** (Blackman and Vigna
 * 2018), started from the SHA-256 of the seed. For drawing samples by the hundred thousand from a seed that nobody can
 * choose; where the numbers themselves must be unpredictable, use the hash.
 *
 * @returns `below(n)`: uniform on 0..n-1 for integers 1 <= n <= 2^20, by rejection, without bias
 */
export function createFastStream(seed: string): { below: (bound: number) => number } {
  const digest = sha256(seed)
  let [a, b, c, d] = [0, 1, 2, 3].map((word) => parseInt(digest.slice(8 * word, 8 * word + 8), 16) | 0) as [number, number, number, number]
  if ((a | b | c | d) === 0) a = 1
  const next = (): number => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
  return {
    below(bound) {
      for (;;) {
        const product = next() * bound
        const high = Math.floor(product / 0x1_0000_0000)
        const low = product - high * 0x1_0000_0000
        if (low >= bound || low >= 0x1_0000_0000 % bound) return high
      }
    },
  }
}
