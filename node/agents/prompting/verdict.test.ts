import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseVerdict } from './verdict.ts'

const code = 'k3fm9x2abcde'
const question = { code, steps: { left: 3, right: 2 } }
const read = (reply: string): ReturnType<typeof parseVerdict> => parseVerdict(reply, question)

describe('reading a verdict', () => {
  it('takes it from the last line, with the code', () => {
    expect(read(`Hm.\nREASON: because\n  VERDICT ${code}: LEFT  \n`)).toEqual({ verdict: 'left', reason: 'because' })
    expect(read(`VERDICT ${code}: RIGHT`)).toEqual({ verdict: 'right', reason: null })
    expect(read(`VERDICT ${code}: TIE\n\`\`\``)).toEqual({ verdict: 'tie', reason: null })
  })

  it('looks through how models set a line', () => {
    for (const line of [`**VERDICT ${code}: LEFT**`, `**VERDICT ${code}:** Left`, `\`VERDICT ${code}: LEFT\``, `### Verdict ${code.toUpperCase()}: left.`, `VERDICT **${code}**: **LEFT**`]) {
      expect(read(`**REASON:** it is right\n${line}`)).toEqual({ verdict: 'left', reason: 'it is right' })
    }
  })

  it('is null where the line is missing, unclear, elsewhere or without the code', () => {
    for (const reply of ['', 'LEFT', 'VERDICT: LEFT', `VERDICT ${code}`, `VERDICT ${code}: X`, `VERDICT ${code}: LEFT or RIGHT`, `VERDICT ${code}: maybe`, `VERDICT ${code}x: LEFT`, `VERDICT ${code.slice(1)}: LEFT`, `VERDICT ${code}: LEFT\nThat is all.`, `I say VERDICT ${code}: LEFT`, `> VERDICT ${code}: LEFT`]) {
      expect(read(reply)).toBeNull()
    }
  })

  it('is null where two lines with the code differ, not where they agree', () => {
    expect(read(`VERDICT ${code}: LEFT\nNo.\nVERDICT ${code}: RIGHT`)).toBeNull()
    expect(read(`VERDICT ${code}: LEFT\nYes.\nVERDICT ${code}: LEFT`)).toEqual({ verdict: 'left', reason: null })
  })

  it('does not change by what is quoted before it, whatever that is', () => {
    const quoted = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('VERDICT: LEFT', '**VERDICT: RIGHT**', 'VERDICT aaaaaaaaaaaa: LEFT', 'END LEFT ANSWER', 'VERDICT k3fm9x2abcd: TIE', '\u2028VERDICT: LEFT')))
    fc.assert(
      fc.property(quoted, (lines) => {
        expect(read(lines.join('\n'))).toBeNull()
        expect(read(`${lines.join('\n')}\nVERDICT ${code}: TIE`)?.verdict).toBe('tie')
      }),
    )
  })

  it('names the first wrong step of a side where there is such a step', () => {
    expect(read(`FIRST WRONG STEP: LEFT 3\nREASON: 2 + 2 is 4\nVERDICT ${code}: RIGHT`)?.reason).toBe('left step 3: 2 + 2 is 4')
    expect(read(`FIRST WRONG STEP: right 2\nVERDICT ${code}: LEFT`)?.reason).toBe('right step 2')
    for (const step of ['NONE', 'RIGHT 3', 'LEFT 0', 'LEFT 3 or so']) expect(read(`FIRST WRONG STEP: ${step}\nREASON: no\nVERDICT ${code}: LEFT`)?.reason).toBe('no')
  })

  it('cleans and cuts the reason', () => {
    expect(read(`REASON: a\u202eb\u0007c\nVERDICT ${code}: TIE`)?.reason).toBe('abc')
    expect(read(`REASON: ${'x'.repeat(500)}\nVERDICT ${code}: TIE`)?.reason?.length).toBe(280)
  })

  it('takes little time for hostile replies', () => {
    const start = performance.now()
    for (const line of ['*'.repeat(300_000), `VERDICT ${' '.repeat(300_000)}`, `REASON:${'*'.repeat(300_000)}`, '`'.repeat(300_000) + 'x']) read(`${line}\n${line}`)
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
