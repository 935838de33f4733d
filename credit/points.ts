import { apportion } from './apportion.ts'
import type { CreditResult } from './credit-result.ts'

/**
 * Splits a pool of points over positive credit: integers, one per player, summing to the pool, or all 0 if nobody has
 * positive credit. Largest remainder: nobody is further than 1 from the exact share, and equal credits differ by at
 * most 1, where the player listed earlier gets the odd point. Players are listed in member id order, so the split does
 * not depend on who arrived when.
 *
 * @throws RangeError if the pool is no non-negative safe integer
 */
export function splitPoints(pool: number, credit: CreditResult): number[] {
  return apportion(pool, credit.credit.map((numerator) => Math.max(0, numerator)))
}
