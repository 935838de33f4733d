import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkColouring, cliqueBound, formatColouringTask, listNeighbours, parseColouringTask } from './colouring.ts'
import type { ColouringTask, Edge } from './colouring.ts'

const graphs = (verticesMax: number): fc.Arbitrary<ColouringTask> =>
  fc.integer({ min: 1, max: verticesMax }).chain((vertices) => {
    const all = Array.from({ length: vertices }, (_, a) => Array.from({ length: vertices - 1 - a }, (_, step): Edge => [a, a + 1 + step])).flat()
    return fc.subarray(all).map((edges) => ({ vertices, edges }))
  })

/** Slow obvious twin: the largest set of vertices that are all joined. */
function largestClique({ vertices, edges }: ColouringTask): number {
  const joined = new Set(edges.map((edge) => edge.join()))
  let best = 0
  for (let set = 1; set < 1 << vertices; set++) {
    const members = Array.from({ length: vertices }, (_, vertex) => vertex).filter((vertex) => (set >> vertex) & 1)
    if (members.every((a, at) => members.slice(at + 1).every((b) => joined.has(`${a},${b}`)))) best = Math.max(best, members.length)
  }
  return best
}

const triangleWithTail: ColouringTask = { vertices: 4, edges: [[0, 1], [0, 2], [1, 2], [2, 3]] }

describe('colouring', () => {
  it('formats and parses to the same task', () => {
    fc.assert(
      fc.property(graphs(12), (task) => {
        expect(parseColouringTask(formatColouringTask(task))).toEqual(task)
      }),
    )
  })

  it('refuses malformed tasks', () => {
    const bad = ['', '{"vertices":0,"edges":[]}', '{"vertices":101,"edges":[]}', '{"vertices":2,"edges":[[1,0]]}', '{"vertices":2,"edges":[[0,0]]}']
    for (const data of [...bad, '{"vertices":3,"edges":[[0,1],[0,1]]}', '{"vertices":2,"edges":[[0,2]]}', '{"edges":[],"vertices":2}']) {
      expect(parseColouringTask(`Words.\n${data}`)).toBeNull()
    }
  })

  it('accepts the largest legal graph', () => {
    const edges = Array.from({ length: 100 }, (_, a) => Array.from({ length: 99 - a }, (_, step): Edge => [a, a + 1 + step])).flat()
    const task = parseColouringTask(formatColouringTask({ vertices: 100, edges }))
    expect(task?.edges.length).toBe(4950)
    expect(cliqueBound({ vertices: 100, edges })).toBe(100)
  })

  it('pins a small case', () => {
    expect(checkColouring(triangleWithTail, 'FINAL ANSWER: [0,1,2,0]')).toEqual({ quality: 1_000_000, fault: null, measure: 3 })
    expect(checkColouring(triangleWithTail, '[0,1,2,3]')).toEqual({ quality: 750_000, fault: null, measure: 4 })
    expect(checkColouring(triangleWithTail, '[0,1,2,2]')).toEqual({ quality: 0, fault: 'conflict', measure: 3 })
    expect(checkColouring(triangleWithTail, '[0,1,2]')).toEqual({ quality: 0, fault: 'malformed-answer', measure: null })
    expect(checkColouring(triangleWithTail, '[0,1,2,4]')).toEqual({ quality: 0, fault: 'malformed-answer', measure: null })
  })

  it('is invariant under renaming the colours', () => {
    fc.assert(
      fc.property(graphs(8), fc.array(fc.nat(7), { minLength: 8, maxLength: 8 }), (task, drawn) => {
        const colours = drawn.slice(0, task.vertices).map((colour) => colour % task.vertices)
        const renamed = colours.map((colour) => task.vertices - 1 - colour)
        expect(checkColouring(task, JSON.stringify(renamed))).toEqual(checkColouring(task, JSON.stringify(colours)))
      }),
    )
  })

  it('bounds the colours from below by a clique that exists', () => {
    fc.assert(
      fc.property(graphs(8), (task) => {
        const bound = cliqueBound(task)
        const exact = largestClique(task)
        expect(bound).toBeLessThanOrEqual(exact)
        expect(bound).toBeGreaterThanOrEqual(Math.min(exact, 2))
      }),
    )
  })

  it('lists each edge at both of its ends', () => {
    fc.assert(
      fc.property(graphs(10), (task) => {
        const edges = listNeighbours(task).flatMap((list, a) => list.filter((b) => a < b).map((b) => `${a},${b}`))
        expect(edges.sort()).toEqual(task.edges.map((edge) => edge.join()).sort())
      }),
    )
  })
})
