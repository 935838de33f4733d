import { createSeededStream } from '../../consensus/index.ts'
import { cliqueBound, listNeighbours } from '../../protocol/index.ts'
import type { ColouringTask } from '../../protocol/index.ts'
import type { Slices } from './slices.ts'

/** Each vertex in input order takes the first colour free at its neighbours. */
export function* firstFitColouring(task: ColouringTask): Slices<number[]> {
  yield
  return colourInOrder(listNeighbours(task), Array.from({ length: task.vertices }, (_, vertex) => vertex))
}

/** First fit in order of falling degree (Welsh and Powell). */
export function* welshPowellColouring(task: ColouringTask): Slices<number[]> {
  const neighbours = listNeighbours(task)
  const degree = (vertex: number): number => (neighbours[vertex] as number[]).length
  yield
  return colourInOrder(neighbours, neighbours.map((_, vertex) => vertex).sort((a, b) => degree(b) - degree(a) || a - b))
}

/** Always colours the vertex whose neighbours show the most colours, of equals the one of highest degree (Brelaz' DSATUR). */
export function* dsaturColouring(task: ColouringTask): Slices<number[]> {
  const neighbours = listNeighbours(task)
  const colours = new Array<number>(task.vertices).fill(-1)
  const seen = neighbours.map(() => new Set<number>())
  for (let step = 0; step < task.vertices; step++) {
    let pick = -1
    for (let vertex = 0; vertex < task.vertices; vertex++) {
      if (colours[vertex] === -1 && (pick < 0 || isMoreUrgent(vertex, pick, seen, neighbours))) pick = vertex
    }
    const colour = firstFree(seen[pick] as Set<number>)
    colours[pick] = colour
    for (const neighbour of neighbours[pick] as number[]) (seen[neighbour] as Set<number>).add(colour)
    yield
  }
  return colours
}

/** DSATUR, then first fit again and again class by class in a new order of classes, which never needs more colours (Culberson). */
export function* iteratedGreedyColouring(task: ColouringTask, rounds: number): Slices<number[]> {
  const neighbours = listNeighbours(task)
  const stream = createSeededStream(`classes/${JSON.stringify(task.edges)}`)
  let colours = yield* dsaturColouring(task)
  for (let round = 0; round < rounds; round++) {
    const classes = groupByColour(colours)
    if (round % 3 === 0) classes.reverse()
    else if (round % 3 === 1) classes.sort((a, b) => b.length - a.length)
    else shuffleInPlace(classes, stream.below)
    colours = colourInOrder(neighbours, classes.flat())
    yield
  }
  return colours
}

/** Iterated greedy, then tabu search for one colour less, until a search of `moves` moves fails or the clique bound is met. */
export function* tabuColouring(task: ColouringTask, moves: number): Slices<number[]> {
  const bound = cliqueBound(task)
  let best = yield* iteratedGreedyColouring(task, 300)
  for (;;) {
    const fewer = new Set(best).size - 1
    if (fewer < bound) return best
    const found = yield* tabuSearch(task, best, fewer, moves)
    if (found === null) return best
    best = found
  }
}

/**
 * TabuCol (Hertz and de Werra): starts from `start` with its highest colour dissolved at random and moves one vertex in conflict
 * at a time to the colour that leaves the fewest conflicts, unless that move was undone lately. Null if `moves` do not suffice.
 */
function* tabuSearch(task: ColouringTask, start: readonly number[], count: number, moves: number): Slices<number[] | null> {
  const neighbours = listNeighbours(task)
  const { below } = createSeededStream(`tabu/${count}/${JSON.stringify(task.edges)}`)
  const colours = start.map((colour) => (colour < count ? colour : below(count)))
  const clashes = neighbours.map((list) => countColours(list, colours, count))
  const tabuUntil = neighbours.map(() => new Array<number>(count).fill(0))
  for (let move = 1; move <= moves; move++) {
    if (move % 64 === 0) yield
    const inConflict = colours.map((_, vertex) => vertex).filter((vertex) => clashAt(clashes, vertex, colours[vertex] as number) > 0)
    if (inConflict.length === 0) return colours
    const best = chooseMove(inConflict, colours, clashes, (vertex, colour) => ((tabuUntil[vertex] as number[])[colour] as number) > move, below)
    if (best === null) continue
    const left = colours[best.vertex] as number
    ;(tabuUntil[best.vertex] as number[])[left] = move + 5 + below(10) + Math.floor(inConflict.length / 2)
    colours[best.vertex] = best.colour
    for (const neighbour of neighbours[best.vertex] as number[]) {
      const row = clashes[neighbour] as number[]
      row[left] = (row[left] as number) - 1
      row[best.colour] = (row[best.colour] as number) + 1
    }
  }
  return null
}

function chooseMove(
  inConflict: readonly number[],
  colours: readonly number[],
  clashes: readonly number[][],
  isTabu: (vertex: number, colour: number) => boolean,
  below: (bound: number) => number,
): { vertex: number; colour: number } | null {
  let best: { vertex: number; colour: number } | null = null
  let bestChange = Infinity
  let equals = 0
  for (const vertex of inConflict) {
    const row = clashes[vertex] as number[]
    const now = row[colours[vertex] as number] as number
    for (let colour = 0; colour < row.length; colour++) {
      const change = (row[colour] as number) - now
      if (colour === colours[vertex] || change > bestChange || isTabu(vertex, colour)) continue
      equals = change < bestChange ? 1 : equals + 1
      bestChange = change
      if (equals === 1 || below(equals) === 0) best = { vertex, colour }
    }
  }
  return best
}

function colourInOrder(neighbours: readonly number[][], order: readonly number[]): number[] {
  const colours = new Array<number>(order.length).fill(-1)
  for (const vertex of order) colours[vertex] = firstFree(new Set((neighbours[vertex] as number[]).map((neighbour) => colours[neighbour] as number)))
  return colours
}

function firstFree(taken: ReadonlySet<number>): number {
  let colour = 0
  while (taken.has(colour)) colour++
  return colour
}

function isMoreUrgent(vertex: number, than: number, seen: readonly Set<number>[], neighbours: readonly number[][]): boolean {
  const saturation = (seen[vertex] as Set<number>).size - (seen[than] as Set<number>).size
  return saturation > 0 || (saturation === 0 && (neighbours[vertex] as number[]).length > (neighbours[than] as number[]).length)
}

function groupByColour(colours: readonly number[]): number[][] {
  const classes: number[][] = Array.from({ length: Math.max(...colours) + 1 }, () => [])
  for (const [vertex, colour] of colours.entries()) (classes[colour] as number[]).push(vertex)
  return classes
}

function countColours(list: readonly number[], colours: readonly number[], count: number): number[] {
  const row = new Array<number>(count).fill(0)
  for (const neighbour of list) row[colours[neighbour] as number] = (row[colours[neighbour] as number] as number) + 1
  return row
}

function clashAt(clashes: readonly number[][], vertex: number, colour: number): number {
  return (clashes[vertex] as number[])[colour] as number
}

function shuffleInPlace<T>(items: T[], below: (bound: number) => number): void {
  for (let last = items.length - 1; last > 0; last--) {
    const pick = below(last + 1)
    ;[items[last], items[pick]] = [items[pick] as T, items[last] as T]
  }
}
