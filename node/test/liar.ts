/** A peer that answers like an honest one, but for the history it gives: that is forged. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { decodeRequest, encodeFrame, openFrame, networkId, type Genesis } from '../../protocol/index.ts'
import { createLibp2pNetwork } from '../network/libp2p-network.ts'

export interface Liar {
  peerId: string
  address: string
  stop(): Promise<void>
}

/** Starts it beside an honest node, whose answers it forges. */
export async function startLiar(genesis: Genesis, honest: string): Promise<Liar> {
  const context = { network: networkId(genesis), verify: () => true }
  const network = await createLibp2pNetwork({
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    handlers: {
      onGossip: async () => 'ignore',
      async onRequest(request) {
        const decoded = decodeRequest(request)
        if (decoded === null || decoded.type === 'deliver') return []
        const frames = await network.request(await network.dial(honest), request)
        return decoded.type === 'chain' ? frames.map(forge) : frames
      },
      onPeerConnected: () => undefined,
      onPeerDisconnected: () => undefined,
    },
  })
  // The last block of each frame gets the certificate of another.
  const forge = (frame: Uint8Array): Uint8Array => {
    const result = openFrame(frame, context)
    if (!result.ok || result.opened.type !== 'history') return frame
    const { parts, blocks } = result.opened
    const first = blocks.find(({ certificate }) => certificate !== null)?.certificate ?? null
    return encodeFrame({
      type: 'history',
      parts,
      blocks: blocks.map(({ message, repeats, certificate }, index) => ({
        proposal: message.bytes,
        repeats: repeats.map(({ bytes }) => bytes),
        certificate: index === blocks.length - 1 && blocks.length > 1 ? first : certificate,
      })),
    })
  }
  return { peerId: network.peerId, address: network.addresses()[0] as string, stop: () => network.stop() }
}
