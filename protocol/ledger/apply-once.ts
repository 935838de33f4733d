import { sha256 } from '../../consensus/index.ts'
import type { Block } from '../bodies.ts'
import { encode } from '../encoding.ts'
import { isRemembering, rememberedBy, rememberedOf } from '../memo.ts'
import type { LedgerContext } from './context.ts'
import { stateRoot, type LedgerState } from './state.ts'

/** What a block led to, and everything that it asked of the context: with the same answers it leads there again. */
interface Outcome<T> {
  applied: T
  opened: Uint8Array[]
  items: Set<string>
  results: [round: string, hash: string][]
}

/**
 * Applies a block, or takes what it led to on the same state before, where outcomes are remembered and this context holds
 * all that it asked for then. What a hash names is the same for everybody; whether somebody holds it is not.
 */
export function applyOnce<T extends { ok: boolean }>(state: LedgerState, block: Block, context: LedgerContext, apply: (context: LedgerContext) => T): T {
  if (!isRemembering()) return apply(context)
  let fresh: T | null = null
  const hash = rememberedOf(block, 'hash', () => sha256(encode(block)))
  const outcome = rememberedBy(`${stateRoot(state)}/${hash}`, (): Outcome<T> | undefined => {
    const asked: Omit<Outcome<T>, 'applied'> = { opened: [], items: new Set(), results: [] }
    fresh = apply(listening(context, asked))
    return fresh.ok ? { applied: fresh, ...asked } : undefined
  })
  if (fresh !== null) return fresh
  if (outcome === undefined || !holdsAll(context, outcome)) return apply(context)
  for (const envelope of outcome.opened) context.open(envelope)
  return outcome.applied
}

function listening(context: LedgerContext, { opened, items, results }: Omit<Outcome<unknown>, 'applied'>): LedgerContext {
  return {
    ...context,
    open: (envelope) => {
      opened.push(envelope)
      return context.open(envelope)
    },
    item: (id) => {
      items.add(id)
      return context.item(id)
    },
    result: (round, hash) => {
      results.push([round, hash])
      return context.result(round, hash)
    },
  }
}

function holdsAll(context: LedgerContext, { items, results }: Outcome<unknown>): boolean {
  return [...items].every((id) => context.item(id) !== undefined) && results.every(([round, hash]) => typeof context.result(round, hash) === 'object')
}
