/** All closed rounds, one after the other, for those who work on them elsewhere. */
import { KEYS, rankRound } from '../../protocol/index.ts'
import { ServiceError, type ExportOptions, type Preference, type RoundDetail } from '../service.ts'
import type { Store } from '../store/store.ts'
import { readTranscript } from './explanation.ts'
import { preferencesOf } from './preferences.ts'
import { readRound, type RoundSource } from './round-documents.ts'

/** Keys read at a time: a slow reader holds no iterator of the store open. */
const PAGE = 100

/** Closed rounds, ascending by the height of their close. Rounds that close meanwhile are in it. */
export async function* exportRounds(source: RoundSource, options: ExportOptions): AsyncGenerator<RoundDetail> {
  for await (const round of closedAfter(source.store, options)) {
    const detail = await readRound(source, round)
    if (detail !== null) yield detail
  }
}

/** The preferences of all closed rounds whose texts this node still has. */
export async function* exportPreferences(source: RoundSource, options: ExportOptions): AsyncGenerator<Preference> {
  const { machine, store } = source
  for await (const round of closedAfter(store, options)) {
    const held = await readTranscript(machine, store, round).catch((error: unknown) => {
      if (error instanceof ServiceError) return null
      throw error
    })
    if (held !== null) yield* preferencesOf(held.transcript, rankRound(held.transcript, machine.rules), held.entry.height)
  }
}

async function* closedAfter(store: Store, { after }: ExportOptions): AsyncGenerator<string> {
  let from = KEYS.closed(after + 1, '')
  for (;;) {
    const keys: string[] = []
    for await (const [key] of store.range(KEYS.allClosed, { from, limit: PAGE })) keys.push(key)
    for (const key of keys) yield key.split('/')[2] as string
    if (keys.length < PAGE) return
    // The next key in text order.
    from = `${keys.at(-1) as string} `
  }
}
