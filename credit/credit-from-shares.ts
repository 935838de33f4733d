import type { Prior } from './control.ts'
import type { CreditResult } from './credit-result.ts'
import { ceilSquareRoot, findBestSingle } from './credit-result.ts'
import { estimateCredit } from './estimate.ts'
import { countPairs } from './pairs.ts'
import { ESTIMATE_DENOMINATOR, roundToSum } from './round-to-sum.ts'
import type { PairSample } from './sample.ts'
import { gatherPairs } from './sample.ts'
import type { Shares } from './shares.ts'
import { contiguousUnits } from './shares.ts'
import type { Work } from './work.ts'
import { validateUnit } from './work.ts'

/**
 * Credit from the values of a plan's units, as far as they are known without a gap: the estimate of estimate.ts, rounded to
 * integers that sum to v(N) exactly. Everybody who holds the same shares gets the same bytes. Pure.
 *
 * @returns null while there is no unit, or of permutations no complete pair
 * @throws RangeError if a unit that would be used does not pass `validateUnit`
 */
export function creditFromShares(init: { shares: Shares; work: Work; grandValue: number; prior: Prior }): CreditResult | null {
  const { work, grandValue, prior } = init
  const units = contiguousUnits(init.shares).slice(0, work.units)
  for (const [unit, values] of units.entries()) {
    const verdict = validateUnit(values, work, grandValue)
    if (verdict !== 'ok') throw new RangeError(`unit ${unit} is not valid: ${verdict}`)
  }
  const sample = gatherPairs(work, units)
  if (sample.count === 0) return null
  const { credit, variance } = estimateCredit(sample, grandValue, prior)
  return {
    method: 'regression',
    credit: roundToSum(credit, grandValue),
    denominator: ESTIMATE_DENOMINATOR,
    grandValue,
    bestSingle: findBestSingle(valuesAlone(sample)),
    standardError: isTelling(sample) ? Array.from(variance, (value) => ceilSquareRoot(BigInt(Math.ceil(value)))) : null,
    evaluations: work.kind === 'pairs' ? 2 * sample.count : 2 * work.players * Math.floor(units.length / 2),
  }
}

/** Values of the players alone, as far as they are in the sample. */
export function valuesAlone({ players, count, members, inside }: PairSample): (number | undefined)[] {
  const alone = Array.from({ length: players }, (): number | undefined => undefined)
  for (let row = 0; row < count; row++) {
    const line = members.subarray(row * players, (row + 1) * players)
    if (line.reduce((sum, isIn) => sum + isIn, 0) === 1) alone[line.indexOf(1)] = inside[row]
  }
  return alone
}

// With fewer draws the fit leaves too little to tell its error by; with these, two standard errors cover 95 % (86 % of permutations).
function isTelling({ players, count, groupRows }: PairSample): boolean {
  return groupRows === 1 ? count >= Math.min(3 * players, countPairs(players)) : count >= 8 * groupRows
}
