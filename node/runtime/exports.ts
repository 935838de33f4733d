/** All closed rounds, one after the other, for those who work on them elsewhere. */
import { KEYS, type Transcript } from '../../protocol/index.ts'
import { ServiceError, type ExportOptions, type Preference, type RoundDetail } from '../service.ts'
import type { Store } from '../store/store.ts'
import { readTranscript } from './explanation.ts'
import { preferenceOf, type PreferredPair } from './preferences.ts'
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

export interface PreferenceSource extends Pick<RoundSource, 'machine' | 'store'> {
  /** The pairs of a round that are told apart; found off the main thread, since its ranking is made anew. */
  prefer: (transcript: Transcript) => Promise<PreferredPair[]>
}

/** The preferences of all closed rounds whose texts this node still has: round by round, and row by row as they are read. */
export async function* exportPreferences({ machine, store, prefer }: PreferenceSource, options: ExportOptions): AsyncGenerator<Preference> {
  for await (const round of closedAfter(store, options)) {
    const held = await readTranscript(machine, store, round).catch((error: unknown) => {
      if (error instanceof ServiceError) return null
      throw error
    })
    if (held === null) continue
    for (const pair of await prefer(held.transcript)) yield preferenceOf(held.transcript, held.entry.height, pair)
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
