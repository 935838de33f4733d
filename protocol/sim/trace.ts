import { sha256 } from '../../consensus/index.ts'

/** Everything that happened in a run, in order, as one hash. */
export interface Trace {
  note: (nowMs: number, node: number, what: string) => void
  hash: () => string
}

export function createTrace(): Trace {
  let low = 0
  let high = 0
  let count = 0
  // Two multiplicative hashes of 32 bits: enough to tell runs apart, nothing that anybody relies on.
  const mix = (value: number): void => {
    low = Math.imul(low ^ value, 0x0100_0193)
    high = Math.imul(high + value, 0x5bd1_e995) ^ (high >>> 15)
  }
  return {
    note(nowMs, node, what) {
      count += 1
      mix(Math.floor(nowMs * 1_000) + node)
      for (let index = 0; index < what.length; index++) mix(what.charCodeAt(index))
    },
    hash: () => sha256(`${count}/${low}/${high}`),
  }
}
