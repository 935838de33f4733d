import * as dagCbor from '@ipld/dag-cbor'
import { equals } from 'uint8arrays/equals'

/** Canonical DAG-CBOR of a plain value: map keys sorted, shortest integers, no undefined. */
export function encode(value: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = dagCbor.encode(value)
  // The library may give a Buffer, whose `slice` does not copy.
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/**
 * Decodes DAG-CBOR and insists on the canonical form: a value that does not re-encode to the same bytes is refused,
 * so that one value has one hash. Never throws: null for anything malformed, too deep or not canonical.
 */
export function decodeCanonical(bytes: Uint8Array): unknown {
  try {
    const value: unknown = dagCbor.decode(bytes)
    return equals(dagCbor.encode(value), bytes) ? value : null
  } catch {
    return null
  }
}

/** Decodes what is known to be canonical, since its hash or its author vouches for it; null for anything malformed. */
export function decodeVouched(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch {
    return null
  }
}
