import type { AnswerCheck } from './answer-check.ts'
import { formatTaskText, hasExactKeys, isIntegerIn, lastAnswerLine, parseIndexList, parseTaskData } from './task-text.ts'

/** An edge: two vertices, the lower one first. */
export type Edge = readonly [a: number, b: number]

/** A graph to be coloured: 1 to 100 vertices, each edge at most once. */
export interface ColouringTask {
  vertices: number
  edges: readonly Edge[]
}

const verticesMax = 100
const words = Math.ceil(verticesMax / 32)

const instruction =
  'Give every vertex of this graph a colour so that no edge joins two vertices of the same colour, with as few colours as possible. ' +
  'Vertices are numbered from 0; colours are numbers from 0. The last line of the answer is the colour of each vertex as a JSON list, e.g. [0,1,0].'

export function formatColouringTask(task: ColouringTask): string {
  return formatTaskText(instruction, { vertices: task.vertices, edges: task.edges })
}

/** The task of a prompt, or null if it is none. Never throws. */
export function parseColouringTask(prompt: string): ColouringTask | null {
  const data = parseTaskData(prompt)
  if (!hasExactKeys(data, ['vertices', 'edges'])) return null
  const { vertices, edges } = data
  if (!isIntegerIn(vertices, 1, verticesMax) || !Array.isArray(edges)) return null
  if (edges.length > (vertices * (vertices - 1)) / 2 || !edges.every((edge) => isEdge(edge, vertices))) return null
  return new Set(edges.map((edge) => edge[0] * vertices + edge[1])).size === edges.length ? { vertices, edges } : null
}

/** The colour of each vertex that an answer ends with, or null. Colours are 0..vertices-1. */
export function parseColouringAnswer(task: ColouringTask, answer: string): number[] | null {
  const line = lastAnswerLine(answer)
  return line === null ? null : parseIndexList(line, task.vertices, task.vertices)
}

/** Neighbours of each vertex, ascending. */
export function listNeighbours(task: ColouringTask): number[][] {
  const neighbours: number[][] = Array.from({ length: task.vertices }, () => [])
  for (const [a, b] of task.edges) {
    ;(neighbours[a] as number[]).push(b)
    ;(neighbours[b] as number[]).push(a)
  }
  for (const list of neighbours) list.sort((a, b) => a - b)
  return neighbours
}

/**
 * Size of a large clique, a lower bound on the colours needed: from each vertex, always adds the candidate with the most
 * neighbours among the candidates (of equals the lowest). Pure, O(n^3) word operations, a few milliseconds at 100 vertices.
 */
export function cliqueBound(task: ColouringTask): number {
  const rows = Array.from({ length: task.vertices }, () => new Int32Array(words))
  for (const [a, b] of task.edges) {
    addBit(rows[a] as Int32Array, b)
    addBit(rows[b] as Int32Array, a)
  }
  let best = 0
  for (const row of rows) {
    let candidates = row
    let size = 1
    for (let left = countAll(candidates); left > 0 && size + left > best; left = countAll(candidates)) {
      const chosen = rows[mostConnected(candidates, rows)] as Int32Array
      candidates = candidates.map((word, index) => word & (chosen[index] as number))
      size++
    }
    if (size > best) best = size
  }
  return best
}

/**
 * Quality of a colouring: the clique bound / the number of colours used, so 1_000_000 is proven optimal; 0 with a conflict.
 * `measure` is the number of colours used. Pure, bounded.
 */
export function checkColouring(task: ColouringTask, answer: string): AnswerCheck {
  const colours = parseColouringAnswer(task, answer)
  if (colours === null) return { quality: 0, fault: 'malformed-answer', measure: null }
  const measure = new Set(colours).size
  if (task.edges.some(([a, b]) => colours[a] === colours[b])) return { quality: 0, fault: 'conflict', measure }
  return { quality: Math.floor((cliqueBound(task) * 1_000_000) / measure), fault: null, measure }
}

/** The candidate with the most neighbours among the candidates. Sets of vertices are bits in 32-bit words. */
function mostConnected(candidates: Int32Array, rows: readonly Int32Array[]): number {
  let best = 0
  let bestDegree = -1
  for (const [vertex, row] of rows.entries()) {
    if ((((candidates[vertex >> 5] as number) >> (vertex & 31)) & 1) === 0) continue
    let degree = 0
    for (let word = 0; word < words; word++) degree += countBits((candidates[word] as number) & (row[word] as number))
    if (degree > bestDegree) [best, bestDegree] = [vertex, degree]
  }
  return best
}

function countAll(set: Int32Array): number {
  return set.reduce((sum, word) => sum + countBits(word), 0)
}

function addBit(row: Int32Array, vertex: number): void {
  row[vertex >> 5] = (row[vertex >> 5] as number) | (1 << (vertex & 31))
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function isEdge(value: unknown, vertices: number): value is Edge {
  if (!Array.isArray(value) || value.length !== 2) return false
  return isIntegerIn(value[0], 0, vertices - 1) && isIntegerIn(value[1], 0, vertices - 1) && value[0] < value[1]
}
