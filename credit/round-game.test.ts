import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RankingInput, WeighedComparison } from '../consensus/index.ts'
import { decide } from '../consensus/index.ts'
import { priorOfSingles } from './control.ts'
import { creditFromShares } from './credit-from-shares.ts'
import { computeExactCredit } from './exact.ts'
import { startWalk } from './game.ts'
import { countPairs } from './pairs.ts'
import { createRoundGame, createRoundGames } from './round-game.ts'
import { collectShares } from './shares.ts'
import { membersOf, orderFrom, tabulate } from './test/games.ts'
import type { Round } from './test/rounds.ts'
import { anyRound, relabelled, withTwins } from './test/rounds.ts'
import { createWork, evaluateUnits } from './work.ts'

const FULL = 1_000_000

function ordersOf(round: Round, seed: number): { players: number[]; answers: number[]; clusters: number[]; comparisons: number[] } {
  const clusters = new Set(round.ranking.answers.map(({ cluster }) => cluster)).size
  return {
    players: orderFrom(seed, round.ranking.answerWeights.length),
    answers: orderFrom(seed + 1, round.ranking.answers.length),
    clusters: orderFrom(seed + 2, clusters),
    comparisons: orderFrom(seed + 3, round.ranking.comparisons.length),
  }
}

/** One answer per player in clusters of its own unless given, equal weights. */
function plainRound(players: number, comparisons: WeighedComparison[], quality: number[], clusters = quality.map((_, index) => index)): Round {
  return {
    ranking: {
      answers: clusters.map((cluster, author) => ({ author, cluster })),
      comparisons,
      answerWeights: Array.from({ length: players }, () => FULL),
    },
    quality,
  }
}

describe('the value of a coalition', () => {
  it('is the quality of what the full round picks, for all members', () => {
    fc.assert(fc.property(anyRound(6), (round) => {
      const game = createRoundGame(round)
      const { tied } = decide(round.ranking)
      const qualities = tied.map((cluster) => round.quality[round.ranking.answers.findIndex((answer) => answer.cluster === cluster)] as number)
      const mean = Math.floor(qualities.reduce((sum, quality) => sum + quality, 0) / qualities.length)
      expect(game.value(new Uint8Array(game.players).fill(1))).toBe(mean)
    }))
  })

  it('is that of decide\'s winner where there is no tie, checked answer by answer or not', () => {
    fc.assert(fc.property(anyRound(6, true), (round) => {
      const { tied, winner, strengths } = decide(round.ranking)
      const equallyStrong = round.ranking.answers.filter(({ cluster }, index) => cluster === tied[0] && (strengths[index] as number) >= (strengths[winner as number] as number) - 1)
      fc.pre(tied.length === 1 && equallyStrong.length === 1)
      const game = createRoundGame(round)
      expect(game.value(new Uint8Array(game.players).fill(1))).toBe(round.quality[winner as number])
    }))
  })

  it('is that of a round in which only its members took part', () => {
    fc.assert(fc.property(anyRound(5, true), fc.nat(31), (round, bits) => {
      const game = createRoundGame(round)
      const members = membersOf(bits & (2 ** game.players - 1), game.players)
      const alone = createRoundGame(onlyMembers(round, members))
      expect(game.value(members)).toBe(alone.value(new Uint8Array(alone.players).fill(1)))
    }))
  })

  it('is 0 for nobody and where nobody answered', () => {
    fc.assert(fc.property(anyRound(5), (round) => {
      const game = createRoundGame(round)
      expect(game.value(new Uint8Array(game.players))).toBe(0)
      const silent = Uint8Array.from({ length: game.players }, (_, player) => (round.ranking.answers.some(({ author }) => author === player) ? 0 : 1))
      expect(game.value(silent)).toBe(0)
    }))
  })

  it('is the mean over exact ties, rounded down', () => {
    expect(tabulate(createRoundGame(plainRound(2, [], [FULL, 0])))).toEqual([0, FULL, 0, FULL / 2])
    expect(tabulate(createRoundGame(plainRound(3, [], [FULL, 0, 0]))).at(-1)).toBe(333_333)
  })

  it('follows the ballots of members only', () => {
    const round = plainRound(3, [{ judge: 2, left: 1, right: 0, verdict: 'left', weight: FULL }], [FULL, 0], [0, 1])
    expect(tabulate(createRoundGame(round))).toEqual([0, FULL, 0, FULL / 2, 0, FULL, 0, 0])
  })

  it('does not change when asked again or in another order', () => {
    fc.assert(fc.property(anyRound(5), fc.nat(1_000), (round, seed) => {
      const game = createRoundGame(round)
      const values = tabulate(game)
      const masks = orderFrom(seed, values.length)
      expect(masks.map((mask) => game.value(membersOf(mask, game.players)))).toEqual(masks.map((mask) => values[mask]))
    }))
  })

  it('tells coalitions of many players apart, and is right again after it was forgotten', () => {
    const { ranking, quality } = plainRound(20, [], [FULL, FULL / 2])
    let replays = 0
    const answerWeights = new Proxy(ranking.answerWeights, { get: (target, key, receiver) => ((replays += key === '0' ? 1 : 0), Reflect.get(target, key, receiver) as unknown) })
    const game = createRoundGame({ ranking: { ...ranking, answerWeights }, quality })
    const changing = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 19]
    const masks = 2 ** changing.length
    const valueOf = (mask: number): number => game.value(Uint8Array.from({ length: 20 }, (_, player) => (mask >> changing.indexOf(player)) & (changing.includes(player) ? 1 : 0)))
    const isWrong = (mask: number): boolean => valueOf(mask) !== [0, FULL, FULL / 2, (3 * FULL) / 4][mask & 3]
    replays = 0
    expect(Array.from({ length: masks }, (_, mask) => mask).filter(isWrong)).toEqual([])
    expect(replays).toBe(masks / 2)
    valueOf(1)
    expect(replays).toBe(masks / 2)
    game.value(new Uint8Array(20).fill(1))
    expect([valueOf(0), valueOf(1)]).toEqual([0, FULL])
    expect(replays).toBe(masks / 2 + 2)
  })

  it('is that of each evaluation, where several share what is picked', () => {
    fc.assert(fc.property(anyRound(5, true), fc.array(fc.array(fc.nat(FULL), { minLength: 5, maxLength: 5 }), { maxLength: 3 }), ({ ranking }, all) => {
      const qualities = all.map((each) => each.slice(0, ranking.answers.length))
      expect(createRoundGames({ ranking, qualities }).map(tabulate)).toEqual(qualities.map((quality) => tabulate(createRoundGame({ ranking, quality }))))
    }))
  })

  it('is the same by a walk, whatever way it takes, as looked at cold', () => {
    fc.assert(fc.property(anyRound(6, true), fc.array(fc.nat(5), { maxLength: 40 }), (round, flips) => {
      const walk = startWalk(createRoundGame(round))
      const members = new Uint8Array(round.ranking.answerWeights.length)
      for (const player of flips.map((flip) => flip % members.length)) {
        members[player] = 1 - (members[player] as number)
        walk.flip(player)
        expect(walk.value()).toBe(createRoundGame(round).value(members))
      }
    }))
  })

  it('is a pure function of the round: relabelling changes nothing', () => {
    fc.assert(fc.property(anyRound(6, true), fc.nat(10_000), (round, seed) => {
      const orders = ordersOf(round, seed)
      const values = tabulate(createRoundGame(round))
      const game = createRoundGame(relabelled(round, orders))
      for (const [mask, value] of values.entries()) {
        const members = membersOf(mask, game.players)
        expect(game.value(Uint8Array.from(orders.players, (old) => members[old] as number))).toBe(value)
      }
    }))
  })
})

describe('credit of a round', () => {
  it('is the same for symmetric players, exactly', () => {
    fc.assert(fc.property(anyRound(6, true), fc.boolean(), (round, apart) => {
      const { credit } = computeExactCredit(createRoundGame(withTwins(round, apart)))
      expect(credit[0]).toBe(credit[1])
    }), { numRuns: 200 })
  })

  it('sums to v(N) and moves with the names', () => {
    fc.assert(fc.property(anyRound(6, true), fc.nat(10_000), (round, seed) => {
      const orders = ordersOf(round, seed)
      const result = computeExactCredit(createRoundGame(round))
      const renamed = computeExactCredit(createRoundGame(relabelled(round, orders)))
      expect(result.credit.reduce((sum, numerator) => sum + numerator, 0)).toBe(result.grandValue * result.denominator)
      expect(renamed.credit).toEqual(orders.players.map((old) => result.credit[old]))
    }))
  })

  it('is split between duplicates', () => {
    const ranking: RankingInput = { ...plainRound(2, [], [FULL, 0]).ranking, answerWeights: [3 * FULL, FULL] }
    const lone = computeExactCredit(createRoundGame({ ranking, quality: [FULL, 0] }))
    expect(lone.credit).toEqual([FULL * lone.denominator, 0])
    const doubled = { ...plainRound(3, [], [FULL, FULL, 0], [0, 0, 1]).ranking, answerWeights: [3 * FULL, 3 * FULL, FULL] }
    const { credit, denominator } = computeExactCredit(createRoundGame({ ranking: doubled, quality: [FULL, FULL, 0] }))
    expect(credit).toEqual([(FULL * denominator) / 2, (FULL * denominator) / 2, 0])
  })

  it('is nothing for a member without answer and ballot', () => {
    fc.assert(fc.property(anyRound(5), (round) => {
      const { ranking } = round
      const wider = { ...ranking, answerWeights: [...ranking.answerWeights, FULL] }
      expect(computeExactCredit(createRoundGame({ ranking: wider, quality: round.quality })).credit.at(-1)).toBe(0)
    }))
  })

  it('is positive for the judge that finds the right answer and negative for the one that buries it', () => {
    const find: WeighedComparison[] = [{ judge: 2, left: 0, right: 1, verdict: 'left', weight: FULL }]
    const bury: WeighedComparison[] = [{ judge: 2, left: 0, right: 1, verdict: 'right', weight: FULL }]
    const finder = computeExactCredit(createRoundGame(plainRound(3, find, [FULL, 0], [0, 1])))
    const burier = computeExactCredit(createRoundGame(plainRound(3, bury, [FULL, 0], [0, 1])))
    expect(finder.credit[2]).toBe((FULL / 6) * finder.denominator)
    expect(burier.credit[2]).toBe((-FULL / 6) * burier.denominator)
    expect(burier.grandValue).toBe(0)
    expect(burier.bestSingle).toEqual({ player: 0, value: FULL })
  })

  it('is met by sampled credit within its standard error', () => {
    for (const [index, round] of fc.sample(anyRound(7), { numRuns: 6, seed: 11 }).entries()) {
      const game = createRoundGame(round)
      const exact = computeExactCredit(game)
      const units = Math.min(40, countPairs(game.players))
      const work = createWork({ plan: { kind: 'pairs', units }, seed: `round/${index}`, players: game.players })
      const shares = collectShares(evaluateUnits(game, work, 0, units).map((values, unit) => ({ unit, values })))
      const alone = Array.from({ length: game.players }, (_, player) => game.value(membersOf(2 ** player, game.players)))
      const sampled = creditFromShares({ shares, work, grandValue: exact.grandValue, prior: priorOfSingles(alone) })
      for (let player = 0; player < game.players; player++) {
        const distance = (sampled?.credit[player] as number) / 1_000 - (exact.credit[player] as number) / exact.denominator
        expect(Math.abs(distance)).toBeLessThanOrEqual(1 + 4 * (sampled?.standardError?.[player] as number))
      }
    }
  })
})

describe('a round that does not fit together', () => {
  it('is refused', () => {
    const { ranking, quality } = plainRound(2, [{ judge: 0, left: 0, right: 1, verdict: 'tie', weight: FULL }], [1, 2])
    const comparison = ranking.comparisons[0] as WeighedComparison
    expect(() => createRoundGame({ ranking, quality: [1] })).toThrow(RangeError)
    expect(() => createRoundGame({ ranking, quality: [1, 0.5] })).toThrow(RangeError)
    expect(() => createRoundGame({ ranking: { ...ranking, answerWeights: [1] }, quality })).toThrow(RangeError)
    expect(() => createRoundGame({ ranking: { ...ranking, answers: [{ author: 2, cluster: 0 }, { author: 0, cluster: 1 }] }, quality })).toThrow(RangeError)
    for (const wrong of [{ judge: 2 }, { left: 2 }, { right: -1 }, { right: 0 }]) {
      expect(() => createRoundGame({ ranking: { ...ranking, comparisons: [{ ...comparison, ...wrong }] }, quality })).toThrow(RangeError)
    }
  })
})

/** The round as it would have been recorded had only `members` been there: the slow, obvious way, by name. */
function onlyMembers(round: Round, members: Uint8Array): Round {
  const { ranking } = round
  const players = [...members.keys()].filter((player) => members[player] === 1)
  const named = ranking.answers.map((answer, index) => ({ ...answer, index })).filter(({ author }) => players.includes(author))
  const clusters = [...new Set(named.map(({ cluster }) => cluster))]
  const answerOf = (index: number): number => named.findIndex((answer) => answer.index === index)
  return {
    ranking: {
      answers: named.map(({ author, cluster }) => ({ author: players.indexOf(author), cluster: clusters.indexOf(cluster) })),
      comparisons: ranking.comparisons
        .map(({ judge, left, right, ...said }) => ({ ...said, judge: players.indexOf(judge), left: answerOf(left), right: answerOf(right) }))
        .filter(({ judge, left, right }) => judge >= 0 && left >= 0 && right >= 0),
      answerWeights: players.map((player) => ranking.answerWeights[player] as number),
    },
    quality: named.map(({ index }) => round.quality[index] as number),
  }
}
