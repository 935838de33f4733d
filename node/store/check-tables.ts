/**
 * Checks the tables of a LevelDB folder against the checksums in them. LevelDB itself looks at those only on request, which
 * the binding does not pass on: a turned bit would change an entry or hide it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c, unmask } from './check-files.ts'

/** A table is blocks one after the other, each with its compression (1 byte) and checksum (4); the last two are listed in the footer. */
const TRAILER_BYTES = 5
const FOOTER_BYTES = 48
const MAGIC = 0xdb4775248b80fb57n
const SNAPPY = 1

interface Handle {
  offset: number
  size: number
}

/**
 * The first damaged table of a folder that LevelDB has open, or null. To be called after opening: that removes the tables
 * that belong to nothing. One without its footer is being written, or is refused by LevelDB when it is read.
 */
export async function findDamagedTable(folder: string): Promise<string | null> {
  const tables = (await readdir(folder)).filter((file) => /\.(ldb|sst)$/.test(file)).sort()
  for (const file of tables) {
    const table = await readFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (table !== null && isTableDamaged(table)) return file
  }
  return null
}

/** Whether any byte of a finished table is not what was written. */
export function isTableDamaged(table: Buffer): boolean {
  if (table.length < FOOTER_BYTES || table.readBigUInt64LE(table.length - 8) !== MAGIC) return false
  try {
    const end = table.length - FOOTER_BYTES
    const [metaIndex, afterMeta] = readHandle(table, end)
    const [index, afterIndex] = readHandle(table, afterMeta)
    if (table.subarray(afterIndex, table.length - 8).some((byte) => byte !== 0)) return true
    const blocks = readIndex(readBlock(table, index))
    // Between the data and the index of the rest lies the filter, which is listed there.
    const dataEnd = blocks.reduce((last, { offset, size }) => (offset === last ? offset + size + TRAILER_BYTES : NaN), 0)
    if (dataEnd < metaIndex.offset) blocks.push({ offset: dataEnd, size: metaIndex.offset - dataEnd - TRAILER_BYTES })
    const isWhole = dataEnd <= metaIndex.offset && metaIndex.offset + metaIndex.size + TRAILER_BYTES === index.offset && index.offset + index.size + TRAILER_BYTES === end
    return !isWhole || !isIntact(table, metaIndex) || blocks.some((block) => !isIntact(table, block))
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}

function isIntact(table: Buffer, { offset, size }: Handle): boolean {
  return unmask(table.readUInt32LE(offset + size + 1)) === crc32c(table.subarray(offset, offset + size + 1))
}

function readBlock(table: Buffer, handle: Handle): Buffer {
  if (!isIntact(table, handle)) throw new RangeError('a block that is not as it was written')
  const { offset, size } = handle
  const block = table.subarray(offset, offset + size)
  return table[offset + size] === SNAPPY ? inflate(block) : block
}

/** The handles in an index: entries of key (shared length, own length, key) and value, then the restart points and their number. */
function readIndex(index: Buffer): Handle[] {
  const end = index.length - 4 - 4 * index.readUInt32LE(index.length - 4)
  const handles: Handle[] = []
  for (let at = 0; at < end; ) {
    const [, afterShared] = readVarint(index, at)
    const [keyBytes, afterKeyBytes] = readVarint(index, afterShared)
    const [valueBytes, afterValueBytes] = readVarint(index, afterKeyBytes)
    handles.push(readHandle(index, afterValueBytes + keyBytes)[0])
    at = afterValueBytes + keyBytes + valueBytes
  }
  return handles
}

function readHandle(bytes: Buffer, at: number): [Handle, number] {
  const [offset, afterOffset] = readVarint(bytes, at)
  const [size, end] = readVarint(bytes, afterOffset)
  return [{ offset, size }, end]
}

/** Seven bits a byte, the lowest first. @throws RangeError beyond the end or 2^49 */
function readVarint(bytes: Buffer, at: number): [value: number, end: number] {
  let value = 0
  for (let shift = 0; shift < 7; shift++) {
    const byte = bytes.readUInt8(at + shift)
    value += (byte & 0x7f) * 2 ** (7 * shift)
    if (byte < 0x80) return [value, at + shift + 1]
  }
  throw new RangeError('a number that is too long')
}

/** Undoes Snappy: pieces of text, and copies of what came before. @throws RangeError for anything else */
function inflate(packed: Buffer): Buffer {
  const [length, start] = readVarint(packed, 0)
  const text = Buffer.alloc(length)
  let filled = 0
  for (let at = start; at < packed.length; ) {
    const tag = packed.readUInt8(at++)
    const high = tag >>> 2
    let size = high + 1
    if ((tag & 3) === 0) {
      const extra = Math.max(0, high - 59)
      if (extra > 0) size = packed.readUIntLE(at, extra) + 1
      at += extra
      filled += packed.copy(text, filled, at, at + size)
      at += size
      continue
    }
    const offsetBytes = [0, 1, 2, 4][tag & 3] as number
    const near = (tag & 3) === 1
    const offset = packed.readUIntLE(at, offsetBytes) + (near ? (tag >>> 5) << 8 : 0)
    if (near) size = (high & 7) + 4
    at += offsetBytes
    if (offset === 0 || offset > filled || filled + size > length) throw new RangeError('a copy of nothing')
    for (const end = filled + size; filled < end; filled++) text[filled] = text[filled - offset] as number
  }
  if (filled !== length) throw new RangeError('a text cut short')
  return text
}
