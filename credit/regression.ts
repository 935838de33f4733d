import type { ControlVariates } from './control.ts'
import type { PairSample } from './sample.ts'

/** Ridge on the players' effects, in parts of their mean variance; generalised cross-validation chooses one. */
const RIDGES = [0.03, 0.3, 3]
/** Ridge on the coefficients of the control variates. */
const CONTROL_RIDGE = 0.01
/**
 * How far effects of the size are held to what an additive game has there, 0 not at all and 1 entirely, the one that is preferred
 * first: half, by a ridge as heavy as the rows of the size.
 */
const SIZES_HELD = [0.5, 0]

/** What the scale of a size is held to 1 by, in rows per player. */
const SCALE_ROWS = 3

/** A model of the pairs' differences: v(S) - v(N without S) = size effect + scale of the size * sum of player effects + control variates + residual. */
export interface PairModel {
  /** Per player; the credit of the additive part. */
  effects: Float64Array
  /** Per control variate. */
  coefficients: Float64Array
  /** Per row, as are sizes. */
  residuals: Float64Array
  sizes: Uint16Array
  /** Rows per size. */
  counts: Float64Array
  /** Degrees of freedom that the model uses up. */
  freedom: number
}

/**
 * Fits the model by weighted least squares. Weights are the Shapley kernel over how often each size was drawn, which is
 * what makes the effects of a purely additive fit the Shapley value (Charnes et al. 1988; Lundberg and Lee 2017; paired and
 * with uniform sizes: Musco and Witter 2025). Effects of the size alone have no credit to give, and are free where that fits clearly
 * better; each then costs as much as another player. A ridge shrinks the players' effects towards what the control variates say where
 * there are few rows. Pure; + - * / in row order.
 */
export function fitPairModel(sample: PairSample, controls: ControlVariates): PairModel {
  const design = createDesign(sample, controls)
  const { solution, freedom } = chooseFit(design, sample.players, sample.count)
  const { width, cells, sizes, counts } = design
  const n = sample.players
  // What the control variates leave of each row, and what the players' effects say of it.
  const residuals = new Float64Array(sample.count)
  const fits = new Float64Array(sample.count)
  for (let row = 0; row < sample.count; row++) {
    let left = cells[(row + 1) * width - 1] as number
    let fit = 0
    for (let i = 0; i < n; i++) fit += (solution[i] as number) * (cells[row * width + i] as number)
    for (let i = n; i < width - 1; i++) left -= (solution[i] as number) * (cells[row * width + i] as number)
    residuals[row] = left
    fits[row] = fit
  }
  const { scales, mean, freedom: scaling } = scaleSizes(design, n, residuals, fits)
  for (let row = 0; row < sample.count; row++) residuals[row] = (residuals[row] as number) - (scales[sizes[row] as number] as number) * (fits[row] as number)
  // Membership is 0 or 1 in the design, and -1 or 1 in a difference between complements.
  const effects = solution.slice(0, n).map((value) => (mean * value) / 2)
  return { effects, coefficients: solution.slice(n), residuals, sizes, counts, freedom: freedom + scaling }
}

/**
 * How much of the players' effects each size shows: all of it in a game that is the same throughout, none where all coalitions of a size fare
 * alike, as in votes that are lost without a quorum. Least squares per size, as if there were SCALE_ROWS rows more per player that show all of it.
 * The credit of effects that are scaled by size is theirs times the mean scale.
 */
function scaleSizes({ sizes, counts }: Design, n: number, values: Float64Array, fits: Float64Array): { scales: Float64Array; mean: number; freedom: number } {
  const products = new Float64Array(n + 1)
  const squares = new Float64Array(n + 1)
  for (const [row, size] of sizes.entries()) {
    const fit = fits[row] as number
    products[size] = (products[size] as number) + (values[row] as number) * fit
    squares[size] = (squares[size] as number) + fit * fit
  }
  const scales = new Float64Array(n + 1).fill(1)
  let mean = 0
  let freedom = 0
  for (let size = 1; 2 * size <= n; size++) {
    const [drawn, own] = [counts[size] as number, squares[size] as number]
    if (drawn > 0 && own > 0) {
      const prior = (SCALE_ROWS * n * own) / drawn
      scales[size] = ((products[size] as number) + prior) / (own + prior)
      freedom += drawn / (drawn + SCALE_ROWS * n)
    }
    // A size stands for itself and for n less it.
    mean += ((2 * size === n ? 1 : 2) * (scales[size] as number)) / (n - 1)
  }
  return { scales, mean, freedom }
}

/** Membership, control variates and, last, the difference to explain, each centred within its size: rows * width. */
interface Design {
  width: number
  cells: Float64Array
  sizes: Uint16Array
  counts: Float64Array
  /** What the cells were centred at: sizes * width. */
  centres: Float64Array
  /** Sizes with an effect of their own: all but one half, where a row and its complement are the same size. */
  sizeEffects: number
}

function createDesign({ players: n, count, members, inside, outside }: PairSample, controls: ControlVariates): Design {
  const width = n + controls.count + 1
  const cells = new Float64Array(count * width)
  const sizes = new Uint16Array(count)
  const counts = new Float64Array(n + 1)
  const centres = new Float64Array((n + 1) * width)
  for (let row = 0; row < count; row++) {
    const own = cells.subarray(row * width, (row + 1) * width)
    for (let player = 0; player < n; player++) {
      own[player] = members[row * n + player] as number
      sizes[row] = (sizes[row] as number) + (own[player] as number)
    }
    for (let c = 0; c < controls.count; c++) own[n + c] = controls.differences[row * controls.count + c] as number
    own[width - 1] = (inside[row] as number) - (outside[row] as number)
    const size = sizes[row] as number
    counts[size] = (counts[size] as number) + 1
    for (let i = 0; i < width; i++) centres[size * width + i] = (centres[size * width + i] as number) + (own[i] as number)
  }
  for (let size = 1; size <= n; size++) {
    for (let i = 0; i < width && (counts[size] as number) > 0; i++) {
      const mean = (centres[size * width + i] as number) / (counts[size] as number)
      centres[size * width + i] = 2 * size !== n ? mean : i < n ? 0.5 : 0
    }
  }
  for (let row = 0; row < count; row++) {
    const size = sizes[row] as number
    for (let i = 0; i < width; i++) cells[row * width + i] = (cells[row * width + i] as number) - (centres[size * width + i] as number)
  }
  const sizeEffects = counts.reduce((sum, rows, size) => sum + (rows > 0 && 2 * size !== n ? 1 : 0), 0)
  return { width, cells, sizes, counts, centres, sizeEffects }
}

interface Fit {
  solution: Float64Array
  freedom: number
  /** The error that generalised cross-validation expects: weighted squares of residuals over the square of `left`. */
  score: number
  /** Rows less degrees of freedom. */
  left: number
}

/** The fit that cross-validation expects to err least, the sizes held unless another is better by its standard error (Breiman et al. 1984). */
function chooseFit(design: Design, n: number, rows: number): Fit {
  const centred = weighGram(design, n, rows)
  let best: Fit | null = null
  for (const held of SIZES_HELD) {
    const gram = held === 0 ? centred : holdSizes(centred, design, n, held)
    const fits = RIDGES.map((ridge) => solveRidge(gram, design, { n, rows, ridge, held }))
    const fit = fits.reduce((least, each) => (each.score < least.score ? each : least))
    if (best === null || isClearlyBetter(fit, best)) best = fit
  }
  return best as Fit
}

/** The relative standard error of a mean of so many squares is the root of two over their number. */
function isClearlyBetter(fit: Fit, than: Fit): boolean {
  const gain = than.score - fit.score
  return gain > 0 && gain * gain * fit.left > 2 * than.score * than.score
}

/** Weighted products of the columns, lower triangle. */
function weighGram({ width, cells, sizes, counts }: Design, n: number, rows: number): Float64Array {
  const weights = counts.map((drawn, size) => (drawn === 0 ? 0 : (2 * size === n ? 1 : 2) / (size * (n - size) * drawn)))
  const gram = new Float64Array(width * width)
  for (let row = 0; row < rows; row++) {
    addProducts(gram, cells, row * width, width, weights[sizes[row] as number] as number)
  }
  return gram
}

/** The same with those of the sizes' centres, as far as sizes are held. */
function holdSizes(centred: Float64Array, { width, counts, centres }: Design, n: number, held: number): Float64Array {
  const gram = centred.slice()
  for (let size = 1; 2 * size < n; size++) {
    if ((counts[size] as number) === 0) continue
    // In a difference between complements members count 1 and others -1: from one half on.
    const centre = centres.slice(size * width, (size + 1) * width).map((mean, i) => (i < n ? mean - 0.5 : mean))
    addProducts(gram, centre, 0, width, (held * 2) / (size * (n - size)))
  }
  return gram
}

function addProducts(gram: Float64Array, cells: Float64Array, start: number, width: number, weight: number): void {
  for (let i = 0; i < width; i++) {
    const weighed = weight * (cells[start + i] as number)
    const line = i * width
    for (let j = 0; j <= i; j++) gram[line + j] = (gram[line + j] as number) + weighed * (cells[start + j] as number)
  }
}

function solveRidge(gram: Float64Array, { width, sizeEffects }: Design, how: { n: number; rows: number; ridge: number; held: number }): Fit {
  const { n, rows, ridge, held } = how
  const columns = width - 1
  const factors = new Float64Array(columns * columns)
  const solution = new Float64Array(columns)
  const penalties = new Float64Array(columns)
  let variance = 0
  for (let player = 0; player < n; player++) variance += (gram[player * width + player] as number) / n
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) factors[i * columns + j] = gram[i * width + j] as number
    penalties[i] = i < n ? ridge * variance : CONTROL_RIDGE * (gram[i * width + i] as number)
    factors[i * columns + i] = (factors[i * columns + i] as number) + (penalties[i] as number)
    solution[i] = gram[columns * width + i] as number
  }
  factorise(factors, columns)
  substitute(factors, solution)
  // The trace of the hat matrix: one per column less what its penalty takes.
  let freedom = (1 - held) * sizeEffects
  for (let i = 0; i < columns; i++) {
    if ((factors[i * columns + i] as number) === 0) continue
    const unit = new Float64Array(columns)
    unit[i] = 1
    substitute(factors, unit)
    freedom += 1 - (penalties[i] as number) * (unit[i] as number)
  }
  const left = Math.max(rows - freedom, 0.5)
  return { solution, freedom, left, score: residualSquares(gram, width, solution) / (left * left) }
}

function residualSquares(gram: Float64Array, width: number, solution: Float64Array): number {
  const factor = (i: number): number => (i === width - 1 ? 1 : -(solution[i] as number))
  let squares = 0
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) squares += (i === j ? 1 : 2) * factor(i) * factor(j) * (gram[i * width + j] as number)
  }
  return Math.max(0, squares)
}

/** LDL^T of a symmetric matrix in its lower triangle, in place. A direction that the data does not have gets pivot 0. */
function factorise(a: Float64Array, n: number): void {
  for (let column = 0; column < n; column++) {
    const whole = a[column * n + column] as number
    for (let row = column; row < n; row++) {
      let sum = a[row * n + column] as number
      for (let k = 0; k < column; k++) sum -= (a[row * n + k] as number) * (a[column * n + k] as number) * (a[k * n + k] as number)
      const pivot = row === column ? (sum <= 1e-12 * whole ? 0 : sum) : (a[column * n + column] as number)
      a[row * n + column] = row === column ? pivot : pivot === 0 ? 0 : sum / pivot
    }
  }
}

/** Solves by the factors of `factorise`; x replaces b, 0 in directions without pivot. */
function substitute(factors: Float64Array, b: Float64Array): void {
  const n = b.length
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) b[row] = (b[row] as number) - (factors[row * n + k] as number) * (b[k] as number)
  }
  for (let row = n - 1; row >= 0; row--) {
    const pivot = factors[row * n + row] as number
    b[row] = pivot === 0 ? 0 : (b[row] as number) / pivot
    if (pivot === 0) continue
    for (let k = row + 1; k < n; k++) b[row] = (b[row] as number) - (factors[k * n + row] as number) * (b[k] as number)
  }
}
