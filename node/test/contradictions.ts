/** Looks for an author that said two things where it may say one. Written from SPEC.md, apart from the sign guard. */
import { BODY_SCHEMAS, decodeCanonical, KEYS, openEnvelope, type Message } from '../../protocol/index.ts'
import { verify } from '../crypto.ts'
import type { Store } from '../store/store.ts'

/** Every contradiction among messages, as a sentence; a message that comes twice contradicts nothing. */
export function findContradictions(messages: readonly Message[]): string[] {
  const found: string[] = []
  const spoken = new Map<string, Message>()
  for (const message of messages) {
    if (message.slot === null) continue
    const key = `${message.author} in ${message.slot}`
    const before = spoken.get(key)
    if (before !== undefined && before.bodyHash !== message.bodyHash) found.push(`${key}: ${before.id} and ${message.id}`)
    spoken.set(key, message)
  }
  return found
}

/** All that members said which a store holds: items, proposals, and the observations inside them. */
export async function readSpoken(store: Store, network: string): Promise<Message[]> {
  const envelopes: Uint8Array[] = []
  for (const prefix of ['item/', 'proposal/', KEYS.own('')]) for await (const [, value] of store.range(prefix)) envelopes.push(value)
  const messages = envelopes.map((bytes) => opened(bytes, network))
  const embedded = messages.flatMap((message) => (message.kind === 'proposal' ? message.body.entries : [])).flatMap((entry) => (entry.type === 'cut' ? entry.observations : []))
  return [...messages, ...embedded.map((bytes) => opened(bytes, network))]
}

/** The ids of a node's own messages, by slot, as its store holds them: what it may not contradict. */
export async function readGuard(store: Store, network: string): Promise<Map<string, string>> {
  const guard = new Map<string, string>()
  for await (const [key, value] of store.range(KEYS.own(''))) guard.set(key.slice(KEYS.own('').length), opened(value, network).id)
  return guard
}

/** Height and view of the last final block in a store. */
export async function readHead(store: Store): Promise<{ height: number; view: number }> {
  let last = { height: 0, view: 0 }
  for await (const [, value] of store.range('final/', { reverse: true, limit: 1 })) {
    const { hash, view } = decodeCanonical(value) as { hash: string; view: number }
    const { body } = decodeCanonical((await store.get(KEYS.proposal(hash))) as Uint8Array) as { body: Uint8Array }
    last = { height: BODY_SCHEMAS.proposal.parse(decodeCanonical(body)).height, view }
  }
  return last
}

function opened(bytes: Uint8Array, network: string): Message {
  const result = openEnvelope(bytes, network, verify)
  if (!result.ok) throw new Error(`a store holds what is no message: ${result.code}`)
  return result.message
}
