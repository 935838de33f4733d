import fc from 'fast-check'
import { expect, it } from 'vitest'
import { limitBytes, limitLength } from './text-limits.ts'

const texts = fc.string({ unit: fc.constantFrom('a', 'é', '€', '🦦', '\ud800') })

it('leaves well-formed text within the limit alone', () => {
  expect(limitBytes('é🦦', 6, '...')).toBe('é🦦')
  expect(limitLength('é🦦', 3)).toBe('é🦦')
})

it('cuts to the limit, never inside a character, and says so', () => {
  expect(limitBytes('aaaa🦦🦦', 11, '...')).toBe('aaaa🦦...')
  expect(limitBytes('aaaa🦦🦦', 10, '...')).toBe('aaaa...')
  expect(limitLength('a🦦', 2)).toBe('a')
})

it('always ends within the limit, well formed, and begins as the text does', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 3, max: 40 }), (text, max) => {
      const byBytes = limitBytes(text, max, '...')
      expect(Buffer.byteLength(byBytes)).toBeLessThanOrEqual(max)
      expect(byBytes.isWellFormed()).toBe(true)
      expect(text.toWellFormed().startsWith(byBytes.replace(/\.\.\.$/, ''))).toBe(true)
      const byLength = limitLength(text, max)
      expect(byLength.length).toBeLessThanOrEqual(max)
      expect(byLength.isWellFormed() && text.toWellFormed().startsWith(byLength)).toBe(true)
    }),
  )
})
