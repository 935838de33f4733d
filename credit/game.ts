/**
 * Largest |v(S)| of a game. With it every sum in this folder stays a safe integer: exact numerators reach at most
 * 2 * 4e9 * lcm(1..16) < 2^53, sums over 2^20 permutations at most 2 * 4e9 * 2^20 < 2^53.
 */
export const VALUE_MAX = 4_000_000_000

/**
 * A cooperative game over players 0..players-1.
 *
 * `value(members)` is v(S) for S = { i : members[i] = 1 }: an integer in micro-units, |v| <= VALUE_MAX, and
 * v(empty) = 0. It must be a pure function of the membership. The array is borrowed: the caller changes it
 * between calls, so an implementation neither keeps nor writes it.
 */
export interface Game {
  players: number
  value(members: Uint8Array): number
  /** Where it is cheaper to change a coalition than to look at one afresh; to the same values. */
  walk?: () => Walk
}

/** A coalition that changes by one player at a time, from nobody on. `flip` puts the player in or out; `value` is v of who is in. */
export interface Walk {
  flip: (player: number) => void
  value: () => number
}

/** A walk over any game, with values checked against the contract of a game: `value` throws a RangeError where they break it. */
export function startWalk(game: Game): Walk {
  const walk = game.walk?.() ?? startPlainWalk(game)
  return {
    flip: walk.flip,
    value() {
      const value = walk.value()
      assertValue(value)
      return value
    },
  }
}

function startPlainWalk(game: Game): Walk {
  const members = new Uint8Array(game.players)
  return {
    flip(player) {
      members[player] = 1 - (members[player] as number)
    },
    value: () => game.value(members),
  }
}

/**
 * v(S), checked against the contract of a game.
 *
 * @throws RangeError if the value is no integer within VALUE_MAX
 */
export function evaluateCoalition(game: Game, members: Uint8Array): number {
  const value = game.value(members)
  assertValue(value)
  return value
}

/** @throws RangeError if `value` is no integer within VALUE_MAX */
export function assertValue(value: number): void {
  if (!isValue(value)) throw new RangeError(`value of a coalition must be an integer within ${VALUE_MAX}, got ${value}`)
}

/** Whether `value` is an integer that v(S) may take. */
export function isValue(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= VALUE_MAX
}

/** @throws RangeError if the number of players is no non-negative integer or v(empty) is not 0 */
export function assertGame(game: Game): void {
  if (!Number.isInteger(game.players) || game.players < 0) {
    throw new RangeError(`players must be a non-negative integer, got ${game.players}`)
  }
  const empty = evaluateCoalition(game, new Uint8Array(game.players))
  if (empty !== 0) throw new RangeError(`value of the empty coalition must be 0, got ${empty}`)
}

/** A game whose value is looked up by bitmask: bit i = player i. */
export function createTableGame(table: ArrayLike<number>): Game {
  const players = 31 - Math.clz32(table.length)
  return {
    players,
    value(members) {
      let mask = 0
      for (let player = 0; player < players; player++) mask |= (members[player] as number) << player
      return table[mask] as number
    },
    walk() {
      let mask = 0
      return {
        flip(player) {
          mask ^= 1 << player
        },
        value: () => table[mask] as number,
      }
    },
  }
}
