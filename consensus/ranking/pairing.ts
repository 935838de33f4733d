import { sha256, shuffle } from '../hash.ts'

/** Neighbours at these distances on a judge's circle are compared: six comparisons per answer, all pairs up to seven. */
const OFFSETS = [1, 2, 3]

/** Indices of two answers; `left` is shown first. */
export interface ScheduledPair {
  left: number
  right: number
}

export interface PairingInput {
  /** Number of answers of the round. */
  answers: number
  /** Indices of the judge's own answers, left out; empty where judges may judge themselves. */
  own: readonly number[]
  /** Known only after the answers are. */
  seed: string
  /** Member id. */
  judge: string
}

/**
 * The pairs one judge is asked for: its own shuffle of the answers, laid on a circle, every answer compared with the
 * ones up to three places on. No pair twice; connected, already by the first n pairs; each answer shown first as often
 * as second, up to one. 3n pairs, or all of them up to seven answers. Judges differ, or they would add no information.
 *
 * @throws RangeError if `answers` is not a non-negative integer or an own index is out of range
 */
export function schedulePairs({ answers, own, seed, judge }: PairingInput): ScheduledPair[] {
  if (!Number.isInteger(answers) || answers < 0) throw new RangeError(`answers must be a non-negative integer, got ${answers}`)
  for (const index of own) if (!Number.isInteger(index) || index < 0 || index >= answers) throw new RangeError(`own must be 0..${answers - 1}, got ${index}`)
  const others = Array.from({ length: answers }, (_, index) => index).filter((index) => !own.includes(index))
  const circle = shuffle(others, sha256(`${seed}/${judge}`))
  return OFFSETS.flatMap((offset) => {
    const steps = offset * 2 < circle.length ? circle.length : offset * 2 === circle.length ? offset : 0
    return circle.slice(0, steps).map((left, at) => ({ left, right: circle[(at + offset) % circle.length] as number }))
  })
}
