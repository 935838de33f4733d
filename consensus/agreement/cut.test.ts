import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closesPhase, computeCut, type CutItem, type Observation } from './cut.ts'
import { totalWeight } from './quorum.ts'
import { anyValidators, FOUR } from './test/agreements.ts'
import type { Validator } from './types.ts'

const anyItems = fc.uniqueArray(fc.tuple(fc.constantFrom('p', 'q', 'r', 's'), fc.constantFrom('1', '2', '3')), { maxLength: 8, selector: (item) => item.join() })

const anyCase: fc.Arbitrary<{ validators: Validator[]; observations: Observation[] }> = anyValidators.chain((validators) =>
  fc.record({
    validators: fc.constant(validators),
    observations: fc
      .subarray([...validators.map(({ member }) => member), 'stranger'])
      .chain((authors) => fc.tuple(...authors.map((author) => anyItems.map((items) => ({ author, items }))))),
  }),
)

/** The obvious twin: every (author, id) pair is weighed on its own. */
function computeCutSlowly(observations: readonly Observation[], validators: readonly Validator[]): CutItem[] {
  const speaksFor = (observation: Observation, author: string): string | undefined =>
    observation.items.filter(([listed]) => listed === author).map(([, id]) => id).sort()[0]
  const weigh = (author: string, id: string): number =>
    validators.filter(({ member }) => observations.some((each) => each.author === member && speaksFor(each, author) === id))
      .reduce((sum, { weight }) => sum + weight, 0)
  const authors = [...new Set(observations.flatMap(({ items }) => items.map(([author]) => author)))].sort()
  return authors.flatMap((author) => {
    const supported = ['1', '2', '3'].filter((id) => 3 * weigh(author, id) > totalWeight(validators))
    const heaviest = Math.max(...supported.map((id) => weigh(author, id)))
    const id = supported.find((candidate) => weigh(author, candidate) === heaviest)
    return id === undefined ? [] : [[author, id] as const]
  })
}

function listedBy(members: string, items: CutItem[] = [['p', '1']]): Observation[] {
  return [...members].map((author) => ({ author, items }))
}

describe('computeCut', () => {
  it('is equal to its slow twin', () => {
    fc.assert(fc.property(anyCase, ({ validators, observations }) => {
      expect(computeCut(observations, validators)).toEqual(computeCutSlowly(observations, validators))
    }))
  })

  it('does not depend on the order of observations, nor of the items inside them', () => {
    const anyShuffled = anyCase.chain(({ validators, observations }) => fc.record({
      validators: fc.constant(validators),
      observations: fc.constant(observations),
      shuffled: fc.shuffledSubarray(observations, { minLength: observations.length }).chain((moved) =>
        fc.tuple(...moved.map(({ author, items }) =>
          fc.shuffledSubarray([...items], { minLength: items.length }).map((turned) => ({ author, items: turned }))))),
    }))
    fc.assert(fc.property(anyShuffled, ({ validators, observations, shuffled }) => {
      expect(computeCut(shuffled, validators)).toEqual(computeCut(observations, validators))
    }))
  })

  it('takes an item that more than a third of the weight lists', () => {
    expect(computeCut([...listedBy('ab'), ...listedBy('c', [])], FOUR)).toEqual([['p', '1']])
  })

  it('leaves out an item that a third of the weight lists, or less', () => {
    const three = FOUR.slice(0, 3)
    expect(computeCut([...listedBy('a'), ...listedBy('bc', [])], three)).toEqual([])
    expect(computeCut([...listedBy('a'), ...listedBy('bcd', [])], FOUR)).toEqual([])
  })

  it('measures against the whole weight, not against that of the observations it was given', () => {
    const seven = Array.from({ length: 7 }, (_, index) => ({ member: `${index}`, weight: 1 }))
    expect(computeCut([...listedBy('01'), ...listedBy('234', [])], seven)).toEqual([])
    expect(computeCut([...listedBy('012'), ...listedBy('34', [])], seven)).toEqual([['p', '1']])
  })

  it('keeps an author with several ids under the heaviest, then the lowest: ids alone exclude nobody', () => {
    const six = Array.from({ length: 6 }, (_, index) => ({ member: `${index}`, weight: 1 }))
    expect(computeCut([...listedBy('012', [['p', '1']]), ...listedBy('345', [['p', '2']])], six)).toEqual([['p', '1']])
    const heavy = six.map((validator) => ({ ...validator, weight: validator.member === '5' ? 2 : 1 }))
    expect(computeCut([...listedBy('012', [['p', '1']]), ...listedBy('345', [['p', '2']])], heavy)).toEqual([['p', '2']])
  })

  it('lets an observation speak once per author', () => {
    const both: CutItem[] = [['p', '2'], ['p', '1']]
    expect(computeCut(listedBy('ab', both), FOUR)).toEqual([['p', '1']])
  })

  it('gives strangers no weight, and takes the items of members without voting weight like any other', () => {
    expect(computeCut([...listedBy('a'), ...listedBy('xyz')], FOUR)).toEqual([])
    expect(computeCut(listedBy('abc', [['observer', '1']]), FOUR)).toEqual([['observer', '1']])
  })

  it('leaves validators of more than a third behind every item, so an honest one', () => {
    fc.assert(fc.property(anyCase, ({ validators, observations }) => {
      for (const [author, id] of computeCut(observations, validators)) {
        const weight = validators.filter(({ member }) => observations.some((each) => each.author === member && each.items.some((item) => item[0] === author && item[1] === id)))
          .reduce((sum, validator) => sum + validator.weight, 0)
        expect(3 * weight).toBeGreaterThan(totalWeight(validators))
      }
    }))
  })

  it('is sorted by author', () => {
    expect(computeCut(listedBy('abc', [['s', '1'], ['p', '1'], ['q', '1']]), FOUR).map(([author]) => author)).toEqual(['p', 'q', 's'])
  })
})

describe('closesPhase', () => {
  it('wants a quorum of distinct validators', () => {
    expect(closesPhase(listedBy('abc'), FOUR)).toBe(true)
    expect(closesPhase(listedBy('ab'), FOUR)).toBe(false)
    expect(closesPhase(listedBy('abb'), FOUR)).toBe(false)
    expect(closesPhase(listedBy('abcc'), FOUR)).toBe(false)
    expect(closesPhase(listedBy('abx'), FOUR)).toBe(false)
  })
})
