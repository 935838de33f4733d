import { describe, expect, it } from 'vitest'
import { assignBlocks, blockUnits, planCredit } from '../../credit/index.ts'
import { closeRound, computeShare } from './close.ts'
import { ballotOf, MEMBERS, rulesWith, transcriptOf, type RoundInit } from './test/transcripts.ts'
import type { Transcript } from './transcript.ts'

/** Five players above the limit of exact credit: ten pairs of permutations in five blocks, two members to each. */
const RULES = rulesWith({ pairing: 'open', exactPlayersMax: 3, creditPairs: 10, creditRedundancy: 2 })
const ROUND: RoundInit = {
  answers: ['a', 'b', 'a', 'c', 'b'],
  ballots: [0, 1, 2, 3, 4].map((judge) => ballotOf([0, 1, 'left'], [2, 3, 'left'], [0, 4, judge % 2 === 0 ? 'left' : 'right'], [2, 4, 'tie'])),
  accepted: ['a'],
}
type Share = Transcript['shares'][number]

const PLAYERS = [0, 1, 2, 3, 4]
const base = transcriptOf(ROUND)
const honest: Share[] = PLAYERS.map((player) => shareOf(player))
const plan = planCredit({ players: 5, exactPlayersMax: 3, pairs: 10 })

function shareOf(player: number): Share {
  const author = MEMBERS[player] as string
  return { author, blocks: computeShare(base, RULES, author) }
}

function creditWith(shares: Share[]) {
  return closeRound({ ...base, shares }, RULES).credit
}

/** The same share with another value in the first unit of one of its blocks. */
function lie(share: Share, block: number): Share {
  const spoil = (values: number[][]): number[][] => values.map((unit, index) => (index === 0 ? unit.map((value, at) => (at === 0 ? 1_000_000 - value : value)) : unit))
  return { ...share, blocks: share.blocks.map((copy) => (copy.block === block ? { ...copy, values: spoil(copy.values) } : copy)) }
}

function assigneesOf(block: number): number[] {
  return PLAYERS.filter((player) => honest[player]?.blocks.some((copy) => copy.block === block))
}

describe('computeShare', () => {
  it('covers every unit of every block by as many members as the network wants', () => {
    if (plan.kind !== 'permutations') throw new Error('the round is small enough to be exact')
    for (let block = 0; block < plan.blocks; block++) {
      const copies = honest.flatMap(({ blocks }) => blocks.filter((copy) => copy.block === block))
      expect(copies).toHaveLength(2)
      expect(copies[0]).toEqual(copies[1])
      expect(copies[0]?.values).toHaveLength(blockUnits(plan, block).count)
    }
  })

  it('is what the agreed assignment says', () => {
    if (plan.kind !== 'permutations') throw new Error('the round is small enough to be exact')
    const weights = base.frozen.judgeWeights.map((weight) => Math.max(0, weight))
    const assigned = assignBlocks({ members: base.frozen.players, weights, blocks: plan.blocks, redundancy: 2, seed: base.creditSeed })
    expect(assigned.map((_, block) => assigneesOf(block))).toEqual(assigned.map((members) => [...members].sort((a, b) => a - b)))
  })

  it('is empty for a stranger to the round, and where credit is exact', () => {
    expect(computeShare(base, RULES, MEMBERS[9] as string)).toEqual([])
    expect(computeShare(base, rulesWith({ pairing: 'open' }), MEMBERS[0] as string)).toEqual([])
  })

  it('ends every unit with the value of the round', () => {
    const { evaluation } = closeRound(base, RULES)
    for (const { values } of honest.flatMap(({ blocks }) => blocks)) for (const unit of values) expect(unit.at(-1)).toBe(evaluation.micro)
  })
})

describe('credit from shares', () => {
  const full = creditWith(honest)

  it('uses all units that equal copies certify, and sums to the value of the round', () => {
    expect(full).toMatchObject({ method: 'permutations', denominator: 20, evaluations: 100 })
    expect(full?.credit.reduce((sum, part) => sum + part, 0)).toBe((full?.grandValue ?? 0) * 20)
  })

  it('does not depend on the order in which shares are held', () => {
    expect(creditWith([...honest].reverse())).toEqual(full)
  })

  it('comes near the exact one with many permutations', () => {
    const rules = rulesWith({ ...RULES.parameters, creditPairs: 400, creditRedundancy: 2 })
    const shares = PLAYERS.map((player): Share => ({ author: MEMBERS[player] as string, blocks: computeShare(base, rules, MEMBERS[player] as string) }))
    const sampled = closeRound({ ...base, shares }, rules).credit
    const exact = closeRound(base, rulesWith({ pairing: 'open' })).credit
    expect(sampled?.denominator).toBe(800)
    for (const player of PLAYERS) {
      const [near, value] = [sampled, exact].map((credit) => (credit?.credit[player] as number) / (credit?.denominator as number)) as [number, number]
      expect(Math.abs(near - value)).toBeLessThanOrEqual(4 * (sampled?.standardError?.[player] as number))
    }
  })

  it('is outvoted by nobody alone: a lie about a block that two others certify changes nothing', () => {
    const rules = rulesWith({ ...RULES.parameters, creditRedundancy: 3 })
    const shares = PLAYERS.map((player): Share => ({ author: MEMBERS[player] as string, blocks: computeShare(base, rules, MEMBERS[player] as string) }))
    const expected = closeRound({ ...base, shares }, rules).credit
    const liar = shares.findIndex(({ blocks }) => blocks.some(({ block }) => block === 0))
    const withLie = shares.map((share, player) => (player === liar ? lie(share, 0) : share))
    expect(withLie).not.toEqual(shares)
    expect(closeRound({ ...base, shares: withLie }, rules).credit).toEqual(expected)
  })

  it('ends its sample before a block on which its two assignees differ', () => {
    const liar = assigneesOf(3)[0] as number
    const credit = creditWith(honest.map((share, player) => (player === liar ? lie(share, 3) : share)))
    expect(credit).toMatchObject({ denominator: 12 })
    expect(credit?.credit.reduce((sum, part) => sum + part, 0)).toBe((credit?.grandValue ?? 0) * 12)
  })

  it('ignores copies of blocks that their author was not assigned', () => {
    const outsider = PLAYERS.find((player) => !assigneesOf(0).includes(player)) as number
    const copies = honest.flatMap(({ blocks }) => blocks.filter(({ block }) => block === 0))
    const invented = lie({ author: MEMBERS[outsider] as string, blocks: copies.slice(0, 1) }, 0)
    const shares = honest.map((share, player) => (player === outsider ? { ...share, blocks: [...share.blocks, ...invented.blocks] } : share))
    expect(creditWith(shares)).toEqual(full)
    expect(creditWith([...honest, { author: MEMBERS[9] as string, blocks: invented.blocks }])).toEqual(full)
  })

  it('ignores shares of the wrong shape', () => {
    const bad: Share['blocks'][] = [[{ block: 0, values: [] }], [{ block: 999, values: [[1]] }], [{ block: 0, values: [[1, 2, 3]] }]]
    for (const blocks of bad) expect(creditWith([...honest, { author: MEMBERS[9] as string, blocks }])).toEqual(full)
    const outsider = PLAYERS.find((player) => !assigneesOf(0).includes(player)) as number
    for (const blocks of bad) {
      expect(creditWith(honest.map((share, player) => (player === outsider ? { ...share, blocks: [...share.blocks, ...blocks] } : share)))).toEqual(full)
    }
  })

  it('falls back to the first block, evaluated by everybody, where not even that was certified', () => {
    const alone = creditWith([])
    expect(alone).toMatchObject({ method: 'permutations', denominator: 4 })
    expect(creditWith(honest.slice(0, 1))?.denominator).toBe(4)
    const firstOnly = honest.map(({ author, blocks }) => ({ author, blocks: blocks.filter(({ block }) => block === 0) }))
    expect(creditWith(firstOnly)).toEqual(alone)
  })
})
