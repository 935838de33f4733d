import { describe, expect, it } from 'vitest'
import { closeRound, gameOf } from './close.ts'
import { explainCredit } from './explain.ts'
import { ballotOf, MEMBERS, rulesWith, transcriptOf } from './test/transcripts.ts'

const RULES = rulesWith({ pairing: 'open' })
const member = (index: number): string => MEMBERS[index] as string

/** Two say a, which is right, one says b; the third judges against itself. */
const ROUND = transcriptOf({
  answers: ['a', 'b', 'a'],
  ballots: [ballotOf([2, 1, 'left']), ballotOf([0, 2, 'tie']), ballotOf([0, 1, 'left'])],
  accepted: ['a'],
})

describe('explainCredit', () => {
  it('says what the others would have picked', () => {
    const only = transcriptOf({ answers: ['a', 'b', 'b'], ballots: [null, ballotOf([0, 2, 'left']), ballotOf([0, 1, 'left'])], accepted: ['a'] })
    const { pickWithout, valueWithout, grandValue } = explainCredit(only, RULES, member(0))
    expect({ grandValue, valueWithout }).toEqual({ grandValue: 1_000_000, valueWithout: 0 })
    expect([1, 2]).toContain(pickWithout)
  })

  it('bounds the credit by the best and the worst marginal of all coalitions', () => {
    const { credit } = closeRound(ROUND, RULES)
    for (const player of [0, 1, 2]) {
      const { best, worst, complete, coalitions } = explainCredit(ROUND, RULES, member(player))
      const value = (credit?.credit[player] as number) / (credit?.denominator as number)
      expect({ complete, coalitions }).toEqual({ complete: true, coalitions: 4 })
      expect(value).toBeLessThanOrEqual(best.value)
      expect(value).toBeGreaterThanOrEqual(worst.value)
    }
  })

  it('names the coalitions it speaks of: a replay gives the same values', () => {
    const { game } = gameOf(ROUND, RULES)
    for (const marginal of [explainCredit(ROUND, RULES, member(1)).best, explainCredit(ROUND, RULES, member(1)).worst]) {
      const inside = Uint8Array.from([0, 1, 2], (player) => (marginal.members.includes(player) ? 1 : 0))
      const before = game.value(inside)
      inside[1] = 1
      expect(game.value(inside) - before).toBe(marginal.value)
    }
  })

  it('looks at a sample of many players, the same every time', () => {
    const many = transcriptOf({ answers: Array.from({ length: 12 }, (_, index) => (index < 5 ? 'a' : 'b')), accepted: ['a'] })
    const explanation = explainCredit(many, RULES, member(3))
    expect(explanation).toMatchObject({ complete: false, coalitions: 64 })
    expect(explainCredit(many, RULES, member(3))).toEqual(explanation)
  })

  it('knows players only', () => {
    expect(() => explainCredit(ROUND, RULES, member(9))).toThrow(RangeError)
  })
})
