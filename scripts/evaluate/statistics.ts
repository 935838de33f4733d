import { sha256 } from '../../consensus/index.ts'

/** A mean difference and the interval that holds 95 % of its bootstrap resamples. */
export interface Difference {
  mean: number
  low: number
  high: number
}

const RESAMPLES = 2_000
const TAIL = 0.025

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Means per place of several lists of one length. */
export function meanPerPlace(lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, place) => mean(lists.map((list) => list[place] as number)))
}

/**
 * Paired bootstrap: how much higher `ours` is than `theirs` task by task, and how that varies when tasks are drawn again with
 * replacement. Seeded: the same lists give the same interval.
 */
export function comparePaired(ours: readonly number[], theirs: readonly number[]): Difference {
  const differences = ours.map((value, place) => value - (theirs[place] as number))
  const draw = createGenerator(`bootstrap${differences.length}`)
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let count = 0; count < differences.length; count++) sum += differences[draw(differences.length)] as number
    return sum / differences.length
  }).sort((a, b) => a - b)
  const at = (fraction: number): number => means[Math.min(RESAMPLES - 1, Math.floor(fraction * RESAMPLES))] as number
  return { mean: mean(differences), low: at(TAIL), high: at(1 - TAIL) }
}

/** Whole numbers below a bound from a seed, fast and good enough for resampling: mulberry32. */
function createGenerator(seed: string): (bound: number) => number {
  let state = parseInt(sha256(seed).slice(0, 8), 16)
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
}
