/** Requests that their asker may repeat: the same key and task give the round of the first time, also after a restart. */
import { sha256 } from '../../consensus/index.ts'
import { decodeCanonical, encode } from '../../protocol/index.ts'
import { ServiceError, type AskRequest } from '../service.ts'
import type { Store } from '../store/store.ts'

/** So many keys are remembered, the latest used for the first time. */
const KEYS_MAX = 1_000
const PREFIX = 'idempotency/'

interface Used {
  /** Hash of the task that came with the key. */
  task: string
  round: string
  atMs: number
}

export interface Idempotency {
  /** The round of an earlier request with this key, or of `ask`. Rejects with ServiceError `key-reused` for another task, and as `ask` does; then the key is free again. */
  once(key: string, request: AskRequest, ask: () => Promise<{ round: string }>): Promise<{ round: string }>
}

export function createIdempotency(store: Store): Idempotency {
  const running = new Map<string, { task: string; asked: Promise<{ round: string }> }>()
  let loaded: Promise<Map<string, Used>> | null = null

  const remember = async (used: Map<string, Used>, name: string, entry: Used): Promise<void> => {
    used.set(name, entry)
    const forgotten = [...used.keys()].slice(0, Math.max(0, used.size - KEYS_MAX))
    for (const old of forgotten) used.delete(old)
    await store.write([{ key: `${PREFIX}${name}`, value: encode(entry) }, ...forgotten.map((old) => ({ key: `${PREFIX}${old}`, value: null }))])
  }
  return {
    async once(key, request, ask) {
      const used = await (loaded ??= load(store))
      const [name, task] = [sha256(key), hashOf(request)]
      const before = used.get(name) ?? running.get(name)
      if (before !== undefined && before.task !== task) throw new ServiceError('key-reused', 'This idempotency key came with another task before.')
      if (before !== undefined) return 'round' in before ? { round: before.round } : before.asked
      const asked = ask().then(async ({ round }) => {
        await remember(used, name, { task, round, atMs: Date.now() })
        return { round }
      })
      running.set(name, { task, asked })
      return asked.finally(() => running.delete(name))
    },
  }
}

async function load(store: Store): Promise<Map<string, Used>> {
  const entries: [string, Used][] = []
  for await (const [key, value] of store.range(PREFIX)) entries.push([key.slice(PREFIX.length), decodeCanonical(value) as Used])
  return new Map(entries.sort(([, a], [, b]) => a.atMs - b.atMs))
}

/** Fields in a fixed order, so that equal tasks have one hash however they were written. */
function hashOf({ prompt, kind, reference, answerMs, judgeMs, truth }: AskRequest): string {
  return sha256(JSON.stringify([prompt, kind, reference ?? null, answerMs ?? null, judgeMs ?? null, truth?.accepted ?? null]))
}
