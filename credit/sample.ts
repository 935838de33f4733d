import type { CoalitionRows } from './pairs.ts'
import type { Work } from './work.ts'
import { unitPermutation } from './work.ts'

/** Evaluated complementary pairs: v of the coalition in each row, and v of its complement. */
export interface PairSample extends CoalitionRows {
  inside: Float64Array
  outside: Float64Array
  /** Rows that were drawn together, one after the other: 1 where each is drawn by itself and none twice. */
  groupRows: number
}

/**
 * The complementary pairs in the values of units 0, 1, 2, ...: of pairs each unit, of antithetic permutations the prefixes
 * of both (an odd one out at the end is left out), turned so that a row has at most half of the players.
 */
export function gatherPairs(work: Work, units: readonly (readonly number[])[]): PairSample {
  return work.kind === 'pairs' ? gatherUnits(work, units) : gatherPrefixes(work, units)
}

function gatherUnits({ players, rows }: Extract<Work, { kind: 'pairs' }>, units: readonly (readonly number[])[]): PairSample {
  const count = units.length
  const sample: PairSample = { players, count, members: rows.members.subarray(0, count * players), inside: new Float64Array(count), outside: new Float64Array(count), groupRows: 1 }
  for (let row = 0; row < count; row++) {
    const [inside, outside] = units[row] as [number, number]
    sample.inside[row] = inside
    sample.outside[row] = outside
  }
  return sample
}

function gatherPrefixes({ players, seed }: Extract<Work, { kind: 'permutations' }>, units: readonly (readonly number[])[]): PairSample {
  const prefixes = Math.max(0, players - 1)
  const count = Math.floor(units.length / 2) * prefixes
  const sample: PairSample = { players, count, members: new Uint8Array(count * players), inside: new Float64Array(count), outside: new Float64Array(count), groupRows: prefixes }
  for (let pair = 0; 2 * pair + 1 < units.length; pair++) {
    const permutation = unitPermutation(seed, 2 * pair, players)
    for (let position = 0; position < prefixes; position++) {
      const row = pair * prefixes + position
      const prefix = (units[2 * pair] as readonly number[])[position] as number
      const rest = (units[2 * pair + 1] as readonly number[])[players - 2 - position] as number
      const isSmall = 2 * (position + 1) <= players
      for (const player of isSmall ? permutation.slice(0, position + 1) : permutation.slice(position + 1)) sample.members[row * players + player] = 1
      sample.inside[row] = isSmall ? prefix : rest
      sample.outside[row] = isSmall ? rest : prefix
    }
  }
  return sample
}
