/** Most bytes of an answer's text that an agent hands on; leaves room below the protocol's 64 KiB. */
export const answerBytesMax = 60_000

/** Most UTF-16 units of an answer's value, of a reason and of a model's name, as the protocol allows them. */
export const valueLengthMax = 1_000
export const reasonLengthMax = 280
export const modelLengthMax = 100

/**
 * The text itself if it has at most `bytesMax` bytes in UTF-8, else its beginning followed by `notice`, together within the
 * limit and never cut inside a character. Lone surrogates become U+FFFD, so that the result has exactly one UTF-8 form.
 */
export function limitBytes(text: string, bytesMax: number, notice: string): string {
  const wellFormed = text.toWellFormed()
  if (wellFormed.length * 3 <= bytesMax || Buffer.byteLength(wellFormed) <= bytesMax) return wellFormed
  const bytes = Buffer.from(wellFormed.slice(0, bytesMax))
  let end = Math.min(bytes.length, Math.max(0, bytesMax - Buffer.byteLength(notice)))
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end) + notice
}

/** The beginning of a text, at most `lengthMax` UTF-16 units, never cut inside a character. */
export function limitLength(text: string, lengthMax: number): string {
  const wellFormed = text.toWellFormed()
  if (wellFormed.length <= lengthMax) return wellFormed
  const cut = wellFormed.slice(0, lengthMax)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}
