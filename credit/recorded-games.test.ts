import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXACT_PLAYERS_MAX, computeExactCredit } from './exact.ts'
import type { Game } from './game.ts'
import { evaluateUnit, unitPermutation } from './permutations.ts'
import { collectShares, creditFromShares } from './shares.ts'
import { airportGame, gloveGame, pluralityGame, rankedWinnerGame, tableGame, unanimityGame, votingGame } from './test/games.ts'

interface RecordedGame {
  name: string
  n: number
  kind: string
  spec: Record<string, unknown>
  shapley: number[]
  shapley_exact_fraction?: string[] | null
  value_table?: number[]
}

const folder = join(process.env['PEERAGE_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', 'shared', 'data'), 'shapley')
const present = existsSync(join(folder, 'games.json'))
const recorded = present ? (JSON.parse(readFileSync(join(folder, 'games.json'), 'utf8')) as RecordedGame[]) : []
if (!present) console.info(`skipped: no recorded games in ${folder}`)

/** Evaluates the games in this many parts of their unit, so that shares of ties and table fractions are integers. */
const UNIT = 720_720

const withFractions = recorded.filter((game) => Array.isArray(game.shapley_exact_fraction))

describe.skipIf(!present)('games with known exact Shapley values', () => {
  const small = withFractions.filter((game) => game.n <= EXACT_PLAYERS_MAX)

  it('are there in numbers', () => {
    expect(small.length).toBeGreaterThanOrEqual(30)
    expect(small.map(({ name }) => name)).toEqual(expect.arrayContaining(['un_security_council', 'eec1958', 'glove_2_3', 'airport10']))
  })

  it.each(small.map((game) => [game.name, game] as const))('%s has its published credit, exactly', (_, entry) => {
    const { game, unit } = gameOf(entry)
    const { credit, denominator } = computeExactCredit(game)
    for (const [player, fraction] of (entry.shapley_exact_fraction as string[]).entries()) {
      const [above, below] = fraction.split('/').map(BigInt) as [bigint, bigint]
      expect(BigInt(credit[player] as number) * below).toBe(above * BigInt(denominator) * BigInt(unit))
    }
  })

  const largeNames = [
    'airport100', 'glove_20_30', 'us_electoral_college_2024', 'eu27_nice_weights_only', 'ranked_winner_n32', 'soum_n32_b120_max4',
    'peer_borda_n12', 'peer_bt_n12',
  ]
  const large = recorded.filter(({ name }) => largeNames.includes(name))

  it.each(large.map((game) => [game.name, game] as const))('%s is met by sampled credit within its standard error', (name, entry) => {
    const { game, unit } = gameOf(entry, 10_000)
    const grandValue = game.value(new Uint8Array(game.players).fill(1))
    const shares = collectShares(Array.from({ length: 400 }, (_, index) => ({ unit: index, values: evaluateUnit(game, unitPermutation(name, index, game.players)) })))
    const sampled = creditFromShares({ shares, players: game.players, grandValue, seed: name })
    expect(sampled?.credit.reduce((sum, numerator) => sum + numerator, 0)).toBe(grandValue * 400)
    const errorsInUnits = entry.shapley.map((truth, player) => {
      const distance = Math.abs((sampled?.credit[player] as number) / 400 - truth * unit)
      return distance / Math.max(sampled?.standardError?.[player] as number, unit / 100)
    })
    expect(Math.max(...errorsInUnits)).toBeLessThan(4.5)
    expect(errorsInUnits.filter((error) => error < 2).length).toBeGreaterThan(0.8 * game.players)
  })
})

/** The game of a record, and how many of our units are one of its own. */
function gameOf(entry: RecordedGame, unit = 1): { game: Game; unit: number } {
  const spec = entry.spec as {
    weights: number[]; quota: number; min_count?: number; blocking?: number; costs: number[]; left: number; right: number
    T: number[][]; coef: number[]; quality: number[]; rank: number[]; answers: number[][]; truth: number[]; table_fraction: string[]
  }
  const times = (game: Game): { game: Game; unit: number } => ({ game: { players: game.players, value: (members) => game.value(members) * unit }, unit })
  switch (entry.kind) {
    case 'weighted_voting': return times(votingGame(spec.weights, spec.quota))
    case 'airport': return times(airportGame(spec.costs))
    case 'glove': return times(gloveGame(spec.left, spec.right))
    case 'soum': return times(unanimityGame(entry.n, spec.T, spec.coef))
    case 'ranked_winner': return times(rankedWinnerGame(spec.quality, spec.rank))
    case 'plurality_sum': return { game: pluralityGame(spec.answers, spec.truth, UNIT), unit: UNIT }
    case 'table': return { game: tableGame(spec.table_fraction.map((text) => timesFraction(text, UNIT))), unit: UNIT }
    default: return times(tableGame(entry.value_table ?? readTable(entry.name)))
  }
}

function readTable(name: string): number[] {
  const bytes = readFileSync(join(folder, 'tables', `${name}.values.i16le.bin`))
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index))
}

function timesFraction(text: string, unit: number): number {
  const [above, below] = text.split('/').map(Number) as [number, number]
  return (above * unit) / below
}
