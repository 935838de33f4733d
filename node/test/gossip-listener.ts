/** A host that is no member: it hears what a network gossips, and can say what members would not. */
import { randomBytes } from 'node:crypto'
import { decodeBundle, decodeRequest, networkId, openEnvelope, openFrame, type Genesis, type Message } from '../../protocol/index.ts'
import { verify } from '../crypto.ts'
import { createLibp2pNetwork } from '../network/libp2p-network.ts'
import type { Network } from '../network/network.ts'

export interface GossipListener {
  network: Network
  /** Every message heard, by gossip or stream, in order; each once. */
  heard: Message[]
  stop(): Promise<void>
}

/** Connects to the addresses, and again whenever they are lost. */
export async function startListener(genesis: Genesis, addresses: readonly string[]): Promise<GossipListener> {
  const id = networkId(genesis)
  const heard = new Map<string, Message>()
  const note = (message: Message): void => void heard.set(message.id, message)
  const network = await createLibp2pNetwork({
    privateKey: new Uint8Array(randomBytes(32)),
    listen: [],
    handlers: {
      async onGossip(bytes) {
        for (const envelope of decodeBundle(bytes) ?? []) {
          const opened = openEnvelope(envelope, id, verify)
          if (opened.ok) note(opened.message)
        }
        return 'ignore'
      },
      async onRequest(bytes) {
        const request = decodeRequest(bytes)
        for (const frame of request?.type === 'deliver' ? request.frames : []) {
          const result = openFrame(frame, { network: id, verify })
          if (result.ok && result.opened.type === 'message') note(result.opened.message)
        }
        return []
      },
      onPeerConnected: () => undefined,
      onPeerDisconnected: () => undefined,
    },
  })
  await network.joinTopic(`peerage/1/${id}`)
  for (const address of addresses) network.keepConnected(address)
  return {
    network,
    get heard() {
      return [...heard.values()]
    },
    stop: () => network.stop(),
  }
}
