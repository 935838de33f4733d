/** A line longer than its limit arrived. */
export class LineTooLongError extends Error {
  constructor(lineBytesMax: number) {
    super(`a line is longer than ${lineBytesMax} bytes`)
    this.name = 'LineTooLongError'
  }
}

/**
 * Splits bytes into lines of UTF-8 text, without their line ends (\n or \r\n). A last line without an end counts too.
 * Never holds more than `lineBytesMax` bytes of an unfinished line: throws LineTooLongError instead.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<string, void, void> {
  let parts: Uint8Array[] = []
  let size = 0
  const take = (part: Uint8Array): void => {
    size += part.length
    if (size > lineBytesMax) throw new LineTooLongError(lineBytesMax)
    parts.push(part)
  }
  const finish = (): string => {
    const line = Buffer.concat(parts).toString('utf8')
    parts = []
    size = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end))
      yield finish()
      start = end + 1
    }
    if (start < chunk.length) take(chunk.subarray(start))
  }
  if (size > 0) yield finish()
}
