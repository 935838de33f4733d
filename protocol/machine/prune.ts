/** What a node that keeps no archive lets go. SPEC.md, "Pruning". */
import { decodeVouched, encode } from '../encoding.ts'
import type { ClosedEntry } from './commit.ts'
import { getOne, horizonOf, KEYS, padded, type Reading } from './keys.ts'
import type { BoundaryEntry } from './snapshot.ts'

type Changes = { key: string; value: Uint8Array | null }[]

/**
 * The changes that let go of the items of all rounds but the last `keepRounds` that were closed; opens, results, blocks,
 * certificates and histories stay. Nothing goes that a kept snapshot needs after it. No changes where there is nothing to let go.
 */
export function* pruneRounds(keepRounds: number): Reading<Changes> {
  const [oldest] = yield { type: 'range', prefix: 'snapshot/', limit: 1 }
  const boundary = oldest === undefined ? null : yield* getOne(oldest[0].replace('snapshot/', 'boundary/'))
  if (boundary === null) return []
  const { height: last } = decodeVouched(boundary) as BoundaryEntry
  const horizon = yield* horizonOf()
  const closed = yield { type: 'range', prefix: KEYS.allClosed, from: `${KEYS.allClosed}${padded(horizon)}` }
  const places = closed.map(([key]) => ({ height: Number(key.split('/')[1]), round: key.split('/')[2] as string }))
  // Of a block that closes several rounds, all of them or none.
  const firstKept = Math.min(last + 1, places.at(-keepRounds)?.height ?? 0)
  const changes: Changes = []
  for (const { height, round } of places) {
    if (height >= firstKept) break
    const entry = yield* getOne(KEYS.round(round))
    if (entry === null) continue
    const { cuts } = (decodeVouched(entry) as ClosedEntry).round
    for (const [, id] of Object.values(cuts).flat()) changes.push({ key: KEYS.item(id), value: null })
  }
  return changes.length === 0 ? [] : [...changes, { key: KEYS.horizon, value: encode(firstKept) }]
}
