import { describe, expect, it } from 'vitest'
import { assignBlocks, blockUnits, planCredit } from '../../credit/index.ts'
import { closeRound, computeShare } from './close.ts'
import { assignmentWeights, jointWorkOf, leavesToCheck, planOf, type JointWork } from './joint.ts'
import { ballotOf, MEMBERS, rulesWith, transcriptOf, type RoundInit } from './test/transcripts.ts'
import type { Transcript } from './transcript.ts'

/** Five players above the limit of exact credit: all 15 complementary pairs in five blocks, two members to each. */
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
  const { blocks, checks, salt } = computeShare(base, RULES, author, saltOf(player))
  return { author, phase: 'credit', blocks, checks, salt }
}

function creditWith(shares: Share[]) {
  return closeRound({ ...base, shares }, RULES).credit
}

function saltOf(player: number): Uint8Array {
  return new Uint8Array(32).fill(player)
}

/** Blocks that somebody shows without having checked any others. */
function unchecked(author: string, phase: Share['phase'], blocks: Share['blocks']): Share {
  return { author, phase, blocks, checks: [], salt: saltOf(0) }
}

/** The same share with another value in the first unit of one of its blocks. */
function lie(share: Share, block: number): Share {
  const spoil = (values: number[][]): number[][] => values.map((unit, index) => (index === 0 ? unit.map((value, at) => (at === 0 ? Math.abs(value - 1) : value)) : unit))
  return { ...share, blocks: share.blocks.map((copy) => (copy.block === block ? { ...copy, values: spoil(copy.values) } : copy)) }
}

/** A member that checks a leaf of block 3, which others were assigned. */
const checker = 0

function changeLeaf(values: number[][], index: number): number[][] {
  return values.map((unit, at) => unit.map((value, position) => (2 * at + position === index ? Math.abs(value - 1) : value)))
}

function assigneesOf(block: number): number[] {
  return PLAYERS.filter((player) => honest[player]?.blocks.some((copy) => copy.block === block))
}

describe('computeShare', () => {
  it('covers every unit of every block by as many members as the network wants', () => {
    if (plan.kind === 'exact') throw new Error('the round is small enough to be exact')
    for (let block = 0; block < plan.blocks; block++) {
      const copies = honest.flatMap(({ blocks }) => blocks.filter((copy) => copy.block === block))
      expect(copies).toHaveLength(2)
      expect(copies[0]).toEqual(copies[1])
      expect(copies[0]?.values).toHaveLength(blockUnits(plan, block).count)
    }
  })

  it('is what the agreed assignment says', () => {
    if (plan.kind === 'exact') throw new Error('the round is small enough to be exact')
    const weights = assignmentWeights(base.frozen)
    const assigned = assignBlocks({ members: base.frozen.players, weights, blocks: plan.blocks, redundancy: 2, seed: base.creditSeed })
    expect(assigned.map((_, block) => assigneesOf(block))).toEqual(assigned.map((members) => [...members].sort((a, b) => a - b)))
  })

  it('is empty for a stranger to the round, and where credit is exact', () => {
    expect(computeShare(base, RULES, MEMBERS[9] as string, saltOf(9)).blocks).toEqual([])
    expect(computeShare(base, rulesWith({ pairing: 'open' }), MEMBERS[0] as string, saltOf(0)).blocks).toEqual([])
  })
})

describe('what is evaluated of a round', () => {
  const planWith = (players: number, parameters: Parameters<typeof rulesWith>[0]): string => planOf(players, rulesWith(parameters)).kind

  it('follows from what an evaluation is agreed to cost, where that is agreed', () => {
    const cheap = { freshMicros: 10, prefixMicros: 5 }
    expect([12, 13, 14, 15].map((players) => planWith(players, {}))).toEqual(['exact', 'pairs', 'pairs', 'pairs'])
    expect([12, 13, 14, 15].map((players) => planWith(players, { creditCost: cheap }))).toEqual(['exact', 'exact', 'exact', 'pairs'])
    expect(planWith(15, { creditCost: { ...cheap, prefixMicros: 3 } })).toBe('permutations')
    expect(planWith(15, { creditCost: { ...cheap, prefixMicros: 3 }, creditPlan: 'pairs' })).toBe('pairs')
  })
})

describe('a block that its assignees leave open', () => {
  const silent = assigneesOf(2)
  const first = honest.map((share, player) => (silent.includes(player) ? { ...share, blocks: [] } : share))
  const sharesIn = (phase: 'credit-next' | 'credit-all', shares: Share[], who = PLAYERS): Share[] =>
    who.map((player) => unchecked(MEMBERS[player] as string, phase, computeShare({ ...base, phase, shares }, RULES, MEMBERS[player] as string, saltOf(player)).blocks))

  it('passes to the next in order, who are others, and with their copies is certified', () => {
    const next = sharesIn('credit-next', first)
    const takers = PLAYERS.filter((player) => next[player]?.blocks.some(({ block }) => block === 2))
    expect(takers).toHaveLength(2)
    expect(takers.some((player) => silent.includes(player))).toBe(false)
    expect(creditWith([...first, ...next])).toEqual(creditWith(honest))
  })

  it('passes to everybody if they are silent too', () => {
    const all = sharesIn('credit-all', first)
    expect(all.every(({ blocks }) => blocks.some(({ block }) => block === 2))).toBe(true)
    expect(creditWith([...first, ...all.slice(0, 3)])).toEqual(creditWith(honest))
  })

  it('is not evaluated again once it is agreed', () => {
    expect(sharesIn('credit-next', honest).every(({ blocks }) => blocks.length === 0)).toBe(true)
    expect(sharesIn('credit-all', honest).every(({ blocks }) => blocks.length === 0)).toBe(true)
  })
})

describe('credit from shares', () => {
  const full = creditWith(honest)

  it('uses all units that equal copies certify, and sums to the value of the round', () => {
    expect(full).toMatchObject({ method: 'regression', denominator: 1_000, evaluations: 30 })
    expect(full?.credit.reduce((sum, part) => sum + part, 0)).toBe((full?.grandValue ?? 0) * 1_000)
  })

  it('does not depend on the order in which shares are held', () => {
    expect(creditWith([...honest].reverse())).toEqual(full)
  })

  it('is the exact one where all pairs were evaluated, to the last digit it has', () => {
    const exact = closeRound(base, rulesWith({ pairing: 'open' })).credit
    expect(full?.standardError).toEqual([0, 0, 0, 0, 0])
    for (const player of PLAYERS) {
      const [near, value] = [full, exact].map((credit) => (credit?.credit[player] as number) / (credit?.denominator as number)) as [number, number]
      expect(Math.abs(near - value)).toBeLessThan(0.002)
    }
  })

  it('is outvoted by nobody alone: a lie about a block that two others certify changes nothing', () => {
    const rules = rulesWith({ ...RULES.parameters, creditRedundancy: 3 })
    const shares = PLAYERS.map((player): Share => unchecked(MEMBERS[player] as string, 'credit', computeShare(base, rules, MEMBERS[player] as string, saltOf(player)).blocks))
    const expected = closeRound({ ...base, shares }, rules).credit
    const liar = shares.findIndex(({ blocks }) => blocks.some(({ block }) => block === 0))
    const withLie = shares.map((share, player) => (player === liar ? lie(share, 0) : share))
    expect(withLie).not.toEqual(shares)
    expect(closeRound({ ...base, shares: withLie }, rules).credit).toEqual(expected)
  })

  it('is what it would be without the lie, where the two assignees of a block differ', () => {
    const liar = assigneesOf(4)[0] as number
    expect(creditWith(honest.map((share, player) => (player === liar ? lie(share, 4) : share)))).toEqual(full)
  })

  it('ends its sample before a block that fewer than two members evaluated', () => {
    const silent = assigneesOf(4)[0] as number
    const credit = creditWith(honest.map((share, player) => (player === silent ? { ...share, blocks: share.blocks.filter(({ block }) => block !== 4) } : share)))
    expect(credit).toMatchObject({ evaluations: 24 })
    expect(credit?.credit.reduce((sum, part) => sum + part, 0)).toBe((credit?.grandValue ?? 0) * 1_000)
  })

  it('names who lied, with a leaf that a replay refutes, and nobody else', () => {
    const liar = assigneesOf(1)[0] as number
    const { lies } = closeRound({ ...base, shares: honest.map((share, player) => (player === liar ? lie(share, 1) : share)) }, RULES)
    const [copy] = honest[liar]?.blocks.filter(({ block }) => block === 1) ?? []
    expect(lies).toEqual([{ player: liar, block: 1, leaf: 0, said: Math.abs((copy?.values[0]?.[0] as number) - 1) }])
    expect(closeRound({ ...base, shares: honest }, RULES).lies).toEqual([])
  })

  it('falls where only liars vouch for a block, by a leaf that somebody else has checked without their knowing', () => {
    const withLie = (index: number): Share[] =>
      honest.map((share) => ({ ...share, checks: [], blocks: share.blocks.map((copy) => (copy.block === 3 ? { ...copy, values: changeLeaf(copy.values, index) } : copy)) }))
    const unseen = [0, 1, 2, 3, 4, 5].filter((index) => closeRound({ ...base, shares: withLie(index) }, RULES).lies.length === 0)
    // At closing two leaves of six are replayed, whoever has checked what.
    expect(unseen.length).toBeGreaterThanOrEqual(4)
    const { checks, salt } = honest[checker] as Share
    const work = jointWorkOf(base.frozen, base.creditSeed, RULES) as JointWork
    const spot = leavesToCheck(work, salt, MEMBERS[checker] as string, checks.length).find(({ block, index }) => block === 3 && unseen.includes(index))
    const shares = withLie(spot?.index as number).map((share, player) => (player === checker ? { ...share, checks } : share))
    const result = closeRound({ ...base, shares }, RULES)
    expect(result.lies.map(({ player, block, leaf }) => ({ player, block, leaf }))).toEqual(assigneesOf(3).map((player) => ({ player, block: 3, leaf: spot?.index })))
    expect(result.credit).toEqual(full)
  })

  it('names who checked a leaf and says otherwise than it is, and changes for nothing', () => {
    const shares = honest.map((share, player) => (player === 1 ? { ...share, checks: share.checks.map((value) => Math.abs(value - 1)) } : share))
    const { credit, lies } = closeRound({ ...base, shares }, RULES)
    expect(lies.map(({ player }) => player)).toEqual([1])
    expect(credit).toEqual(full)
  })

  it('ignores copies of blocks that their author was not assigned', () => {
    const outsider = PLAYERS.find((player) => !assigneesOf(0).includes(player)) as number
    const copies = honest.flatMap(({ blocks }) => blocks.filter(({ block }) => block === 0))
    const invented = lie(unchecked(MEMBERS[outsider] as string, 'credit', copies.slice(0, 1)), 0)
    const shares = honest.map((share, player) => (player === outsider ? { ...share, blocks: [...share.blocks, ...invented.blocks] } : share))
    expect(creditWith(shares)).toEqual(full)
    expect(creditWith([...honest, unchecked(MEMBERS[9] as string, 'credit', invented.blocks)])).toEqual(full)
  })

  it('ignores shares of the wrong shape', () => {
    const bad: Share['blocks'][] = [[{ block: 0, values: [] }], [{ block: 999, values: [[1]] }], [{ block: 0, values: [[1, 2, 3]] }]]
    for (const blocks of bad) expect(creditWith([...honest, unchecked(MEMBERS[9] as string, 'credit', blocks)])).toEqual(full)
    const outsider = PLAYERS.find((player) => !assigneesOf(0).includes(player)) as number
    for (const blocks of bad) {
      expect(creditWith(honest.map((share, player) => (player === outsider ? { ...share, blocks: [...share.blocks, ...blocks] } : share)))).toEqual(full)
    }
  })

  it('falls back to what everybody evaluates, two units per player, where not even that was certified', () => {
    const alone = creditWith([])
    expect(alone).toMatchObject({ method: 'regression', evaluations: 20 })
    expect(creditWith(honest.slice(0, 1))).toEqual(alone)
    const firstOnly = honest.map((share) => ({ ...share, blocks: share.blocks.filter(({ block }) => block === 0) }))
    expect(creditWith(firstOnly)).toEqual(alone)
  })
})
