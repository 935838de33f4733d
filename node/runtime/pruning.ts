import { pruneRounds, type Machine } from '../../protocol/index.ts'
import type { Store } from '../store/store.ts'
import { drive } from './reading.ts'

/** Returns what is to be called after each final block: once per epoch the items of old rounds are let go. `keepRounds` null: never. */
export function createPruning(init: { machine: Machine; store: Store; keepRounds: number | null; onError: (error: unknown) => void }): () => void {
  const { machine, store, keepRounds, onError } = init
  let epoch: number | null = null
  let working: Promise<void> = Promise.resolve()
  const prune = async (): Promise<void> => {
    if (keepRounds === null) return
    const changes = await drive(store, pruneRounds(keepRounds))
    if (changes.length > 0) await store.write(changes)
  }
  return () => {
    if (machine.ledger.epoch === epoch) return
    ;({ epoch } = machine.ledger)
    working = working.then(prune).catch(onError)
  }
}
