/** Seeded random numbers for simulations: small state, fast, and the same on every machine. Not for anything agreed. */
export interface Random {
  /** Uniform in 0..1. */
  unit: () => number
  /** Uniform integer in 0..bound-1. */
  below: (bound: number) => number
  chance: (probability: number) => boolean
  pick: <T>(items: readonly T[]) => T
}

/** A 32-bit counter mixed by multiplication and shifts (splitmix). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const unit = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
  const below = (bound: number): number => Math.floor(unit() * bound)
  return {
    unit,
    below,
    chance: (probability) => unit() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[below(items.length)] as (typeof items)[number]
    },
  }
}
