/**
 * Looks at the files of a LevelDB folder before LevelDB does. LevelDB takes a folder without its file CURRENT for an empty one, and
 * drops what it cannot read of its logs without a word: a node that went on from there would contradict what it has said.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The log format of LevelDB: blocks of this size, and records in them of checksum (4), length (2), type (1) and data. */
const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
/** Types of the records that begin a batch: whole, and first part. */
const BEGINS = [1, 2]

/** What is missing or damaged in the folder, or null. The last batch of a log may be incomplete: a crash leaves it so. Rejects if it cannot be read. */
export async function findDamage(folder: string): Promise<string | null> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const logs = files.filter((file) => file.endsWith('.log'))
  const hasTables = files.some((file) => /\.(ldb|sst)$/.test(file))
  if (!files.includes('CURRENT') && (hasTables || logs.length > 0 || files.some((file) => file.startsWith('MANIFEST-')))) return 'its file CURRENT is missing'
  if (hasTables && logs.length === 0) return 'its log is missing'
  for (const log of logs) if (isLogDamaged(await readFile(join(folder, log)))) return `its log ${log} has been altered`
  return null
}

/** Whether a batch begins in the log after something unreadable. Batches are synced one by one: only the last one can be torn by a crash. */
function isLogDamaged(log: Buffer): boolean {
  let isTorn = false
  for (let at = 0; at < log.length; ) {
    const inBlock = BLOCK_BYTES - (at % BLOCK_BYTES)
    const length = at + HEADER_BYTES <= log.length && inBlock >= HEADER_BYTES ? log.readUInt16LE(at + 4) : 0
    const type = inBlock >= HEADER_BYTES ? log[at + 6] : 0
    const end = at + HEADER_BYTES + length
    // The end of a block too short for a record, or room that was set aside and not written to.
    if (inBlock < HEADER_BYTES || (type === 0 && length === 0)) at += inBlock
    else if (HEADER_BYTES + length > inBlock || end > log.length) {
      isTorn = true
      at += inBlock
    } else {
      const isIntact = unmask(log.readUInt32LE(at)) === crc32c(log.subarray(at + 6, end))
      if (isTorn && isIntact && BEGINS.includes(type as number)) return true
      isTorn ||= !isIntact
      at = end
    }
  }
  return false
}

/** Checksums are stored turned by 15 bits and shifted by a constant. */
export function unmask(masked: number): number {
  const turned = (masked - 0xa282ead8) >>> 0
  return ((turned << 15) | (turned >>> 17)) >>> 0
}

/** CRC-32C (Castagnoli), byte by byte. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
