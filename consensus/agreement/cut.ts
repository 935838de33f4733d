import { isQuorum, totalWeight } from './quorum.ts'
import type { Validator } from './types.ts'

/** An author and the id of the message it is known by in one phase. */
export type CutItem = readonly [author: string, id: string]

/** What one validator held of a phase when its timer fired or everyone expected was heard. */
export interface Observation {
  author: string
  items: readonly CutItem[]
}

/** Whether these observations may close a phase: distinct validators with at least a quorum of the weight. */
export function closesPhase(observations: readonly Observation[], validators: readonly Validator[]): boolean {
  const authors = observations.map((observation) => observation.author)
  return new Set(authors).size === authors.length && isQuorum(validators, authors)
}

/**
 * The items that count: listed by observations of more than a third of all voting weight (3w > W), so at least one
 * honest validator holds each. An author listed with several ids is kept with the heaviest, then the lowest id:
 * ids alone never exclude anybody.
 *
 * @returns items sorted by author; independent of the order of observations and of the items inside them
 */
export function computeCut(observations: readonly Observation[], validators: readonly Validator[]): CutItem[] {
  const total = totalWeight(validators)
  const weightByItem = new Map<string, Map<string, number>>()
  for (const observation of observations) {
    const weight = validators.find((validator) => validator.member === observation.author)?.weight ?? 0
    const listed = new Set<string>()
    for (const [author, id] of [...observation.items].sort(([, a], [, b]) => (a < b ? -1 : 1))) {
      if (listed.has(author)) continue // an observation speaks once per author, for the lowest id
      listed.add(author)
      const ids = weightByItem.get(author) ?? new Map<string, number>()
      weightByItem.set(author, ids.set(id, (ids.get(id) ?? 0) + weight))
    }
  }
  const cut: CutItem[] = []
  for (const [author, ids] of weightByItem) {
    const supported = [...ids].filter(([, weight]) => 3 * weight > total)
    supported.sort(([idA, weightA], [idB, weightB]) => weightB - weightA || (idA < idB ? -1 : 1))
    if (supported[0] !== undefined) cut.push([author, supported[0][0]])
  }
  return cut.sort(([a], [b]) => (a < b ? -1 : 1))
}
