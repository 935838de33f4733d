import { applyOperator } from '../../protocol/index.ts'
import type { CountdownTask, Operator } from '../../protocol/index.ts'
import type { Slices } from './slices.ts'

/** An expression and what it comes to. */
export interface Term {
  text: string
  value: number
}

const operators: readonly Operator[] = ['+', '-', '*', '/']

/** Goes once through the numbers in the order given, each time adding, multiplying or skipping: whatever is nearest. */
export function* passCountdown(task: CountdownTask): Slices<Term> {
  yield
  return foldNumbers(task.numbers, task.target, ['+', '*'])
}

/** Goes once through the numbers from the largest down, each time by any operator or skipping: whatever is nearest. */
export function* descendCountdown(task: CountdownTask): Slices<Term> {
  yield
  return foldNumbers([...task.numbers].sort((a, b) => b - a), task.target, operators)
}

/** Combines terms step by step and keeps, after each step, the `width` pools that hold the term nearest to the target. */
export function* beamCountdown(task: CountdownTask, width: number): Slices<Term> {
  let best = nearest(task.numbers.map(numberTerm), task.target)
  let pools = [task.numbers.map(numberTerm)]
  while (pools.length > 0) {
    const next = new Map<string, { pool: Term[]; off: number }>()
    for (const pool of pools) {
      yield
      for (const combined of combineAny(pool)) {
        const key = combined.map(({ value }) => value).sort((a, b) => a - b).join()
        if (!next.has(key)) next.set(key, { pool: combined, off: Math.min(...combined.map((term) => distance(term, task.target))) })
        best = nearest([best, combined[0] as Term], task.target)
      }
    }
    pools = [...next.values()].sort((a, b) => a.off - b.off).slice(0, width).map(({ pool }) => pool)
  }
  return best
}

/** One way to a value: an operator and the values of two disjoint subsets. Null for a number itself. */
type Origin = { operator: Operator; leftSet: number; left: number; rightSet: number; right: number } | null

/** Values kept per subset and their size: with seven numbers more would not fit into memory. */
const valuesPerSetMax = 40_000
const valueMax = 1_000_000

/**
 * Every value that subsets of at most `usedMax` numbers reach, subset by subset, smaller subsets first; the nearest to the
 * target, and of equals the one with the fewest numbers. Complete up to six numbers and intermediate results of a million.
 */
export function* searchCountdown(task: CountdownTask, usedMax: number): Slices<Term> {
  const count = task.numbers.length
  const tables = new Map<number, Map<number, Origin>>()
  let best = { set: 0, value: Infinity }
  const note = (set: number, value: number): void => {
    if (Math.abs(value - task.target) < Math.abs(best.value - task.target)) best = { set, value }
  }
  for (const set of listSubsets(count, Math.min(usedMax, count))) {
    const single = Math.log2(set)
    const table = new Map<number, Origin>(Number.isInteger(single) ? [[task.numbers[single] as number, null]] : [])
    tables.set(set, table)
    if (table.size === 1) note(set, task.numbers[single] as number)
    yield* fillTable(table, set, tables, (value) => {
      note(set, value)
    })
    if (best.value === task.target) break
  }
  return { text: writeOrigin(tables, best.set, best.value), value: best.value }
}

function* fillTable(table: Map<number, Origin>, set: number, tables: ReadonlyMap<number, Map<number, Origin>>, note: (value: number) => void): Slices<void> {
  const lowest = set & -set
  let tried = 0
  for (let leftSet = (set - 1) & set; leftSet > 0; leftSet = (leftSet - 1) & set) {
    const rightSet = set ^ leftSet
    const [lefts, rights] = [tables.get(leftSet), tables.get(rightSet)]
    if ((leftSet & lowest) === 0 || lefts === undefined || rights === undefined) continue
    for (const left of lefts.keys()) {
      for (const right of rights.keys()) {
        if (++tried % 2_048 === 0) yield
        for (const operator of operators) {
          const flipped = (operator === '-' || operator === '/') && right > left
          const value = flipped ? applyOperator(operator, right, left) : applyOperator(operator, left, right)
          if (value === null || value > valueMax || table.has(value)) continue
          if (table.size >= valuesPerSetMax) return
          table.set(value, flipped ? { operator, leftSet: rightSet, left: right, rightSet: leftSet, right: left } : { operator, leftSet, left, rightSet, right })
          note(value)
        }
      }
    }
  }
}

/** Subsets as bit sets, by falling smallness: all of one number, of two, and so on up to `sizeMax`. */
function listSubsets(count: number, sizeMax: number): number[] {
  const size = (set: number): number => (set === 0 ? 0 : (set & 1) + size(set >> 1))
  const sets = Array.from({ length: (1 << count) - 1 }, (_, index) => index + 1)
  return sets.filter((set) => size(set) <= sizeMax).sort((a, b) => size(a) - size(b) || a - b)
}

function writeOrigin(tables: ReadonlyMap<number, ReadonlyMap<number, Origin>>, set: number, value: number): string {
  const origin = tables.get(set)?.get(value) ?? null
  if (origin === null) return String(value)
  return `(${writeOrigin(tables, origin.leftSet, origin.left)}${origin.operator}${writeOrigin(tables, origin.rightSet, origin.right)})`
}

/** Every pool that one operation on two of the terms leads to; the new term comes first. */
function combineAny(pool: readonly Term[]): Term[][] {
  return pool.flatMap((left, at) =>
    pool.flatMap((right, other) => {
      const rest = pool.filter((_, slot) => slot !== at && slot !== other)
      return at === other ? [] : combinations(left, right, operators).map((term) => [term, ...rest])
    }),
  )
}

function foldNumbers(numbers: readonly number[], target: number, allowed: readonly Operator[]): Term {
  const [first, ...rest] = numbers.map(numberTerm) as [Term, ...Term[]]
  return rest.reduce((current, next) => nearest([current, ...combinations(current, next, allowed)], target), first)
}

function combinations(left: Term, right: Term, allowed: readonly Operator[]): Term[] {
  return allowed.flatMap((operator) => {
    const value = applyOperator(operator, left.value, right.value)
    return value === null ? [] : [{ text: `(${left.text}${operator}${right.text})`, value }]
  })
}

function numberTerm(number: number): Term {
  return { text: String(number), value: number }
}

function distance(term: Term, target: number): number {
  return Math.abs(term.value - target)
}

function nearest(terms: readonly Term[], target: number): Term {
  return terms.reduce((kept, next) => (distance(next, target) < distance(kept, target) ? next : kept))
}
