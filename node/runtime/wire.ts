/** Between the network's bytes and the machine's events: opens what arrives, counts what is refused, sends what is asked. */
import {
  decodeBundle,
  decodeRequest,
  encodeBundle,
  encodeRequest,
  openEnvelope,
  openFrame,
  reachesEverybody,
  serve,
  type Effect,
  type Event,
  type Machine,
  type Opened,
  type Verdict,
  type Verify,
} from '../../protocol/index.ts'
import type { GossipVerdict, Network } from '../network/network.ts'
import type { Store } from '../store/store.ts'
import { drive } from './reading.ts'

type Outgoing = Extract<Effect, { type: 'publish' | 'send' | 'request' }>

/** Frames of one delivery or gossip message; a longer list goes in several. */
const DELIVERED_BYTES_MAX = 800_000
const DELIVERED_FRAMES_MAX = 200

export interface Wire {
  onGossip: (bytes: Uint8Array, from: string) => Promise<GossipVerdict>
  onRequest: (bytes: Uint8Array, from: string) => Promise<Uint8Array[]>
  perform: (effect: Outgoing) => void
  /** How many frames were refused, by code. */
  refusals: () => Record<string, number>
}

export function createWire(init: {
  machine: Machine
  store: Store
  network: Network
  verify: Verify
  dispatch: (event: Event) => void
  judge: (event: Extract<Event, { type: 'message' }>) => Promise<Verdict>
  onTrouble: (message: string, fields: Record<string, unknown>) => void
}): Wire {
  const { machine, store, network, verify, dispatch, judge, onTrouble } = init
  const refused = new Map<string, number>()
  const count = (code: string, from: string): void => {
    refused.set(code, (refused.get(code) ?? 0) + 1)
    onTrouble('frame refused', { code, from })
  }

  const openAll = (frames: readonly Uint8Array[], from: string): Opened[] =>
    frames.flatMap((bytes) => {
      const result = openFrame(bytes, { network: machine.rules.network, validators: machine.ledger.validators, verify })
      if (!result.ok) count(result.code, from)
      return result.ok ? [result.opened] : []
    })

  const request = async (effect: Extract<Outgoing, { type: 'request' }>): Promise<void> => {
    const peer = choosePeer(network, effect.to)
    if (peer === null) return
    const frames = openAll(await network.request(peer, encodeRequest(effect.request)), peer)
    if (frames.length > 0) dispatch({ type: 'frames', frames, from: peer, asked: effect.request.type })
  }

  const deliver = async (effect: Extract<Outgoing, { type: 'send' }>): Promise<void> => {
    const connected = network.peers().map(({ id }) => id)
    const receivers = effect.to === 'everybody' ? connected : connected.filter((peer) => peer === effect.to)
    const parts = chunk(effect.frames).map((frames) => encodeRequest({ type: 'deliver', frames }))
    await Promise.allSettled(receivers.flatMap((peer) => parts.map((part) => network.request(peer, part))))
  }

  const judgeEnvelope = async (envelope: Uint8Array, from: string): Promise<GossipVerdict> => {
    const opened = openEnvelope(envelope, machine.rules.network, verify)
    if (!opened.ok) {
      count(opened.code, from)
      return 'reject'
    }
    const verdict = await judge({ type: 'message', message: opened.message, from })
    if (verdict.verdict === 'reject') count(verdict.code, from)
    // `ignore` only means that gossip does not forward it: its author has sent it to everybody already.
    const needless = from === opened.message.author && reachesEverybody(machine, from)
    return verdict.verdict === 'accept' && needless ? 'ignore' : verdict.verdict
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

  return {
    async onGossip(bytes, from) {
      const envelopes = decodeBundle(bytes)
      if (envelopes === null) {
        count('malformed', from)
        return 'reject'
      }
      return strictest(await Promise.all(envelopes.map((envelope) => judgeEnvelope(envelope, from))))
    },
    async onRequest(bytes, from) {
      const decoded = decodeRequest(bytes)
      if (decoded === null) {
        count('malformed-request', from)
        return []
      }
      if (decoded.type !== 'deliver') return drive(store, serve(decoded, machine.config.genesis))
      const frames = openAll(decoded.frames, from)
      if (frames.length > 0) dispatch({ type: 'frames', frames, from, asked: null })
      return []
    },
    perform(effect) {
      if (effect.type === 'publish') return publishSoon(effect.message.bytes)
      guard(effect.type, effect.type === 'send' ? deliver(effect) : request(effect))
    },
    refusals: () => Object.fromEntries([...refused].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

// One bad envelope condemns the message; one that should be passed on carries the others with it.
function strictest(verdicts: readonly GossipVerdict[]): GossipVerdict {
  if (verdicts.includes('reject')) return 'reject'
  return verdicts.includes('accept') ? 'accept' : 'ignore'
}

// The member asked for, else any connected peer.
function choosePeer(network: Network, to: string | null): string | null {
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
