import { shuffle } from '../consensus/index.ts'
import type { Game } from './game.ts'
import { evaluateCoalition, isValue } from './game.ts'

/** Most numbered units of one sample. */
export const UNITS_MAX = 1_048_576

/**
 * The permutation that unit number `unit` stands for, the same for everybody who knows the seed. Units 2k and 2k + 1
 * are an antithetic pair: one is the other reversed, which cancels the part of the error that depends on the position.
 *
 * @throws RangeError if the unit is no integer in 0..UNITS_MAX-1
 */
export function unitPermutation(seed: string, unit: number, players: number): number[] {
  if (!Number.isInteger(unit) || unit < 0 || unit >= UNITS_MAX) throw new RangeError(`unit must be 0..${UNITS_MAX - 1}, got ${unit}`)
  const inOrder = Array.from({ length: players }, (_, player) => player)
  const permutation = shuffle(inOrder, `${seed}/permutation/${Math.floor(unit / 2)}`)
  return unit % 2 === 0 ? permutation : permutation.reverse()
}

/**
 * The prefix values of one permutation: values[k] = v(first k + 1 players), n integers, the last one v(N).
 * The player at position k adds values[k] - values[k-1] (values[-1] = 0), so what the players add always sums to v(N).
 *
 * @throws RangeError if `permutation` is none of the game's players, or a value is no bounded integer
 */
export function evaluateUnit(game: Game, permutation: readonly number[]): number[] {
  const members = new Uint8Array(game.players)
  if (permutation.length !== game.players) throw new RangeError(`permutation must have ${game.players} players, got ${permutation.length}`)
  return permutation.map((player) => {
    if (members[player] !== 0) throw new RangeError(`permutation names player ${player} twice or out of range`)
    members[player] = 1
    return evaluateCoalition(game, members)
  })
}

/** Why the values of a unit cannot be right, whatever the game; 'ok' if nothing speaks against them. */
export type UnitVerdict = 'ok' | 'wrong-length' | 'not-a-value' | 'wrong-grand-value'

/** Checks the shape of a unit from elsewhere: one bounded integer per player, ending in v(N). Never throws. */
export function validateUnit(values: readonly number[], players: number, grandValue: number): UnitVerdict {
  if (!Array.isArray(values) || values.length !== players) return 'wrong-length'
  for (let k = 0; k < players; k++) if (!isValue(values[k] as number)) return 'not-a-value'
  return players === 0 || values[players - 1] === grandValue ? 'ok' : 'wrong-grand-value'
}
