/** Hears what a network gossips without belonging to it, and remembers what everybody signed. */
import { randomBytes } from 'node:crypto'
import { createLibp2pNetwork, openLevelStore, verify } from '../../node/index.ts'
import { decodeBundle, decodeRequest, networkId, openEnvelope, openFrame, type Genesis, type Message } from '../../protocol/index.ts'

export interface Witness {
  /** Messages that bind their author, each once. */
  readonly heard: number
  /** Of one author two bodies for one slot, as sentences. */
  readonly contradictions: string[]
  readStore: (path: string) => Promise<void>
  stop: () => Promise<void>
}

/** Connects to the addresses, and again whenever they are lost. */
export async function startWitness(genesis: Genesis, addresses: readonly string[]): Promise<Witness> {
  const network = networkId(genesis)
  const spoken = new Map<string, string>()
  const contradictions: string[] = []
  const note = ({ author, slot, bodyHash }: Pick<Message, 'author' | 'slot' | 'bodyHash'>): void => {
    if (slot === null) return
    const key = `${author} in ${slot}`
    const before = spoken.get(key)
    if (before !== undefined && before !== bodyHash) contradictions.push(`${key}: ${before.slice(0, 8)} and ${bodyHash.slice(0, 8)}`)
    spoken.set(key, bodyHash)
  }
  const noteEnvelope = (bytes: Uint8Array): void => {
    const opened = openEnvelope(bytes, network, verify)
    if (!opened.ok) return
    note(opened.message)
    const entries = opened.message.kind === 'proposal' ? opened.message.body.entries : []
    for (const entry of entries) if (entry.type === 'cut') entry.observations.forEach(noteEnvelope)
  }
  const host = await createLibp2pNetwork({
    privateKey: new Uint8Array(randomBytes(32)),
    listen: [],
    handlers: {
      async onGossip(bytes) {
        decodeBundle(bytes)?.forEach(noteEnvelope)
        return 'ignore'
      },
      async onRequest(bytes) {
        const request = decodeRequest(bytes)
        for (const frame of request?.type === 'deliver' ? request.frames : []) {
          const result = openFrame(frame, { network, verify })
          if (result.ok && result.opened.type === 'message') note(result.opened.message)
        }
        return []
      },
      onPeerConnected: () => undefined,
      onPeerDisconnected: () => undefined,
    },
  })
  await host.joinTopic(`peerage/1/${network}`)
  for (const address of addresses) host.keepConnected(address)
  return {
    get heard() {
      return spoken.size
    },
    contradictions,
    async readStore(path) {
      const store = await openLevelStore(path)
      for (const prefix of ['item/', 'proposal/', 'own/']) for await (const [, value] of store.range(prefix)) noteEnvelope(value)
      await store.close()
    },
    stop: () => host.stop(),
  }
}
