import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineTooLongError, splitLines } from './lines.ts'

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield await Promise.resolve(bytes.subarray(start, start + size))
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

it('gives the same lines however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '🦦', ' ', '{') })), fc.integer({ min: 1, max: 9 }), fc.constantFrom('\n', '\r\n'), async (lines, size, end) => {
      const bytes = Buffer.from(lines.map((line) => line + end).join(''))
      expect(await collect(splitLines(inChunks(bytes, size), 1_000))).toEqual(lines)
    }),
  )
})

it('gives a last line without an end', async () => {
  expect(await collect(splitLines(inChunks(Buffer.from('a\n\nb'), 2), 10))).toEqual(['a', '', 'b'])
})

it('refuses a line beyond the limit, finished or not', async () => {
  for (const text of ['abc\n', 'abc', 'x\nabcdef\n']) {
    await expect(collect(splitLines(inChunks(Buffer.from(text), 1), 2))).rejects.toThrow(LineTooLongError)
  }
  expect(await collect(splitLines(inChunks(Buffer.from('ab\nab'), 1), 2))).toEqual(['ab', 'ab'])
})
