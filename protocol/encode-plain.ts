/**
 * The encoding of plain values, which is nearly all that is ever encoded: safe integers, ASCII text, bytes, null, booleans,
 * lists, and maps of those. Anything else in a value is left to the library, which says what the encoding is; here it is only written
 * in a third of the time.
 */
import * as dagCbor from '@ipld/dag-cbor'

/** Head bytes of the kinds of values, before the argument. */
const UINT = 0x00
const NEGATIVE = 0x20
const BYTES = 0x40
const TEXT = 0x60
const LIST = 0x80
const MAP = 0xa0
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

const ROOM_BYTES = 65_536
/** What is kept for the next value; a larger one gets room for itself alone. */
const ROOM_KEPT_BYTES = 4_194_304

/** What is being written, and how far it is. */
let room = new Uint8Array(ROOM_BYTES)
let end = 0

/** The canonical DAG-CBOR of a value: the same bytes as the library's. Throws as the library does for what has none. */
export function encodePlain(value: unknown): Uint8Array {
  end = 0
  write(value)
  const bytes = room.slice(0, end)
  if (room.length > ROOM_KEPT_BYTES) room = new Uint8Array(ROOM_BYTES)
  return bytes
}

function write(value: unknown): void {
  if (typeof value === 'string') {
    if (!writeAscii(value)) writeByLibrary(value)
  } else if (Number.isSafeInteger(value)) {
    const integer = value as number
    writeHead(integer < 0 ? NEGATIVE : UINT, integer < 0 ? -1 - integer : integer)
  } else if (value === null || typeof value === 'boolean') {
    writeHead(value === null ? NULL : value ? TRUE : FALSE, 0)
  } else if (value instanceof Uint8Array) {
    writeHead(BYTES, value.length)
    append(value)
  } else if (Array.isArray(value)) {
    writeHead(LIST, value.length)
    for (const element of value) write(element)
  } else if (!isMap(value) || !writeMap(value)) writeByLibrary(value)
}

// A map with one of these keys may stand for a link.
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && value.constructor === Object && !('/' in value) && !('asCID' in value)
}

/** Whether the map could be written; if not, nothing of it is. */
function writeMap(map: Readonly<Record<string, unknown>>): boolean {
  const start = end
  const keys = inOrder(Object.keys(map))
  writeHead(MAP, keys.length)
  for (const key of keys) {
    if (!writeAscii(key)) {
      end = start
      return false
    }
    write(map[key])
  }
  return true
}

// Most maps were made in order, or read from bytes.
function inOrder(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++) if (compareKeys(keys[index - 1] as string, keys[index] as string) > 0) return keys.sort(compareKeys)
  return keys
}

function compareKeys(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

/** Whether the text is ASCII; if not, nothing is written. */
function writeAscii(text: string): boolean {
  const start = end
  writeHead(TEXT, text.length)
  reserve(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) {
      end = start
      return false
    }
    room[end++] = code
  }
  return true
}

function writeByLibrary(value: unknown): void {
  append(dagCbor.encode(value))
}

function append(bytes: Uint8Array): void {
  reserve(bytes.length)
  room.set(bytes, end)
  end += bytes.length
}

/** Writes a head with its argument, a safe integer, in as few bytes as hold it. */
function writeHead(kind: number, argument: number): void {
  reserve(9)
  if (argument < 24) {
    room[end++] = kind | argument
    return
  }
  const width = argument < 0x1_00 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8
  room[end++] = kind | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27)
  let rest = argument
  for (let index = width - 1; index >= 0; index--) {
    room[end + index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  end += width
}

function reserve(bytes: number): void {
  if (end + bytes <= room.length) return
  const larger = new Uint8Array(Math.max(2 * room.length, end + bytes))
  larger.set(room.subarray(0, end))
  room = larger
}
