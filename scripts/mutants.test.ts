import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from './mutants/list.ts'
import { editsOf, mutateText } from './mutants/mutate.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

describe('the mutants', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s: breaks one place that exists, and has a seed that notices', (_, mutant) => {
    for (const edit of editsOf(mutant)) {
      const text = readFileSync(join(ROOT, edit.file), 'utf8')
      expect(mutateText(text, edit)).not.toBe(text)
    }
    expect(mutant.seeds.length).toBeGreaterThan(0)
  })

  it('are at least fifteen, each with a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    expect(MUTANTS.length).toBeGreaterThanOrEqual(15)
  })

  it('are refused where the place is gone or not the only one', () => {
    const mutant = { file: 'x.ts', find: 'one', replace: 'two' }
    expect(mutateText('just one', mutant)).toBe('just two')
    expect(() => mutateText('nothing of it', mutant)).toThrow(RangeError)
    expect(() => mutateText('one and one', mutant)).toThrow(RangeError)
  })
})
