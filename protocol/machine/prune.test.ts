import { beforeAll, describe, expect, it } from 'vitest'
import { decodeCanonical } from '../encoding.ts'
import type { Request } from '../frames.ts'
import { stateRoot } from '../ledger/state.ts'
import { drive } from '../sim/world.ts'
import type { ClosedEntry } from './commit.ts'
import { KEYS } from './keys.ts'
import { pruneRounds } from './prune.ts'
import { serve } from './serve.ts'
import { createPast, droppedBy, newcomerAmong, openedAsIs, type Past } from './test/newcomers.ts'

let past: Past

beforeAll(() => {
  past = createPast(8, 8)
})

/** The store of a node of that network after it has pruned. */
function prunedStore(keepRounds: number): { store: Map<string, Uint8Array> } {
  const pruned = { store: new Map(past.source.store) }
  for (const { key, value } of drive(pruned, pruneRounds(keepRounds))) {
    if (value === null) pruned.store.delete(key)
    else pruned.store.set(key, value)
  }
  return pruned
}

const keysOf = ({ store }: { store: ReadonlyMap<string, unknown> }, prefix: string): string[] => [...store.keys()].filter((key) => key.startsWith(prefix))

/** Whether all items of a round are there, by the order in which rounds were closed; where nobody said anything, that is left out. */
function whatIsKept(pruned: { store: Map<string, Uint8Array> }): boolean[] {
  return keysOf(pruned, 'closed/').sort().flatMap((key) => {
    const round = key.split('/')[2] as string
    const { cuts } = (decodeCanonical(pruned.store.get(KEYS.round(round)) as Uint8Array) as ClosedEntry).round
    expect(pruned.store.has(KEYS.item(round))).toBe(true)
    const held = Object.values(cuts).flat().map(([, id]) => pruned.store.has(KEYS.item(id)))
    expect(new Set(held).size).toBeLessThan(2)
    return held.slice(0, 1)
  })
}

const offerOf = (pruned: { store: Map<string, Uint8Array> }) =>
  openedAsIs(past, drive(pruned, serve({ type: 'offer' }, past.machine, 'x'))[0] as Uint8Array) as { horizon: number; height: number }

describe('pruning', () => {
  it('lets go of the items of old rounds, and of nothing else', () => {
    const pruned = prunedStore(3)
    const kept = whatIsKept(pruned)
    expect(kept.slice(0, 2)).toEqual([false, false])
    expect(kept.slice(-3)).toEqual([true, true, true])
    const gone = [...past.source.store.keys()].filter((key) => !pruned.store.has(key))
    expect(gone.length).toBeGreaterThan(0)
    expect(gone.every((key) => key.startsWith('item/'))).toBe(true)
  })

  it('keeps what follows on the oldest snapshot, however few rounds are to be kept', () => {
    const snapshots = keysOf(past.source, 'snapshot/').map((key) => key.replace('snapshot/', 'boundary/'))
    const { height } = decodeCanonical(past.source.store.get(snapshots[0] as string) as Uint8Array) as { height: number }
    const { horizon } = offerOf(prunedStore(1))
    expect(horizon).toBeGreaterThan(1)
    expect(horizon).toBeLessThanOrEqual(height + 1)
  })

  it('does nothing where there are no more rounds than are to be kept, or a second time', () => {
    expect(drive(past.source, pruneRounds(8))).toEqual([])
    expect(drive(prunedStore(3), pruneRounds(3))).toEqual([])
  })

  it('leaves a chain that is served from the horizon on, and not before', () => {
    const pruned = prunedStore(3)
    const { horizon } = offerOf(pruned)
    const from = (fromHeight: number): Request => ({ type: 'chain', fromHeight, toHeight: 1_000 })
    expect(drive(pruned, serve(from(horizon - 1), past.machine, 'x'))).toEqual([])
    expect(drive(pruned, serve(from(horizon), past.machine, 'x'))).toEqual(past.give(from(horizon)))
  })

  it('leaves enough for a newcomer to end with the same state root', () => {
    const pruned = prunedStore(3)
    const newcomer = newcomerAmong(past, { a: (_, request) => drive(pruned, serve(request, past.machine, 'x')) })
    expect(stateRoot(newcomer.machine.ledger)).toBe(stateRoot(past.machine.ledger))
    expect(droppedBy(newcomer)).toEqual([])
  })
})
