/** Virtual wins each way per pair that the references of the recordings were computed with. */
const PRIOR_WINS = 0.05

const SWEEPS_MAX = 5_000
const STEP_NEGLIGIBLE = 1e-12

/**
 * Bradley-Terry strengths by the fixed point of Newman 2023, answer by answer: an implementation apart from the one that
 * ranks rounds, since it is what that is measured against.
 *
 * @param wins - n*n row-major; wins[i*n+j] = how often answer i was preferred to j
 * @returns strengths, > 0, summing to 1
 */
export function fitReference(wins: Float64Array, n: number): number[] {
  let strengths = Array.from({ length: n }, () => 1 / n)
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    const next = [...strengths]
    for (let i = 0; i < n; i++) next[i] = moveOne(wins, next, i)
    const total = next.reduce((sum, strength) => sum + strength, 0)
    const scaled = next.map((strength) => strength / total)
    const moved = scaled.some((strength, i) => Math.abs(strength - (strengths[i] as number)) > STEP_NEGLIGIBLE)
    strengths = scaled
    if (!moved) break
  }
  return strengths
}

function moveOne(wins: Float64Array, strengths: readonly number[], i: number): number {
  const n = strengths.length
  const own = strengths[i] as number
  let won = 0
  let lost = 0
  for (let j = 0; j < n; j++) {
    if (j === i) continue
    const other = strengths[j] as number
    won += (((wins[i * n + j] as number) + PRIOR_WINS) * other) / (own + other)
    lost += ((wins[j * n + i] as number) + PRIOR_WINS) / (own + other)
  }
  return lost === 0 ? 1 : won / lost
}
