import { shuffle } from '../consensus/index.ts'
import type { Game } from './game.ts'
import { isValue, startWalk } from './game.ts'
import type { CoalitionRows } from './pairs.ts'
import { drawPairs } from './pairs.ts'

/**
 * What the numbered units of a plan stand for; everybody who knows the plan and the seed holds the same. A unit is a
 * list of coalitions, its leaves, whose values make up its share.
 *
 * `permutations`: the n prefixes of a permutation; units 2k and 2k + 1 are reverses of each other, so that their
 * prefixes are complements. `pairs`: a coalition and its complement.
 */
export type Work =
  | { kind: 'permutations'; players: number; units: number; leaves: number; seed: string }
  | { kind: 'pairs'; players: number; units: number; leaves: number; rows: CoalitionRows }

/** @throws RangeError if there are not so many units */
export function createWork(init: { plan: { kind: Work['kind']; units: number }; seed: string; players: number }): Work {
  const { plan: { kind, units }, seed, players } = init
  if (kind === 'permutations') return { kind, players, units, leaves: players, seed }
  return { kind, players, units, leaves: 2, rows: drawPairs({ seed, players, count: units }) }
}

/** The permutation that unit number `unit` stands for: units 2k and 2k + 1 are one and the same, forwards and backwards. */
export function unitPermutation(seed: string, unit: number, players: number): number[] {
  const inOrder = Array.from({ length: players }, (_, player) => player)
  const permutation = shuffle(inOrder, `${seed}/permutation/${Math.floor(unit / 2)}`)
  return unit % 2 === 0 ? permutation : permutation.reverse()
}

/**
 * Who is in the coalition at `position` of a unit.
 *
 * @throws RangeError if there is no such unit or position
 */
export function leafCoalition(work: Work, unit: number, position: number): Uint8Array {
  assertBelow('unit', unit, work.units)
  assertBelow('position', position, work.leaves)
  const { players } = work
  if (work.kind === 'pairs') return work.rows.members.slice(unit * players, (unit + 1) * players).map((isIn) => (position === 0 ? isIn : 1 - isIn))
  const members = new Uint8Array(players)
  for (const player of unitPermutation(work.seed, unit, players).slice(0, position + 1)) members[player] = 1
  return members
}

function assertBelow(name: string, index: number, bound: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= bound) throw new RangeError(`${name} must be 0..${bound - 1}, got ${index}`)
}

/**
 * The values of `count` units from `first` on: for each unit v of each of its coalitions. Incremental where the game is.
 *
 * @throws RangeError if a unit does not exist, or a value is no bounded integer
 */
export function evaluateUnits(game: Game, work: Work, first: number, count: number): number[][] {
  const { players } = work
  const walk = startWalk(game)
  const inside = new Uint8Array(players)
  const put = (player: number, isIn: number): void => {
    if (inside[player] === isIn) return
    inside[player] = isIn
    walk.flip(player)
  }
  return Array.from({ length: count }, (_, offset) => {
    const unit = first + offset
    assertBelow('unit', unit, work.units)
    if (work.kind === 'permutations') {
      for (let player = 0; player < players; player++) put(player, 0)
      return unitPermutation(work.seed, unit, players).map((player) => {
        put(player, 1)
        return walk.value()
      })
    }
    const { members } = work.rows
    for (let player = 0; player < players; player++) put(player, members[unit * players + player] as number)
    const value = walk.value()
    for (let player = 0; player < players; player++) walk.flip(player)
    for (let player = 0; player < players; player++) inside[player] = 1 - (inside[player] as number)
    return [value, walk.value()]
  })
}

/**
 * The values of some leaves, one after the other. Incremental where the game is.
 *
 * @throws RangeError if there is no such unit or position, or a value is no bounded integer
 */
export function evaluateLeaves(game: Game, work: Work, leaves: readonly { unit: number; position: number }[]): number[] {
  const walk = startWalk(game)
  const inside = new Uint8Array(work.players)
  return leaves.map(({ unit, position }) => {
    leafCoalition(work, unit, position).forEach((isIn, player) => {
      if (inside[player] === isIn) return
      inside[player] = isIn
      walk.flip(player)
    })
    return walk.value()
  })
}

/** Why the values of a unit cannot be right, whatever the game; 'ok' if nothing speaks against them. */
export type UnitVerdict = 'ok' | 'wrong-length' | 'not-a-value' | 'wrong-grand-value'

/** Checks the shape of a unit from elsewhere: one bounded integer per leaf, a permutation's last one v(N). Never throws. */
export function validateUnit(values: readonly number[], work: Pick<Work, 'kind' | 'leaves'>, grandValue: number): UnitVerdict {
  if (!Array.isArray(values) || values.length !== work.leaves) return 'wrong-length'
  for (let position = 0; position < work.leaves; position++) if (!isValue(values[position] as number)) return 'not-a-value'
  return work.kind === 'pairs' || work.leaves === 0 || values[work.leaves - 1] === grandValue ? 'ok' : 'wrong-grand-value'
}
