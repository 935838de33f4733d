/** What one member did in an epoch, as far as its voting weight is concerned. */
export interface Attendance {
  /** Voting weight so far, an integer; 0 for a newcomer. */
  weight: number
  /** Cuts in which the member was heard. */
  heard: number
  withheld: boolean
  /** Proven to have broken the protocol. */
  barred: boolean
}

/** What a founder starts with; nobody earns more. */
export const WEIGHT_MAX = 1_000_000
/** A weight that absence has brought below this is gone. */
const WEIGHT_MIN = 15_625
/** An epoch with fewer cuts says nothing about attendance. */
const CUTS_MIN = 8
/** From so many validators on, nobody earns more than its part of all weight; below, growth has a floor. */
const CROWD = 5
const GROWTH_MIN = 250_000
const GROWTH_PERCENT = 5

/** Whether a member heard in so few cuts of an epoch counts as absent from it. */
export function isAbsent(heard: number, cuts: number): boolean {
  return cuts >= CUTS_MIN && heard * 8 < cuts
}

/**
 * Voting weights after an epoch, earned by attendance and honesty alone. Who was absent loses half, who withheld a
 * reveal an eighth, who broke the protocol everything. All others who were heard in half of the cuts share a growth of
 * 5 % of the total, at least 250,000 while there are fewer than five validators, up to a weight of 1,000,000, and from
 * five on up to a fifth of the total. Pure, integers; the order of members does not matter.
 *
 * @returns weights in the order given, integers >= 0; the old ones where nobody would be left with any
 */
export function earnWeights(members: readonly Attendance[], cuts: number): number[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0)
  const crowded = members.filter(({ weight }) => weight > 0).length >= CROWD
  const cap = crowded ? Math.min(WEIGHT_MAX, Math.floor(total / CROWD)) : WEIGHT_MAX
  const earns = ({ weight, heard, withheld, barred }: Attendance): boolean =>
    cuts >= CUTS_MIN && heard * 2 >= cuts && !withheld && !barred && weight < cap
  const budget = Math.max(Math.floor((total * GROWTH_PERCENT) / 100), crowded ? 0 : GROWTH_MIN)
  const share = Math.floor(budget / Math.max(1, members.filter(earns).length))
  const earned = members.map((member) => {
    const { weight, heard, withheld, barred } = member
    if (barred) return 0
    if (isAbsent(heard, cuts)) return weight < 2 * WEIGHT_MIN ? 0 : Math.floor(weight / 2)
    if (withheld) return weight - Math.floor(weight / 8)
    return earns(member) ? Math.min(cap, weight + share) : weight
  })
  return earned.some((weight) => weight > 0) ? earned : members.map(({ weight }) => weight)
}
