/**
 * Virtual wins in each direction of every pair, in judges of weight 1. They keep undefeated answers finite and hold
 * a disconnected comparison graph together; too few to outvote even one judge of a tenth of full weight.
 */
export const PRIOR_WINS = 0.05

/** A step below this moves no strength by more than its square: the fit is at rounding error. */
const STEP_NEGLIGIBLE = 1e-8

/** Recordings need 4 to 8 steps, unanimous juries over a full order of 64 answers 22; the limit only bounds the work. */
const STEPS_MAX = 64

/**
 * Fits Bradley-Terry strengths to weighted pairwise wins: the one maximum of the likelihood in which i beats j with
 * probability s_i / (s_i + s_j), `PRIOR_WINS` added to every pair (Hunter 2004 for the model). Pure and
 * bit-reproducible: + - * / in index order. Damped Newton steps in log strengths from the uniform start, O(n^3) each:
 * fixed-point sweeps (Hunter 2004, Newman 2023) take hundreds of rounds and depend on the order of the answers where
 * judges agree on everything, Newton takes a dozen. Relabelling the answers moves a strength by rounding error only
 * (below 1e-12).
 *
 * @param wins - n*n row-major; wins[i*n+j] = total weight preferring answer i to j, >= 0, in judges of weight 1
 * @param n - number of answers
 * @returns strengths, length n, each > 0, summing to 1
 * @throws RangeError if wins.length !== n*n or an entry is negative or not finite
 */
export function fitBradleyTerry(wins: ArrayLike<number>, n: number): Float64Array {
  assertWins(wins, n)
  const strengths = new Float64Array(n).fill(1 / n)
  const gradient = new Float64Array(n)
  const curvature = new Float64Array(n * n)
  for (let step = 0; step < STEPS_MAX && n > 1; step++) {
    differentiate(wins, strengths, gradient, curvature)
    solveInPlace(curvature, gradient)
    if (moveStrengths(strengths, gradient) < STEP_NEGLIGIBLE) break
  }
  return strengths
}

function assertWins(wins: ArrayLike<number>, n: number): void {
  if (!Number.isInteger(n) || n < 0 || wins.length !== n * n) throw new RangeError(`wins must have n*n entries, got ${wins.length} for n = ${n}`)
  for (let at = 0; at < wins.length; at++) {
    const weight = wins[at] as number
    if (!(weight >= 0 && weight < Infinity)) throw new RangeError(`wins[${at}] must be finite and not negative, got ${weight}`)
  }
}

/** Gradient and negative Hessian of the log likelihood in log strengths. The latter is grounded: a common factor is free. */
function differentiate(wins: ArrayLike<number>, strengths: Float64Array, gradient: Float64Array, curvature: Float64Array): void {
  const n = strengths.length
  gradient.fill(0)
  curvature.fill(1 / n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const won = (wins[i * n + j] as number) + PRIOR_WINS
      const lost = (wins[j * n + i] as number) + PRIOR_WINS
      const both = (strengths[i] as number) + (strengths[j] as number)
      const chance = (strengths[i] as number) / both
      const counter = (strengths[j] as number) / both
      const surprise = won * counter - lost * chance
      const bend = (won + lost) * chance * counter
      gradient[i] = (gradient[i] as number) + surprise
      gradient[j] = (gradient[j] as number) - surprise
      curvature[i * n + i] = (curvature[i * n + i] as number) + bend
      curvature[j * n + j] = (curvature[j * n + j] as number) + bend
      curvature[i * n + j] = (curvature[i * n + j] as number) - bend
    }
  }
}

/** Solves a x = b by LDL^T, reading the lower triangle of the symmetric positive definite `a`; x replaces b. */
function solveInPlace(a: Float64Array, b: Float64Array): void {
  const n = b.length
  for (let column = 0; column < n; column++) {
    const pivot = a[column * n + column] as number
    for (let row = column + 1; row < n; row++) {
      const factor = (a[row * n + column] as number) / pivot
      if (factor === 0) continue
      for (let k = column + 1; k <= row; k++) a[row * n + k] = (a[row * n + k] as number) - factor * (a[k * n + column] as number)
      b[row] = (b[row] as number) - factor * (b[column] as number)
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    let rest = b[row] as number
    for (let k = row + 1; k < n; k++) rest -= (a[k * n + row] as number) * (b[k] as number)
    b[row] = rest / (a[row * n + row] as number)
  }
}

/**
 * Moves the log strengths along `direction`, shortened to 2/(2 + r) of it where r is its range. For this likelihood
 * the objective falls as long as the factor is below log(1+r)/r (Bach 2010, self-concordance), which is larger.
 * exp(x) is (2+x)/(2-x), close enough as |x| < 1. Returns r.
 */
function moveStrengths(strengths: Float64Array, direction: Float64Array): number {
  let low = Infinity
  let high = -Infinity
  for (const value of direction) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const range = high - low
  const middle = (high + low) / 2
  const factor = 2 / (2 + range)
  let total = 0
  for (let i = 0; i < strengths.length; i++) {
    const move = factor * ((direction[i] as number) - middle)
    strengths[i] = ((strengths[i] as number) * (2 + move)) / (2 - move)
    total += strengths[i] as number
  }
  for (let i = 0; i < strengths.length; i++) strengths[i] = (strengths[i] as number) / total
  return range
}
