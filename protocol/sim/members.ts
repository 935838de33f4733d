import { sha256 } from '../../consensus/index.ts'
import { equals } from 'uint8arrays/equals'
import type { Signer, Verify } from '../envelope.ts'

/**
 * Members of a simulated network. Their signatures are keyed hashes: what the protocol needs of them, that nobody signs
 * for another, holds because nobody in a simulation tries; what it gains is speed.
 */
export function simulatedSigner(index: number): Signer {
  const member = `12D3KooW${sha256(`member/${index}`).replaceAll('0', 'z').slice(0, 44)}`
  return { member, sign: (bytes) => signature(member, bytes) }
}

export const verifySimulated: Verify = (member, bytes, given) => {
  return equals(signature(member, bytes), given)
}

function signature(member: string, bytes: Uint8Array): Uint8Array {
  const digest = sha256(`${member}/${sha256(bytes)}`)
  const result = new Uint8Array(64)
  for (let index = 0; index < 64; index++) result[index] = digest.charCodeAt(index)
  return result
}
