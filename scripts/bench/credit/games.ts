import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTableGame, creditOfRankedWinner, priorOfSingles, startWalk, type Fractions, type Game, type Prior, type Walk } from '../../../credit/index.ts'
import { peerGame } from './peer-game.ts'
import { creditOfPlurality } from './plurality.ts'

/** A recorded game with its Shapley value, both in units of which one of its own values has `unit`. */
export interface BenchGame {
  name: string
  kind: string
  game: Game
  prior: Prior
  /** In the game's own values, as is what estimates are compared in. */
  shapley: number[]
  /** Numerator and denominator per player, where it is known exactly. */
  fractions: [bigint, bigint][] | null
  unit: number
  /** The credit in closed form, in parts of `unit`, where there is one. */
  closedForm: (() => Fractions) | null
}

interface Recorded {
  name: string
  n: number
  kind: string
  shapley: number[]
  shapley_exact_fraction?: string[] | null
  value_table?: number[]
  spec: {
    weights?: number[]
    quota?: number
    min_count?: number
    blocking?: number
    costs?: number[]
    left?: number
    T?: number[][]
    coef?: number[]
    quality?: number[]
    rank?: number[]
    full_rank?: number[]
    answers?: number[][]
    truth?: number[]
    table_fraction?: string[]
  }
}

/** Values are multiplied by this where they may be fractions: a multiple of all small denominators. */
const PARTS = 720_720

/** The folder of recorded games, or null where it is absent. */
export function findGames(): string | null {
  const folder = join(process.env['PEERAGE_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data'), 'shapley')
  return existsSync(join(folder, 'games.json')) ? folder : null
}

/** All recorded games whose values can be computed, in the order of the file. */
export function readGames(folder: string): BenchGame[] {
  const recorded = JSON.parse(readFileSync(join(folder, 'games.json'), 'utf8')) as Recorded[]
  return recorded.flatMap((entry) => {
    const made = gameOf(folder, entry)
    if (made === null) return []
    const fractions = entry.shapley_exact_fraction?.map((text) => text.split('/').map(BigInt) as [bigint, bigint]) ?? null
    const shapley = fractions?.map(([above, below]) => Number(above) / Number(below)) ?? entry.shapley
    return [{ name: entry.name, kind: entry.kind, ...made, prior: priorOf(entry, made.game), shapley, fractions, closedForm: closedFormOf(entry) }]
  })
}

/**
 * What a round would know before evaluating: the value of each player alone, which is the quality of its answer, and the
 * ranking by everybody where the game has one. Other games are ranked by the values alone.
 */
function priorOf({ spec }: Recorded, game: Game): Prior {
  const alone = Array.from({ length: game.players }, (_, player) => {
    const walk = startWalk(game)
    walk.flip(player)
    return walk.value()
  })
  const order = spec.full_rank ?? spec.rank
  return order === undefined ? priorOfSingles(alone) : { quality: alone, order }
}

function closedFormOf({ kind, spec }: Recorded): (() => Fractions) | null {
  switch (kind) {
    case 'airport': return () => creditOfRankedWinner(spec.costs as number[], byDescending(spec.costs as number[]))
    case 'ranked_winner': return () => creditOfRankedWinner(spec.quality as number[], spec.rank as number[])
    case 'plurality_sum': return () => sumOfPluralities(spec.answers as number[][], spec.truth as number[])
    default: return null
  }
}

function sumOfPluralities(answers: readonly (readonly number[])[], truth: readonly number[]): Fractions {
  return answers.map((given, task) => {
    const labels = [...new Set(given)]
    return creditOfPlurality(given.map((label) => labels.indexOf(label)), labels.map((label) => label === truth[task]), PARTS)
  }).reduce((sum, { numerators }) => ({ ...sum, numerators: sum.numerators.map((numerator, player) => numerator + (numerators[player] as bigint)) }))
}

function gameOf(folder: string, { name, n, kind, spec, value_table: table }: Recorded): { game: Game; unit: number } | null {
  const whole = (game: Game): { game: Game; unit: number } => ({ game, unit: 1 })
  switch (kind) {
    case 'weighted_voting': {
      // Votes in thousands and heads in ones; too few to block is as good as the quota.
      const { weights = [], quota = 0, min_count: heads = 0, blocking = 0 } = spec
      const wins = (votes: number, count: number): boolean => (votes >= quota && count >= heads) || n - count < blocking
      return whole(sumGame(weights.map((weight) => 1_000 * weight + 1), (sum) => (wins(Math.floor(sum / 1_000), sum % 1_000) ? 1 : 0)))
    }
    case 'glove': return whole(gloveGame(n, spec.left as number))
    case 'airport': return whole(rankedGame(spec.costs as number[], byDescending(spec.costs as number[])))
    case 'ranked_winner': return whole(rankedGame(spec.quality as number[], spec.rank as number[]))
    case 'soum': return whole(unanimityGame(n, spec.T as number[][], spec.coef as number[]))
    case 'plurality_sum': return { game: pluralityGame(spec.answers as number[][], spec.truth as number[]), unit: PARTS }
    case 'table': return { game: createTableGame((spec.table_fraction as string[]).map(timesParts)), unit: PARTS }
    default: {
      if (table !== undefined) return whole(createTableGame(Float64Array.from(table)))
      const file = join(folder, 'tables', `${name}.values.i16le.bin`)
      if (existsSync(file)) return whole(createTableGame(readTable(file)))
      return n > 32 ? null : whole(peerGame(join(folder, 'tables', `${name}.json`)))
    }
  }
}

function readTable(file: string): Float64Array {
  const bytes = readFileSync(file)
  return Float64Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index))
}

function timesParts(text: string): number {
  const [above, below] = text.split('/').map(Number) as [number, number]
  return (above * PARTS) / below
}

function byDescending(values: readonly number[]): number[] {
  return values.map((_, player) => player).sort((a, b) => (values[b] as number) - (values[a] as number) || a - b)
}

/** A game given by its walk; a coalition by itself is walked to. */
function walkingGame(players: number, walk: () => Walk): Game {
  return {
    players,
    walk,
    value(members) {
      const path = walk()
      for (const [player, isIn] of members.entries()) if (isIn === 1) path.flip(player)
      return path.value()
    },
  }
}

function sumGame(weights: readonly number[], valueOf: (sum: number) => number): Game {
  return walkingGame(weights.length, () => {
    const inside = new Uint8Array(weights.length)
    let sum = 0
    return {
      flip(player) {
        inside[player] = 1 - (inside[player] as number)
        sum += (inside[player] === 1 ? 1 : -1) * (weights[player] as number)
      },
      value: () => valueOf(sum),
    }
  })
}

function gloveGame(players: number, lefts: number): Game {
  const weights = Array.from({ length: players }, (_, player) => (player < lefts ? 1_000 : 1))
  return sumGame(weights, (sum) => Math.min(Math.floor(sum / 1_000), sum % 1_000))
}

function rankedGame(quality: readonly number[], order: readonly number[]): Game {
  return {
    players: quality.length,
    value(members) {
      for (const player of order) if (members[player] === 1) return quality[player] as number
      return 0
    },
  }
}

function unanimityGame(players: number, sets: readonly (readonly number[])[], coefficients: readonly number[]): Game {
  return walkingGame(players, () => {
    const inside = new Uint8Array(players)
    const missing = sets.map((set) => set.length)
    const setsOf = Array.from({ length: players }, (_, player) => sets.flatMap((set, index) => (set.includes(player) ? [index] : [])))
    let value = 0
    return {
      flip(player) {
        const joins = inside[player] === 0
        inside[player] = joins ? 1 : 0
        for (const index of setsOf[player] as number[]) {
          if (!joins && missing[index] === 0) value -= coefficients[index] as number
          missing[index] = (missing[index] as number) + (joins ? -1 : 1)
          if (joins && missing[index] === 0) value += coefficients[index] as number
        }
      },
      value: () => value,
    }
  })
}

/** Sum over tasks of PARTS where the true answer leads the plurality, shared evenly with those that tie. */
function pluralityGame(answers: readonly (readonly number[])[], truth: readonly number[]): Game {
  const players = answers[0]?.length ?? 0
  return walkingGame(players, () => {
    const inside = new Uint8Array(players)
    const counts = answers.map((given) => new Int16Array(Math.max(...given) + 1))
    return {
      flip(player) {
        inside[player] = 1 - (inside[player] as number)
        for (const [task, given] of answers.entries()) {
          const own = counts[task] as Int16Array
          own[given[player] as number] = (own[given[player] as number] as number) + (inside[player] === 1 ? 1 : -1)
        }
      },
      value() {
        let sum = 0
        for (const [task, own] of counts.entries()) {
          const right = own[truth[task] as number] ?? 0
          if (right === 0 || own.some((count) => count > right)) continue
          sum += PARTS / own.reduce((tied, count) => tied + (count === right ? 1 : 0), 0)
        }
        return sum
      },
    }
  })
}
