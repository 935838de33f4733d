import * as dagCbor from '@ipld/dag-cbor'
import { equals } from 'uint8arrays/equals'
import { isPlainlyCanonical } from './canonical.ts'
import { encodePlain } from './encode-plain.ts'

/** Canonical DAG-CBOR of a plain value: map keys sorted, shortest integers, no undefined. */
export function encode(value: unknown): Uint8Array {
  return encodePlain(value)
}

/**
 * Decodes DAG-CBOR and insists on the canonical form: a value that does not re-encode to the same bytes is refused,
 * so that one value has one hash. Never throws: null for anything malformed, too deep or not canonical.
 */
export function decodeCanonical(bytes: Uint8Array): unknown {
  try {
    const value: unknown = dagCbor.decode(bytes)
    return isPlainlyCanonical(bytes) || equals(dagCbor.encode(value), bytes) ? value : null
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
