import { hash } from 'node:crypto'

/**
 * SHA-256 as 64 lowercase hex characters, the one form in which hashes travel and are compared.
 * Pure; strings are hashed as UTF-8.
 */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}

/**
 * An endless stream of pseudo-random integers that everyone derives from the same seed: SHA-256 in counter mode.
 * `below(n)` is uniform on 0..n-1 for 1 <= n <= 2^32 (rejection, no modulo bias).
 */
export function createSeededStream(seed: string): { below: (bound: number) => number } {
  let counter = 0
  let buffer: number[] = []
  const next = (): number => {
    if (buffer.length === 0) {
      const digest = sha256(`${seed}/${counter++}`)
      buffer = Array.from({ length: 8 }, (_, word) => parseInt(digest.slice(word * 8, word * 8 + 8), 16))
    }
    return buffer.shift() as number
  }
  return {
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000) throw new RangeError(`bound must be 1..2^32, got ${bound}`)
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound)
      let word = next()
      while (word >= limit) word = next()
      return word % bound
    },
  }
}

/** Fisher-Yates on a copy, driven by `seed`; the same seed and length give the same order everywhere. */
export function shuffle<T>(items: readonly T[], seed: string): T[] {
  const stream = createSeededStream(seed)
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const pick = stream.below(last + 1)
    const held = result[last] as T
    result[last] = result[pick] as T
    result[pick] = held
  }
  return result
}
