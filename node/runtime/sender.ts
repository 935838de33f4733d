/** Sends what the machine has to say: gossip, frames to peers, and requests whose replies come back. */
import { encodeBundle, encodeRequest, type Effect, type Request } from '../../protocol/index.ts'
import type { Network } from '../network/network.ts'

export type Outgoing = Extract<Effect, { type: 'publish' | 'send' | 'request' }>

/** Frames of one delivery or gossip message; a longer list goes in several. */
const DELIVERED_BYTES_MAX = 800_000
const DELIVERED_FRAMES_MAX = 200

export interface SenderInit {
  network: Pick<Network, 'publish' | 'request' | 'peers'>
  onReply: (frames: readonly Uint8Array[], from: string, asked: Request) => Promise<void>
  onTrouble: (message: string, fields: Record<string, unknown>) => void
}

/** Returns the function that performs an effect. What fails is reported and not tried again: the machine asks anew. */
export function createSender({ network, onReply, onTrouble }: SenderInit): (effect: Outgoing) => void {
  const request = async (effect: Extract<Outgoing, { type: 'request' }>): Promise<void> => {
    const peer = choosePeer(network, effect.to)
    if (peer === null) return
    await onReply(await network.request(peer, encodeRequest(effect.request)), peer, effect.request)
  }

  const deliver = async (effect: Extract<Outgoing, { type: 'send' }>): Promise<void> => {
    const connected = network.peers().map(({ id }) => id)
    const receivers = effect.to === 'everybody' ? connected : connected.filter((peer) => peer === effect.to)
    const parts = chunk(effect.frames).map((frames) => encodeRequest({ type: 'deliver', frames }))
    await Promise.allSettled(receivers.flatMap((peer) => parts.map((part) => network.request(peer, part))))
  }

  const guard = (what: string, work: Promise<void>): void => {
    work.catch((error: unknown) => onTrouble(`${what} failed`, { error: error instanceof Error ? error.message : String(error) }))
  }

  // What is said in one turn of the event loop goes out as one gossip message.
  let outbox: Uint8Array[] = []
  const publishSoon = (envelope: Uint8Array): void => {
    if (outbox.push(envelope) > 1) return
    setImmediate(() => {
      const parts = chunk(outbox)
      outbox = []
      for (const part of parts) guard('publish', network.publish(encodeBundle(part)))
    })
  }

  return (effect) => {
    if (effect.type === 'publish') return publishSoon(effect.message.bytes)
    guard(effect.type, effect.type === 'send' ? deliver(effect) : request(effect))
  }
}

// The member asked for, else any connected peer.
function choosePeer(network: Pick<Network, 'peers'>, to: string | null): string | null {
  const peers = network.peers()
  const wanted = peers.find(({ id }) => id === to) ?? peers[Math.floor(Math.random() * peers.length)]
  return wanted?.id ?? null
}

function chunk(frames: readonly Uint8Array[]): Uint8Array[][] {
  const chunks: Uint8Array[][] = []
  let sizeBytes = Infinity
  for (const frame of frames) {
    sizeBytes += frame.length
    if (sizeBytes > DELIVERED_BYTES_MAX || chunks.at(-1)?.length === DELIVERED_FRAMES_MAX) {
      chunks.push([])
      sizeBytes = frame.length
    }
    chunks.at(-1)?.push(frame)
  }
  return chunks
}
