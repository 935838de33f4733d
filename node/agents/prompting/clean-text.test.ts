import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, countUnseen } from './clean-text.ts'

/** Any code point, lone surrogates too. */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point))

describe('cleaning a text', () => {
  it('leaves what is seen as it is, in any script', () => {
    for (const text of ['', 'a\tb\nc', 'Señor 🦦', '漢字かな', 'العربية', 'हिन्दी', 'x² ≤ ½', '⟨ψ|φ⟩']) expect(cleanText(text)).toBe(text)
  })

  it('makes one line feed of every line break', () => {
    expect(cleanText('a\r\nb\rc\u0085d\u2028e\u2029f\vg\fh')).toBe('a\nb\nc\nd\ne\nf\ng\nh')
  })

  it('takes out controls, bidi and everything invisible', () => {
    const unseen = '\0\x07\x1b\x7f\x9f\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2064\u2066\u2069\u3164\ufe0f\ufeff\ufff9\ufffb\u{e0001}\u{e0041}\u{e007f}\u{e0100}'
    expect(cleanText(`a${unseen}b`)).toBe('ab')
    expect(countUnseen(unseen)).toBe([...unseen].length)
  })

  it('replaces lone surrogates, and cleaning twice changes nothing more', () => {
    expect(cleanText('a\ud800b')).toBe('a\ufffdb')
    fc.assert(
      fc.property(fc.array(fc.oneof(anyCharacter, fc.constantFrom('\ud800', '\udc00', '\u200b', '\r', '\n', 'a'))), (characters) => {
        const clean = cleanText(characters.join(''))
        expect(cleanText(clean)).toBe(clean)
        expect(clean.isWellFormed()).toBe(true)
        expect(countUnseen(clean)).toBe(0)
      }),
    )
  })
})
