import { createSeededStream } from '../../consensus/index.ts'
import { cityDistance, createDistanceTable, nearestNeighbourTour, orOptSweep, tourLength, twoOptSweep } from '../../protocol/index.ts'
import type { City, DistanceTable } from '../../protocol/index.ts'
import type { Slices } from './slices.ts'

/** Visits the square strip by strip, up one and down the next: as many strips as the square root of half the cities. */
export function* stripTour(cities: readonly City[]): Slices<number[]> {
  const strips = Math.max(1, Math.round(Math.sqrt(cities.length / 2)))
  const right = Math.max(...cities.map((city) => city[0])) + 1
  const strip = (index: number): number => Math.floor(((cities[index] as City)[0] * strips) / right)
  const height = (index: number): number => (cities[index] as City)[1] * (strip(index) % 2 === 0 ? 1 : -1)
  yield
  return cities.map((_, index) => index).sort((a, b) => strip(a) - strip(b) || height(a) - height(b) || a - b)
}

export function* neighbourTour(cities: readonly City[]): Slices<number[]> {
  yield
  return nearestNeighbourTour(cities, 0)
}

/** Takes the shortest edges first, as long as no city gets a third edge and no circle closes early. */
export function* greedyEdgeTour(cities: readonly City[]): Slices<number[]> {
  const edges: { a: number; b: number; length: number }[] = []
  for (let b = 1; b < cities.length; b++) {
    for (let a = 0; a < b; a++) edges.push({ a, b, length: cityDistance(cities[a] as City, cities[b] as City) })
  }
  yield
  edges.sort((first, second) => first.length - second.length)
  yield
  const links: number[][] = cities.map(() => [])
  const otherEnd = cities.map((_, index) => index)
  for (const { a, b } of edges) {
    const [linksA, linksB] = [links[a] as number[], links[b] as number[]]
    if (linksA.length === 2 || linksB.length === 2 || otherEnd[a] === b) continue
    linksA.push(b)
    linksB.push(a)
    const [endA, endB] = [otherEnd[a] as number, otherEnd[b] as number]
    otherEnd[endA] = endB
    otherEnd[endB] = endA
  }
  return followLinks(links)
}

/** Nearest neighbour, then 2-opt until nothing improves. */
export function* twoOptTour(cities: readonly City[]): Slices<number[]> {
  const table = createDistanceTable(cities)
  const order = nearestNeighbourTour(cities, 0)
  do yield
  while (twoOptSweep(table, order))
  return order
}

/**
 * Starts from greedy edges and from nearest neighbours of several cities, improves each by 2-opt and Or-opt, then kicks the
 * best one `kicks` times by a random double bridge and keeps what gets shorter.
 */
export function* multiStartTour(cities: readonly City[], kicks: number): Slices<number[]> {
  const table = createDistanceTable(cities)
  const stream = createSeededStream(`kicks/${JSON.stringify(cities)}`)
  let best = yield* improve(table, yield* greedyEdgeTour(cities))
  for (let start = 0; start < 8; start++) {
    const order = yield* improve(table, nearestNeighbourTour(cities, stream.below(cities.length)))
    if (tourLength(cities, order) < tourLength(cities, best)) best = order
  }
  for (let kick = 0; kick < kicks && cities.length >= 8; kick++) {
    const order = yield* improve(table, doubleBridge(best, stream.below))
    if (tourLength(cities, order) < tourLength(cities, best)) best = order
  }
  return best
}

function* improve(table: DistanceTable, order: number[]): Slices<number[]> {
  for (;;) {
    yield
    const reversed = twoOptSweep(table, order)
    yield
    if (!orOptSweep(table, order) && !reversed) return order
  }
}

/** Cuts the tour at three random places and swaps the two middle pieces. */
function doubleBridge(order: readonly number[], below: (bound: number) => number): number[] {
  const [first, second, third] = [1 + below(order.length - 1), 1 + below(order.length - 1), 1 + below(order.length - 1)].sort((a, b) => a - b) as [number, number, number]
  return [...order.slice(0, first), ...order.slice(second, third), ...order.slice(first, second), ...order.slice(third)]
}

/** The path that the links form, from one of its ends to the other. */
function followLinks(links: readonly number[][]): number[] {
  const order = [Math.max(0, links.findIndex((list) => list.length < 2))]
  let previous = -1
  while (order.length < links.length) {
    const here = order.at(-1) as number
    const next = (links[here] as number[]).find((city) => city !== previous) as number
    previous = here
    order.push(next)
  }
  return order
}
