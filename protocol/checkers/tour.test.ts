import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shuffle } from '../../consensus/index.ts'
import { checkTour, formatTourTask, parseTourTask } from './tour.ts'
import type { TourTask } from './tour.ts'
import { createDistanceTable, nearestNeighbourTour, orOptSweep, referenceTour, tourLength, twoOptSweep } from './tour-search.ts'
import type { City } from './tour-search.ts'

const cityLists = (maxLength: number): fc.Arbitrary<City[]> =>
  fc.uniqueArray(fc.tuple(fc.nat(60), fc.nat(60)), { minLength: 3, maxLength, selector: (city) => city.join() })

/** Slow obvious twin: every order of the cities. */
function shortestByEnumeration(cities: readonly City[]): number {
  const orders = (rest: number[]): number[][] =>
    rest.length === 0 ? [[]] : rest.flatMap((first) => orders(rest.filter((other) => other !== first)).map((tail) => [first, ...tail]))
  return Math.min(...orders(cities.map((_, index) => index)).map((order) => tourLength(cities, order)))
}

const square: TourTask = { cities: [[0, 0], [10, 10], [10, 0], [0, 10]] }

describe('tour', () => {
  it('formats and parses to the same task', () => {
    fc.assert(
      fc.property(cityLists(30), (cities) => {
        expect(parseTourTask(formatTourTask({ cities }))).toEqual({ cities })
      }),
    )
  })

  it('refuses malformed tasks', () => {
    const bad = ['', 'x', '[]', '{"cities":[[0,0],[1,1]]}', '{"cities":[[0,0],[1,1],[0,0]]}', '{"cities":[[0,0],[1,1],[0,-1]]}', '{"cities":[[0,0],[1,1],[0,1,2]]}']
    for (const data of [...bad, '{"cities":[[0,0],[1,1],[0,10000]]}', '{"cities":[[0,0],[1,1],[0,1]],"x":1}']) expect(parseTourTask(`Words.\n${data}`)).toBeNull()
    const many = Array.from({ length: 201 }, (_, index): City => [index, 0])
    expect(parseTourTask(formatTourTask({ cities: many.slice(0, 200) }))).not.toBeNull()
    expect(parseTourTask(formatTourTask({ cities: many }))).toBeNull()
  })

  it('pins a small case', () => {
    expect(checkTour(square, 'Around.\nFINAL ANSWER: [0,2,1,3]')).toEqual({ quality: 1_000_000, fault: null, measure: 40 })
    expect(checkTour(square, '[0,1,2,3]')).toEqual({ quality: 666_666, fault: null, measure: 60 })
  })

  it('gives nothing for an answer that is no tour', () => {
    for (const answer of ['', 'no', '[0,1,2]', '[0,1,2,4]', '[0,1,2,-1]', '[0,1,2,"3"]', '{"0":1}']) {
      expect(checkTour(square, answer)).toEqual({ quality: 0, fault: 'malformed-answer', measure: null })
    }
    expect(checkTour(square, '[0,1,2,2]')).toEqual({ quality: 0, fault: 'not-a-permutation', measure: null })
  })

  it('is invariant under rotating and reversing the tour', () => {
    fc.assert(
      fc.property(cityLists(12), fc.string(), fc.nat(11), (cities, seed, turn) => {
        const order = shuffle(cities.map((_, index) => index), seed)
        const turned = [...order.slice(turn % order.length), ...order.slice(0, turn % order.length)].reverse()
        expect(checkTour({ cities }, JSON.stringify(turned))).toEqual(checkTour({ cities }, JSON.stringify(order)))
      }),
    )
  })

  it('never shortens below the optimum, and the reference is near it', () => {
    fc.assert(
      fc.property(cityLists(7), (cities) => {
        const optimum = shortestByEnumeration(cities)
        const reference = tourLength(cities, referenceTour(cities))
        expect(reference).toBeGreaterThanOrEqual(optimum)
        expect(reference).toBeLessThanOrEqual(optimum * 1.25)
      }),
      { numRuns: 20 },
    )
  })

  it('sweeps keep a permutation and never lengthen it', () => {
    fc.assert(
      fc.property(cityLists(40), fc.string(), (cities, seed) => {
        const order = shuffle(nearestNeighbourTour(cities, 0), seed)
        for (const sweep of [twoOptSweep, orOptSweep, twoOptSweep, orOptSweep]) {
          const before = tourLength(cities, order)
          const improved = sweep(createDistanceTable(cities), order)
          const after = tourLength(cities, order)
          expect(improved ? after < before : after === before).toBe(true)
          expect([...order].sort((a, b) => a - b)).toEqual(cities.map((_, index) => index))
        }
      }),
    )
  })

  it('nearest neighbour always takes a nearest open city', () => {
    fc.assert(
      fc.property(cityLists(20), (cities) => {
        const order = nearestNeighbourTour(cities, 0)
        const far = (a: number, b: number): number => tourLength(cities, [a, b]) / 2
        for (let at = 0; at + 1 < order.length; at++) {
          const here = order[at] as number
          expect(far(here, order[at + 1] as number)).toBe(Math.min(...order.slice(at + 1).map((other) => far(here, other))))
        }
      }),
    )
  })
})
