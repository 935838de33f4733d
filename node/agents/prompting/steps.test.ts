import fc from 'fast-check'
import { expect, it } from 'vitest'
import { numberSteps, splitSteps } from './steps.ts'

it('takes paragraphs as steps, or lines where there is one paragraph', () => {
  expect(splitSteps('First\nstill first\n\nSecond\n \n\nThird')).toEqual(['First\nstill first', 'Second', 'Third'])
  expect(splitSteps('One.\nTwo.\nThree.')).toEqual(['One.', 'Two.', 'Three.'])
  expect(splitSteps(' \n')).toEqual([])
})

it('keeps a block of code whole', () => {
  expect(splitSteps('Code:\n\n```py\na = 1\n\nb = 2\n```\n\nDone.')).toEqual(['Code:', '```py\na = 1\n\nb = 2\n```', 'Done.'])
  expect(splitSteps('Code:\n```py\na = 1\nb = 2\n```\nDone.')).toEqual(['Code:', '```py\na = 1\nb = 2\n```', 'Done.'])
})

it('loses nothing that is not blank, and makes no more steps than the most', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b c', '', ' ', '```', '[1]'), { maxLength: 120 }), (lines) => {
      const steps = splitSteps(lines.join('\n'))
      expect(steps.length).toBeLessThanOrEqual(40)
      expect(steps.join('\n').split('\n').filter((line) => line.trim() !== '')).toEqual(lines.filter((line) => line.trim() !== ''))
    }),
  )
})

it('numbers steps from 1', () => {
  expect(numberSteps(['a\nb', 'c'])).toBe('[1] a\nb\n[2] c')
})
