import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { poolTrial } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../encoding.ts'
import { resultHash } from '../ledger/close-round.ts'
import { resultSchema, type RoundResult } from '../ledger/result.ts'
import { closeRound } from './close.ts'
import { anyRound, ballotOf, rulesWith, transcriptOf, type RoundInit } from './test/transcripts.ts'

const RULES = rulesWith({ pairing: 'open' })
const SPLIT: RoundInit = {
  answers: ['a', 'b', 'a', 'c'],
  ballots: [ballotOf([1, 3, 'left'], [2, 1, 'left']), ballotOf([0, 3, 'left'], [2, 3, 'left']), ballotOf([0, 1, 'left'], [0, 3, 'left']), ballotOf([0, 1, 'left'])],
}

function creditSum({ credit }: RoundResult): bigint | null {
  return credit === null ? null : credit.credit.reduce((sum, part) => sum + BigInt(part), 0n)
}

describe('closeRound', () => {
  it('gives a valid result for any transcript: bytes that are read back as they were', () => {
    fc.assert(fc.property(anyRound, fc.integer({ min: 1, max: 4 }), (init, exactPlayersMax) => {
      const result = closeRound(transcriptOf(init), rulesWith({ pairing: 'open', exactPlayersMax, creditPairs: 3 }))
      expect(resultSchema.parse(decodeCanonical(encode(result)))).toEqual(result)
    }))
  })

  it('shares out exactly the value of the round, and points only over positive credit', () => {
    fc.assert(fc.property(anyRound, fc.integer({ min: 1, max: 8 }), (init, exactPlayersMax) => {
      const result = closeRound(transcriptOf(init), rulesWith({ pairing: 'open', exactPlayersMax, creditPairs: 3 }))
      const { credit, points, evaluation } = result
      if (credit === null) {
        expect(points.every((share) => share === 0)).toBe(true)
        return
      }
      expect(credit.grandValue).toBe(evaluation.micro)
      expect(creditSum(result)).toBe(BigInt(credit.grandValue) * BigInt(credit.denominator))
      const paid = points.reduce((sum, share) => sum + share, 0)
      expect(paid).toBe(credit.credit.some((part) => part > 0) ? RULES.parameters.pointsPerRound : 0)
      for (const [player, share] of points.entries()) if (share > 0) expect(credit.credit[player]).toBeGreaterThan(0)
    }))
  })

  it('has masses and strengths that sum to one wherever there is an answer', () => {
    fc.assert(fc.property(anyRound, (init) => {
      const { answers, clusters, winner, tied } = closeRound(transcriptOf(init), RULES)
      const sumOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0)
      if (answers.length === 0) {
        expect({ winner, tied, clusters }).toEqual({ winner: null, tied: [], clusters: [] })
        return
      }
      expect(sumOf(answers.map(({ strength }) => strength))).toBe(1_000_000)
      expect(sumOf(clusters.map(({ mass }) => mass))).toBe(1_000_000)
      expect(tied).toContain(answers[winner as number]?.cluster)
    }))
  })

  it('is a function of the transcript: the same bytes every time', () => {
    fc.assert(fc.property(anyRound, (init) => {
      expect(resultHash(closeRound(transcriptOf(init), RULES))).toBe(resultHash(closeRound(transcriptOf(init), RULES)))
    }), { numRuns: 20 })
  })

  it('does not depend on the order of ballots', () => {
    const transcript = transcriptOf(SPLIT)
    const turned = { ...transcript, ballots: [...transcript.ballots].reverse() }
    expect(closeRound(turned, RULES)).toEqual(closeRound(transcript, RULES))
  })

  it('evaluates by the truth: what the swarm picked is right or wrong', () => {
    expect(closeRound(transcriptOf({ ...SPLIT, accepted: ['a'] }), RULES).evaluation).toEqual({ source: 'truth', micro: 1_000_000, success: true })
    expect(closeRound(transcriptOf({ ...SPLIT, accepted: ['c'] }), RULES).evaluation).toEqual({ source: 'truth', micro: 0, success: false })
  })

  it('evaluates by consensus where there is nothing else', () => {
    const { evaluation, clusters } = closeRound(transcriptOf(SPLIT), RULES)
    expect(evaluation.source).toBe('consensus')
    expect(evaluation.micro).toBeGreaterThan(500_000)
    expect(clusters[0]).toMatchObject({ value: 'a' })
  })

  it('rates nothing below three players', () => {
    const result = closeRound(transcriptOf({ answers: ['a', 'b'], ballots: [null, null], accepted: ['a'] }), RULES)
    expect(result).toMatchObject({ rated: false, credit: null, points: [0, 0], winner: 0 })
    expect([...result.answering, ...result.judging.map(poolTrial)].every(({ success, failure }) => success + failure === 0)).toBe(true)
    expect(closeRound(transcriptOf({ answers: ['a', 'b'], ballots: [null, null, ballotOf([0, 1, 'left'])], accepted: ['a'] }), RULES).rated).toBe(true)
  })

  it('moves nothing where a truth was promised and not revealed, and still names a winner', () => {
    const result = closeRound(transcriptOf({ ...SPLIT, accepted: null, truthCommitted: true }), RULES)
    expect(result).toMatchObject({ rated: false, credit: null, points: [0, 0, 0, 0] })
    expect(result.winner).not.toBeNull()
    expect([...result.answering, ...result.judging.map(poolTrial)].every(({ success, failure }) => success + failure === 0)).toBe(true)
  })

  it('credits who was right and judged rightly, and not who was wrong and judged wrongly', () => {
    const { credit, answering } = closeRound(transcriptOf({ ...SPLIT, accepted: ['a'] }), RULES)
    const [first, second, third, fourth] = credit?.credit as [number, number, number, number]
    expect(Math.min(first, third)).toBeGreaterThan(Math.max(second, fourth))
    expect(answering.map(({ success }) => success)).toEqual([1_000_000, 0, 1_000_000, 0])
  })
})
