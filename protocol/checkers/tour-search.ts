/** A city: integer coordinates. */
export type City = readonly [x: number, y: number]

/** Manhattan distance, so that every length is an integer. */
export function cityDistance(a: City, b: City): number {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1])
}

/** Length of the closed tour that visits the cities in this order and returns to the first. */
export function tourLength(cities: readonly City[], order: readonly number[]): number {
  let length = 0
  for (let at = 0; at < order.length; at++) {
    length += cityDistance(cities[order[at] as number] as City, cities[order[(at + 1) % order.length] as number] as City)
  }
  return length
}

/** Always goes on to the nearest city not yet visited; of equals to the one with the lower index. O(n^2). */
export function nearestNeighbourTour(cities: readonly City[], start: number): number[] {
  const order = [start]
  const open = cities.map((_, index) => index).filter((index) => index !== start)
  while (open.length > 0) {
    const here = cities[order.at(-1) as number] as City
    let best = 0
    for (let slot = 1; slot < open.length; slot++) {
      if (cityDistance(here, cities[open[slot] as number] as City) < cityDistance(here, cities[open[best] as number] as City)) best = slot
    }
    order.push(...open.splice(best, 1))
  }
  return order
}

/** All distances, row by row, so that the sweeps need not compute them again. O(n^2). */
export interface DistanceTable {
  count: number
  distances: Int32Array
}

export function createDistanceTable(cities: readonly City[]): DistanceTable {
  const count = cities.length
  const distances = new Int32Array(count * count)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) distances[a * count + b] = cityDistance(cities[a] as City, cities[b] as City)
  }
  return { count, distances }
}

/**
 * One sweep of 2-opt: reverses every stretch whose reversal shortens the tour, in index order, in place. O(n^2) comparisons.
 * @returns whether the tour became shorter
 */
export function twoOptSweep(table: DistanceTable, order: number[]): boolean {
  let improved = false
  for (let first = 0; first < order.length - 2; first++) {
    const head = order[first] as number
    for (let last = first + 2; last < order.length; last++) {
      const after = order[last + 1 < order.length ? last + 1 : 0] as number
      if (after === head) continue
      const [next, tail] = [order[first + 1] as number, order[last] as number]
      if (between(table, head, tail) + between(table, next, after) >= between(table, head, next) + between(table, tail, after)) continue
      reverse(order, first + 1, last)
      improved = true
    }
  }
  return improved
}

/**
 * One sweep of Or-opt: moves stretches of one to three cities to where they make the tour shortest, in place. O(n^2) comparisons.
 * @returns whether the tour became shorter
 */
export function orOptSweep(table: DistanceTable, order: number[]): boolean {
  let improved = false
  for (let size = 1; size <= 3 && size < order.length - 1; size++) {
    for (let start = 0; start + size <= order.length; start++) improved = moveStretch(table, order, start, size) || improved
  }
  return improved
}

/**
 * A good tour that everyone computes alike: nearest neighbour from two cities, each improved by at most 20 sweeps of 2-opt and
 * Or-opt, the shorter kept. O(n^2), about ten milliseconds at 200 cities.
 */
export function referenceTour(cities: readonly City[]): number[] {
  const table = createDistanceTable(cities)
  let best: number[] = []
  let bestLength = Infinity
  for (const start of [0, Math.floor(cities.length / 2)]) {
    const order = nearestNeighbourTour(cities, start)
    for (let sweep = 0; sweep < 20; sweep++) {
      const reversed = twoOptSweep(table, order)
      if (!orOptSweep(table, order) && !reversed) break
    }
    const length = tourLength(cities, order)
    if (length < bestLength) [best, bestLength] = [order, length]
  }
  return best
}

/** Moves order[start..start+size-1] to its best other place, if that shortens the tour. */
function moveStretch(table: DistanceTable, order: number[], start: number, size: number): boolean {
  const count = order.length
  const end = start + size - 1
  const [head, tail] = [order[start] as number, order[end] as number]
  const [previous, next] = [order[(start + count - 1) % count] as number, order[(end + 1) % count] as number]
  const saved = between(table, previous, head) + between(table, tail, next) - between(table, previous, next)
  let bestGain = 0
  let bestAt = -1
  let bestTurned = false
  for (let at = 0; at < count; at++) {
    const beyond = at + 1 < count ? at + 1 : 0
    if ((at >= start && at <= end) || (beyond >= start && beyond <= end)) continue
    const [here, after] = [order[at] as number, order[beyond] as number]
    const room = saved + between(table, here, after)
    const straight = room - between(table, here, head) - between(table, tail, after)
    const turned = room - between(table, here, tail) - between(table, head, after)
    if (straight <= bestGain && turned <= bestGain) continue
    bestTurned = turned > straight
    bestGain = bestTurned ? turned : straight
    bestAt = at
  }
  if (bestAt < 0) return false
  const stretch = order.splice(start, size)
  if (bestTurned) stretch.reverse()
  order.splice((bestAt > end ? bestAt - size : bestAt) + 1, 0, ...stretch)
  return true
}

function between(table: DistanceTable, a: number, b: number): number {
  return table.distances[a * table.count + b] as number
}

function reverse(order: number[], from: number, to: number): void {
  for (let low = from, high = to; low < high; low++, high--) {
    const held = order[low] as number
    order[low] = order[high] as number
    order[high] = held
  }
}
