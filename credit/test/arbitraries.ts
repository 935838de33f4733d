import fc from 'fast-check'
import type { Game } from '../game.ts'
import { createTableGame } from '../game.ts'

/** Any integer game with v(empty) = 0, as its table. */
export function anyTable(playersMax: number, playersMin = 1): fc.Arbitrary<number[]> {
  return fc.integer({ min: playersMin, max: playersMax }).chain((players) =>
    fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2 ** players - 1, maxLength: 2 ** players - 1 })
      .map((values) => [0, ...values]))
}

/** Any integer game. */
export function anyGame(playersMax: number, playersMin = 1): fc.Arbitrary<Game> {
  return anyTable(playersMax, playersMin).map(createTableGame)
}
