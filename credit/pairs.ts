import { createFastStream } from './random.ts'

/** Coalitions drawn for a sample, each standing for itself and for its complement: row r holds who is in coalition r. */
export interface CoalitionRows {
  players: number
  count: number
  /** count * players, row-major, 1 for members; each row has at most half of the players. */
  members: Uint8Array
}

/** How many pairs of a coalition and its complement there are, nobody and everybody left out; Infinity beyond 2^53. */
export function countPairs(players: number): number {
  if (players > 53) return Infinity
  let coalitions = 1
  for (let player = 1; player < players; player++) coalitions *= 2
  return coalitions - 1
}

/**
 * The coalitions of the first `count` complementary pairs of a sample, the same for everybody who knows the seed.
 *
 * First each player alone (against all others), then sizes 2, 3, ..., n - 2 in turn, each coalition uniform among those
 * of its size that were not drawn before: a sample never pays twice for one value, and a size that is used up is known
 * exactly. A uniform size is where the variance of the Shapley value wants its samples (Musco and Witter 2025: leverage).
 *
 * @throws RangeError if there are not so many pairs
 */
export function drawPairs(init: { seed: string; players: number; count: number }): CoalitionRows {
  const { players, count } = init
  if (!Number.isInteger(count) || count < 0 || count > countPairs(players)) throw new RangeError(`count must be 0..${countPairs(players)}, got ${count}`)
  const rows = { players, count, members: new Uint8Array(count * players) }
  const alone = Math.min(count, players === 2 ? 1 : players)
  for (let row = 0; row < alone; row++) rows.members[row * players + row] = 1
  if (count === alone) return rows
  const stream = createFastStream(`${init.seed}/pairs`)
  const order = Uint16Array.from({ length: players }, (_, player) => player)
  const drawn = new Set<string | number>()
  // Pairs left of size s and n - s, at index s - 2 and at index n - s - 2.
  const left = Array.from({ length: players - 3 }, (_, index) => countPairsOfSize(players, index + 2))
  let turn = 0
  for (let row = alone; row < count; row++) {
    while (left[turn] === 0) turn = (turn + 1) % left.length
    const size = Math.min(turn + 2, players - turn - 2)
    const members = rows.members.subarray(row * players, (row + 1) * players)
    do drawCoalition(members, order, size, stream)
    while (!addNew(drawn, members))
    left[turn] = (left[turn] as number) - 1
    if (2 * size !== players) left[players - 4 - turn] = left[turn] as number
    turn = (turn + 1) % left.length
  }
  return rows
}

/** How many complementary pairs there are of a size and n less that size. */
export function countPairsOfSize(players: number, size: number): number {
  let choose = 1
  for (let k = 0; k < size; k++) choose = (choose * (players - k)) / (k + 1)
  return 2 * size === players ? choose / 2 : choose
}

/** A uniform coalition by the first steps of Fisher and Yates on whatever order there is; of two halves the one with player 0. */
function drawCoalition(members: Uint8Array, order: Uint16Array, size: number, stream: { below: (bound: number) => number }): void {
  members.fill(0)
  for (let place = 0; place < size; place++) {
    const other = place + stream.below(order.length - place)
    const player = order[other] as number
    order[other] = order[place] as number
    order[place] = player
    members[player] = 1
  }
  if (2 * size === order.length && members[0] === 0) {
    for (let player = 0; player < members.length; player++) members[player] = 1 - (members[player] as number)
  }
}

function addNew(drawn: Set<string | number>, members: Uint8Array): boolean {
  const key = members.length <= 30 ? bitmask(members) : coalitionKey(members)
  if (drawn.has(key)) return false
  drawn.add(key)
  return true
}

function bitmask(members: Uint8Array): number {
  let mask = 0
  for (let player = 0; player < members.length; player++) mask |= (members[player] as number) << player
  return mask
}

/** A coalition as text, for maps and sets: one character per 16 players. */
export function coalitionKey(members: Uint8Array): string {
  let key = ''
  for (let start = 0; start < members.length; start += 16) {
    let word = 0
    for (let player = start; player < members.length && player < start + 16; player++) word = word * 2 + (members[player] as number)
    key += String.fromCharCode(word)
  }
  return key
}
