import * as dagCbor from '@ipld/dag-cbor'

/** Canonical DAG-CBOR of a plain value: map keys sorted, shortest integers, no undefined. */
export function encode(value: unknown): Uint8Array {
  return dagCbor.encode(value)
}

/**
 * Decodes DAG-CBOR and insists on the canonical form: a value that does not re-encode to the same bytes is refused,
 * so that one value has one hash. Never throws: null for anything malformed, too deep or not canonical.
 */
export function decodeCanonical(bytes: Uint8Array): unknown {
  try {
    const value: unknown = dagCbor.decode(bytes)
    return bytesEqual(dagCbor.encode(value), bytes) ? value : null
  } catch {
    return null
  }
}

/** Byte-wise equality of two arrays. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
