import { describe, expect, it } from 'vitest'
import { createSeededStream, fitBradleyTerry } from '../../consensus/index.ts'
import { fitReference } from './reference-fit.ts'

function invent(answers: number, comparisons: number, seed: string): Float64Array {
  const stream = createSeededStream(seed)
  const wins = new Float64Array(answers * answers)
  for (let made = 0; made < comparisons; made++) {
    const one = stream.below(answers)
    const other = (one + 1 + stream.below(answers - 1)) % answers
    const [better, worse] = one < other === stream.below(4) > 0 ? [one, other] : [other, one]
    wins[better * answers + worse] = (wins[better * answers + worse] as number) + 1
  }
  return wins
}

describe('fitReference', () => {
  it.each([[2, 3], [5, 40], [18, 200], [32, 1_000]])('and the fit that ranks rounds, two methods apart, agree to 1e-9: %i answers, %i comparisons', (answers, comparisons) => {
    for (const seed of ['a', 'b', 'c']) {
      const wins = invent(answers, comparisons, seed)
      const [slow, fast] = [fitReference(wins, answers), fitBradleyTerry(wins, answers)]
      expect(Math.max(...slow.map((strength, index) => Math.abs(strength - (fast[index] as number))))).toBeLessThan(1e-9)
    }
  })

  it('solves two answers in closed form', () => {
    expect(fitReference(Float64Array.of(0, 3, 1, 0), 2)[0]).toBeCloseTo(3.05 / 4.1, 10)
    expect(fitReference(Float64Array.of(0), 1)).toEqual([1])
  })
})
