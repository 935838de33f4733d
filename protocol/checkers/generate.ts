import { createSeededStream } from '../../consensus/index.ts'
import type { CheckableKind } from './checkers.ts'
import { formatColouringTask } from './colouring.ts'
import type { Edge } from './colouring.ts'
import { applyOperator, formatCountdownTask } from './countdown.ts'
import type { Operator } from './countdown.ts'
import { formatTourTask } from './tour.ts'
import type { City } from './tour-search.ts'

type Stream = ReturnType<typeof createSeededStream>

/** The prompt of a task of moderate difficulty, the same for the same kind and seed everywhere. Pure. */
export function generateTask(kind: CheckableKind, seed: string): string {
  const stream = createSeededStream(`task/${kind}/${seed}`)
  switch (kind) {
    case 'tour':
      return generateTour(stream)
    case 'colouring':
      return generateColouring(stream)
    case 'countdown':
      return generateCountdown(stream)
  }
}

/** 60 to 90 cities on a square of 1000 by 1000. */
function generateTour(stream: Stream): string {
  const count = 60 + stream.below(31)
  const cities = new Map<string, City>()
  while (cities.size < count) {
    const city: City = [stream.below(1_000), stream.below(1_000)]
    cities.set(`${city[0]},${city[1]}`, city)
  }
  return formatTourTask({ cities: [...cities.values()] })
}

/**
 * 50 to 70 vertices that 7 to 9 colours suffice for, with half of the edges that these allow, and one clique of that size:
 * so the optimum is known to exist, and a quality of 1_000_000 is within reach.
 */
function generateColouring(stream: Stream): string {
  const vertices = 50 + stream.below(21)
  const colours = 7 + stream.below(3)
  const hidden = Array.from({ length: vertices }, () => stream.below(colours))
  const clique = new Set(Array.from({ length: colours }, (_, colour) => hidden.indexOf(colour)))
  const edges: Edge[] = []
  for (let a = 0; a < vertices; a++) {
    for (let b = a + 1; b < vertices; b++) {
      const drawn = stream.below(2) === 0
      if (hidden[a] !== hidden[b] && (drawn || (clique.has(a) && clique.has(b)))) edges.push([a, b])
    }
  }
  return formatColouringTask({ vertices, edges })
}

/** Six numbers, up to two of them large, and a target of 101 to 999 that some expression of all six reaches. */
function generateCountdown(stream: Stream): string {
  for (;;) {
    const large = stream.below(3)
    const numbers = Array.from({ length: 6 }, (_, index) => (index < large ? 25 * (1 + stream.below(4)) : 1 + stream.below(10)))
    const target = foldAtRandom(numbers, stream)
    if (target > 100 && target < 1_000) return formatCountdownTask({ numbers, target })
  }
}

/** Combines two random entries by a random operator until one is left. */
function foldAtRandom(numbers: readonly number[], stream: Stream): number {
  const operators: readonly Operator[] = ['+', '-', '*', '/']
  const pool = [...numbers]
  while (pool.length > 1) {
    const [left] = pool.splice(stream.below(pool.length), 1) as [number]
    const [right] = pool.splice(stream.below(pool.length), 1) as [number]
    const value = applyOperator(operators[stream.below(4)] as Operator, left, right)
    pool.push(value ?? left + right)
  }
  return pool[0] as number
}
