import { expect, it } from 'vitest'
import { createSeededStream } from '../../../consensus/index.ts'
import { ratioOfMeans } from './errors.ts'

it('a ratio of means lies within two of its standard errors of the truth as often as it should, also where both figures go together', () => {
  const stream = createSeededStream('ratios')
  const uniform = (): number => stream.below(1_000_000) / 1_000_000
  const inside = Array.from({ length: 2_000 }, () => {
    const common = Array.from({ length: 40 }, uniform)
    const { ratio, error } = ratioOfMeans(common.map((each) => 1 + each + uniform()), common.map((each) => 2 + each + uniform()))
    return Math.abs(ratio - 2 / 3) <= 2 * error
  })
  const part = inside.filter(Boolean).length / inside.length
  expect(part).toBeGreaterThan(0.93)
  expect(part).toBeLessThan(0.97)
})

it('a ratio of figures too small to tell apart is one, without error', () => {
  expect(ratioOfMeans([1e-9, 2e-9], [0, 0])).toMatchObject({ ratio: 1, error: expect.closeTo(0, 4) as number })
})
