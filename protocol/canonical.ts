/**
 * Canonical form, told from the bytes alone. To encode a value again and compare costs more than to decode it; of what peers
 * send, nearly everything can be judged by a walk over its heads.
 */

/** Nesting that is walked; messages have half of it. */
const DEPTH_MAX = 32

const FALSE = 0xf4
const NULL = 0xf6
const SLASH = 0x2f

/** Least argument that needs the bytes after a head, by the low five bits of the head. */
const LEAST: { readonly [minor: number]: { width: number; least: number } } = {
  24: { width: 1, least: 24 },
  25: { width: 2, least: 0x1_00 },
  26: { width: 4, least: 0x1_0000 },
  27: { width: 8, least: 0x1_0000_0000 },
}

interface Walk {
  readonly bytes: Uint8Array
  at: number
}

/**
 * Whether bytes are for sure the canonical DAG-CBOR of one value: lengths and integers in their shortest form, text in ASCII,
 * map keys each once and in order. False for what is not, and for what this walk cannot tell: other text, floats, links, integers
 * from 2^53 - 1 on. Never throws; linear in the number of values and the length of texts.
 */
export function isPlainlyCanonical(bytes: Uint8Array): boolean {
  const walk = { bytes, at: 0 }
  return skipValue(walk, DEPTH_MAX) && walk.at === bytes.length
}

function skipValue(walk: Walk, depth: number): boolean {
  const head = walk.bytes[walk.at]
  if (head === undefined || depth === 0) return false
  if (head >= FALSE && head <= NULL) {
    walk.at += 1
    return true
  }
  const argument = readArgument(walk, head)
  if (argument < 0) return false
  switch (head >> 5) {
    case 0:
    case 1:
      return true
    case 2:
      walk.at += argument
      return walk.at <= walk.bytes.length
    case 3:
      return skipAscii(walk, argument)
    case 4:
      for (let index = 0; index < argument; index++) if (!skipValue(walk, depth - 1)) return false
      return true
    case 5:
      return skipMap(walk, argument, depth)
    default:
      return false
  }
}

/** The integer or length that a head stands for, or -1; the walk is then behind it. */
function readArgument(walk: Walk, head: number): number {
  walk.at += 1
  const minor = head & 31
  if (minor < 24) return minor
  const long = LEAST[minor]
  if (long === undefined) return -1
  let argument = 0
  for (let index = 0; index < long.width; index++) argument = argument * 256 + (walk.bytes[walk.at + index] ?? NaN)
  walk.at += long.width
  return argument >= long.least && argument < Number.MAX_SAFE_INTEGER ? argument : -1
}

function skipAscii(walk: Walk, length: number): boolean {
  const end = walk.at + length
  if (end > walk.bytes.length) return false
  while (walk.at < end) if ((walk.bytes[walk.at++] as number) > 0x7f) return false
  return true
}

function skipMap(walk: Walk, size: number, depth: number): boolean {
  let beforeAt = 0
  let beforeLength = -1
  for (let index = 0; index < size; index++) {
    const head = walk.bytes[walk.at] ?? 0
    const length = head >> 5 === 3 ? readArgument(walk, head) : -1
    const { at } = walk
    if (length < 0 || !skipAscii(walk, length)) return false
    if (!isAfter(walk.bytes, beforeAt, beforeLength, at, length)) return false
    // A map with this key may stand for a link.
    if (length === 1 && walk.bytes[at] === SLASH) return false
    beforeAt = at
    beforeLength = length
    if (!skipValue(walk, depth - 1)) return false
  }
  return true
}

// Shorter keys come first, keys of one length by their bytes.
function isAfter(bytes: Uint8Array, beforeAt: number, beforeLength: number, at: number, length: number): boolean {
  if (length !== beforeLength) return length > beforeLength
  for (let index = 0; index < length; index++) {
    const difference = (bytes[at + index] as number) - (bytes[beforeAt + index] as number)
    if (difference !== 0) return difference > 0
  }
  return false
}
