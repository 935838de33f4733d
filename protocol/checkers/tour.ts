import type { AnswerCheck } from './answer-check.ts'
import { formatTaskText, hasExactKeys, isIntegerIn, lastAnswerLine, parseIndexList, parseTaskData } from './task-text.ts'
import { referenceTour, tourLength } from './tour-search.ts'
import type { City } from './tour-search.ts'

/** A travelling salesman's task: 3 to 200 different cities, coordinates 0..9999, Manhattan distances, closed tour. */
export interface TourTask {
  cities: readonly City[]
}

const citiesMin = 3
const citiesMax = 200
const coordinateMax = 9_999

const instruction =
  'Find a short closed tour that visits every city exactly once. The distance between two cities is |x1-x2| + |y1-y2|. ' +
  'Cities are numbered from 0 in the order given. The last line of the answer is the order of visit as a JSON list, e.g. [0,2,1].'

export function formatTourTask(task: TourTask): string {
  return formatTaskText(instruction, { cities: task.cities })
}

/** The task of a prompt, or null if it is none. Never throws. */
export function parseTourTask(prompt: string): TourTask | null {
  const data = parseTaskData(prompt)
  if (!hasExactKeys(data, ['cities']) || !Array.isArray(data.cities)) return null
  const cities: unknown[] = data.cities
  if (cities.length < citiesMin || cities.length > citiesMax || !cities.every(isCity)) return null
  return new Set(cities.map((city) => `${city[0]},${city[1]}`)).size === cities.length ? { cities } : null
}

/** The order of visit that an answer ends with, one entry per city, each a city's number (perhaps twice), or null. */
export function parseTourAnswer(task: TourTask, answer: string): number[] | null {
  const line = lastAnswerLine(answer)
  return line === null ? null : parseIndexList(line, task.cities.length, task.cities.length)
}

/**
 * Quality of a tour: length of the reference tour / its own length, at most 1_000_000; 0 where it is no tour.
 * `measure` is the tour's length. Pure, bounded.
 */
export function checkTour(task: TourTask, answer: string): AnswerCheck {
  const order = parseTourAnswer(task, answer)
  if (order === null) return { quality: 0, fault: 'malformed-answer', measure: null }
  if (new Set(order).size !== order.length) return { quality: 0, fault: 'not-a-permutation', measure: null }
  const measure = tourLength(task.cities, order)
  const reference = tourLength(task.cities, referenceTour(task.cities))
  return { quality: Math.min(1_000_000, Math.floor((reference * 1_000_000) / measure)), fault: null, measure }
}

function isCity(value: unknown): value is City {
  return Array.isArray(value) && value.length === 2 && value.every((part) => isIntegerIn(part, 0, coordinateMax))
}
