import { divideFloor, MICRO } from './micro.ts'

/** How alike two players were in a round whose truth is known, by player index. In micro-units of a trial. */
export interface Likeness {
  players: [number, number]
  /** How often they differed where at least one was wrong. */
  apart: number
  /** How often two players who err as this round's players did would have differed. */
  chance: number
}

/** What is remembered of a member that errs like this one, decayed. */
export interface Kin {
  member: string
  apart: number
  chance: number
}

/** So many members are remembered as kin of one. */
export const KIN_MAX = 8

/** Likeness is remembered over so many trials. */
const KIN_TRIALS_MAX = 128

/** Two members are unrelated until shown otherwise: as if by so many trials. */
const UNRELATED_TRIALS = 16

/**
 * Adds what a round showed about a member's kin. Those who err as differently as strangers do make room for others.
 * At most `KIN_MAX` remain, in member id order.
 */
export function observeKin(known: readonly Kin[], seen: readonly Kin[]): Kin[] {
  const kin = new Map(known.map((entry) => [entry.member, entry]))
  for (const { member, apart, chance } of seen) {
    const before = kin.get(member) ?? { member, apart: 0, chance: 0 }
    const total = before.chance + chance
    const fade = (evidence: number): number => (total > KIN_TRIALS_MAX * MICRO ? divideFloor(evidence * KIN_TRIALS_MAX, KIN_TRIALS_MAX + 1) : evidence)
    kin.set(member, { member, apart: fade(before.apart) + apart, chance: fade(before.chance) + chance })
  }
  const closest = [...kin.values()].filter((entry) => excess(entry) > 0).sort((a, b) => excess(b) - excess(a) || (a.member < b.member ? -1 : 1))
  return closest.slice(0, KIN_MAX).sort((a, b) => (a.member < b.member ? -1 : 1))
}

/** Positive where more than half of what would set strangers apart is shared. */
function excess({ apart, chance }: Kin): number {
  return chance - 2 * apart
}

/**
 * As how much of a member each player counts, in micro-units. Players linked by likeness of one half or more are a family:
 * n of them with mean likeness r count as n / (1 + (n - 1) r) members together, the number of independent ones that
 * would know as much, which is less than two.
 */
export function countShares(players: readonly { id: string; kin: readonly Kin[] }[]): number[] {
  const places = new Map(players.map(({ id }, place) => [id, place]))
  const families = players.map((_, place) => place)
  const find = (place: number): number => (families[place] === place ? place : find(families[place] as number))
  const links = new Map<number, number>()
  players.forEach(({ kin }, place) => {
    for (const entry of kin) {
      const other = places.get(entry.member)
      const likeness = likenessOf(entry)
      if (other === undefined || other === place || likeness * 2 < MICRO) continue
      const key = Math.min(place, other) * players.length + Math.max(place, other)
      links.set(key, Math.max(links.get(key) ?? 0, likeness))
    }
  })
  for (const key of links.keys()) families[find(key % players.length)] = find(Math.floor(key / players.length))
  return players.map((_, place) => {
    const family = find(place)
    const size = players.filter((_, other) => find(other) === family).length
    if (size === 1) return MICRO
    const within = [...links].filter(([key]) => find(key % players.length) === family).map(([, likeness]) => likeness)
    const mean = divideFloor(within.reduce((sum, likeness) => sum + likeness, 0), within.length)
    return divideFloor(MICRO * MICRO, MICRO + (size - 1) * mean)
  })
}

/** Part of what would set strangers apart that two members share, less for little evidence. In micro-units, 0 or more. */
function likenessOf({ apart, chance }: Kin): number {
  return Math.max(0, divideFloor(Math.max(0, chance - apart) * MICRO, chance + UNRELATED_TRIALS * MICRO))
}
