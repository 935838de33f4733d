import { describe, expect, it } from 'vitest'
import { lineChart, type Chart } from './line-chart.ts'

const chart = (changes: Partial<Chart>): string => lineChart({ title: 't', x: { label: 'x' }, y: { label: 'y' }, series: [], ...changes })

/** The points of all lines, in pixels. */
function drawnPoints(svg: string): [number, number][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].flatMap(([, points]) => (points as string).split(' ').filter(Boolean).map((pair) => pair.split(',').map(Number) as [number, number]))
}

describe('lineChart', () => {
  it('escapes what people write', () => {
    const svg = chart({ title: 'a < b & c', series: [{ name: '<script>', points: [[0, 1]] }] })
    expect(svg).toContain('a &lt; b &amp; c')
    expect(svg).not.toContain('<script>')
  })

  it('keeps order along both axes: more is right and up', () => {
    const [low, high] = drawnPoints(chart({ series: [{ name: 's', points: [[1, 10], [2, 30]] }] })) as [[number, number], [number, number]]
    expect(high[0]).toBeGreaterThan(low[0])
    expect(high[1]).toBeLessThan(low[1])
  })

  it('places powers of ten evenly on a logarithmic axis', () => {
    const [a, b, c] = drawnPoints(chart({ x: { label: 'n', log: true }, series: [{ name: 's', points: [[1, 0], [10, 0], [100, 1]] }] }))
    expect((b as [number, number])[0] - (a as [number, number])[0]).toBeCloseTo((c as [number, number])[0] - (b as [number, number])[0], 0)
  })

  it.each([[[]], [[[3, 7]]], [[[0, 0], [1, 0]]], [[[0, NaN], [1, Infinity], [2, 1]]]] as [number, number][][][])('draws only numbers, even from %j', (points) => {
    const svg = chart({ series: [{ name: 's', points, band: points.map(([x, y]) => [x, y - 1, y + 1]) }] })
    expect(svg).not.toMatch(/NaN|Infinity/)
    expect(drawnPoints(svg)).toHaveLength(points.filter(([, y]) => Number.isFinite(y)).length)
  })

  it('grows with its legend', () => {
    const height = (series: number): number => Number(/height="(\d+)"/.exec(chart({ series: Array.from({ length: series }, (_, index) => ({ name: String(index), points: [] })) }))?.[1])
    expect(height(40)).toBeGreaterThan(height(2))
  })
})
