import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Connection, Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createArrivals } from './arrivals.ts'
import type { Arrivals } from './arrivals.ts'
import { createDialManager } from './dial-manager.ts'
import type { DialManager } from './dial-manager.ts'
import { fetchProtocol } from './fetch-frames.ts'
import { createFetch } from './fetch.ts'
import { createGossip } from './gossip.ts'
import type { Gossip } from './gossip.ts'
import { createHost, stopHost } from './libp2p-host.ts'
import type { Host } from './libp2p-host.ts'
import { networkLimits } from './limits.ts'
import { createLiveness } from './liveness.ts'
import type { Liveness } from './liveness.ts'
import { silentLogger } from './logger.ts'
import type { NetworkLogger } from './logger.ts'
import { NetworkError } from './network.ts'
import type { ConnectedPeer, Network, NetworkHandlers } from './network.ts'
import { createPeerWatch } from './peer-watch.ts'
import { createTurnstile } from './turnstile.ts'

export interface Libp2pNetworkInit {
  /** The member's Ed25519 key: libp2p's key object or the 32-byte seed. */
  privateKey: Ed25519PrivateKey | Uint8Array
  /** Multiaddrs to listen on, like `/ip4/0.0.0.0/tcp/4001`; port 0 picks a free one; none: only dials. */
  listen: string[]
  /** Multiaddrs to tell peers instead; null or absent: those listened on. */
  announce?: string[] | null
  /** What peers are told that this program is. */
  program?: string
  handlers: NetworkHandlers
  logger?: NetworkLogger
}

/**
 * Starts a libp2p host: gossip in one topic, requests over streams, connections that are kept.
 *
 * @throws NetworkError `listen-failed`
 */
export async function createLibp2pNetwork(init: Libp2pNetworkInit): Promise<Network> {
  const logger = init.logger ?? silentLogger
  const handlers = guardHandlers(init.handlers, logger)
  const privateKey = init.privateKey instanceof Uint8Array ? await generateKeyPairFromSeed('Ed25519', init.privateKey) : init.privateKey
  const gossip = createGossip(handlers, logger)
  const arrivals = createArrivals(() => performance.now())
  const host = await createHost({ privateKey, listen: init.listen, announce: init.announce ?? null, ...(init.program === undefined ? {} : { program: init.program }), gossip: gossip.service, onAccepted: arrivals.accepted })
  const stopper = new AbortController()

  const fetch = createFetch({ handlers, logger, stopSignal: stopper.signal, connectionTo: (peer) => openConnection(host, peer) })
  const dials = createHostDials(host, arrivals, stopper.signal, logger)
  const liveness = createHostLiveness(host, gossip, logger)
  const watch = createPeerWatch({
    isReady: (peer) => gossip.topic() === null || gossip.link(peer),
    onConnected: (peer) => {
      liveness.measure(peer)
      handlers.onPeerConnected(peer)
    },
    onDisconnected: handlers.onPeerDisconnected,
  })

  host.addEventListener('connection:open', ({ detail }) => {
    if (detail.direction === 'inbound') arrivals.opened()
  })
  const programs = new Map<string, string>()
  host.addEventListener('peer:identify', ({ detail }) => {
    programs.set(detail.peerId.toString(), (detail.agentVersion ?? '').slice(0, networkLimits.programLengthMax))
  })
  host.addEventListener('peer:connect', ({ detail }) => {
    const peer = detail.toString()
    dials.peerConnected(peer)
    watch.opened(peer)
  })
  host.addEventListener('peer:disconnect', ({ detail }) => {
    const peer = detail.toString()
    programs.delete(peer)
    liveness.forget(peer)
    watch.closed(peer)
    dials.peerDisconnected(peer)
  })
  await host.handle(fetchProtocol, fetch.serve, { maxInboundStreams: networkLimits.servedPerConnectionMax })
  try {
    await host.start()
  } catch (error) {
    liveness.stop()
    gossip.stop()
    await stopHost(host)
    throw new NetworkError('listen-failed', `cannot listen on ${init.listen.join(', ')}: ${listenReason(error)}`, { cause: error })
  }

  const stop = async (): Promise<void> => {
    stopper.abort(new NetworkError('stopped', 'the network host is stopped'))
    dials.stop()
    watch.stop()
    liveness.stop()
    gossip.stop()
    await stopHost(host)
  }
  return toNetwork({ host, gossip, dials, liveness, programs, stop, isStopped: () => stopper.signal.aborted, request: fetch.request })
}

interface Parts {
  host: Host
  gossip: Gossip
  dials: HostDials
  liveness: Liveness
  programs: ReadonlyMap<string, string>
  request(peer: string, request: Uint8Array, timeoutMs: number): Promise<Uint8Array[]>
  isStopped(): boolean
  stop(): Promise<void>
}

function toNetwork({ host, gossip, dials, liveness, programs, request, isStopped, stop }: Parts): Network {
  let stopping: Promise<void> | null = null
  const assertRunning = (): void => {
    if (isStopped()) throw new NetworkError('stopped', 'the network host is stopped')
  }
  return {
    peerId: host.peerId.toString(),
    addresses: () => host.getMultiaddrs().map((address) => address.toString()),
    async publish(message) {
      assertRunning()
      const { gossipBytesMax } = networkLimits
      if (message.length > gossipBytesMax) throw new NetworkError('too-large', `a gossip message has at most ${gossipBytesMax} bytes, got ${message.length}`)
      await gossip.publish(message)
    },
    async request(peer, bytes, { timeoutMs = networkLimits.requestTimeoutMs } = {}) {
      assertRunning()
      return request(peer, bytes, timeoutMs)
    },
    keepConnected(address) {
      if (!isStopped()) dials.keep(address, parseAddress(address).peer)
    },
    async dial(address) {
      assertRunning()
      return dials.dialOnce(address)
    },
    peers: () => connectedPeers(host, liveness, programs),
    announcedBy: (peer) => announcedBy(host, peer),
    async joinTopic(topic) {
      assertRunning()
      gossip.join(topic)
    },
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

interface HostDials extends DialManager {
  dialOnce(address: string): Promise<string>
}

function createHostDials(host: Host, arrivals: Arrivals, stopSignal: AbortSignal, logger: NetworkLogger): HostDials {
  const dialOnce = async (address: string): Promise<string> => {
    const { target } = parseAddress(address)
    try {
      const signal = AbortSignal.any([stopSignal, AbortSignal.timeout(networkLimits.dialTimeoutMs)])
      const connection = await host.dial(target, { signal })
      return connection.remotePeer.toString()
    } catch (error) {
      if (stopSignal.aborted) throw new NetworkError('stopped', 'the network host is stopped')
      throw new NetworkError('dial-failed', `cannot connect to ${address}: ${messageOf(error)}`, { cause: error })
    }
  }
  const turnstile = createTurnstile(networkLimits.dialsInFlightMax, networkLimits.keptAddressesMax)
  const manager = createDialManager({
    ownId: host.peerId.toString(),
    async dial(address) {
      const leave = await turnstile.enter('dial', stopSignal)
      const peer = await dialOnce(address).finally(leave)
      // Not named `keep-alive`: libp2p would then redial by itself, beside the dial manager.
      await host.peerStore.merge(peerIdFromString(peer), { tags: { 'peerage-kept': { value: 100 } } })
      return peer
    },
    isConnected: (peer) => openConnection(host, peer) !== undefined,
    doArrivalsKeepComing: arrivals.keepComing,
    random: Math.random,
    nowMs: () => performance.now(),
    onFailure: (address, error, retryMs) => logger.debug({ err: error, address, retryMs }, 'a kept address cannot be reached'),
  })
  return { ...manager, dialOnce }
}

function createHostLiveness(host: Host, gossip: Gossip, logger: NetworkLogger): Liveness {
  return createLiveness({
    peers: () => host.getPeers().map((peer) => peer.toString()),
    ping: (peer) => host.services.ping.ping(peerIdFromString(peer), { signal: AbortSignal.timeout(networkLimits.pingTimeoutMs) }),
    hasGossipStream: gossip.hasStream,
    random: Math.random,
    abort(peer, reason) {
      logger.warn({ peer, reason }, 'closing a dead link')
      for (const connection of host.getConnections(peerIdFromString(peer))) connection.abort(new Error(reason))
    },
  })
}

/** The owner's handlers, kept from breaking the host when they throw against their contract. */
function guardHandlers(handlers: NetworkHandlers, logger: NetworkLogger): NetworkHandlers {
  const guarded = (report: (peer: string) => void) => (peer: string): void => {
    try {
      report(peer)
    } catch (error) {
      logger.warn({ err: error, peer }, 'a peer handler failed')
    }
  }
  return {
    onGossip: async (message, from) => handlers.onGossip(message, from),
    onRequest: async (request, from) => handlers.onRequest(request, from),
    onPeerConnected: guarded((peer) => handlers.onPeerConnected(peer)),
    onPeerDisconnected: guarded((peer) => handlers.onPeerDisconnected(peer)),
  }
}

function connectedPeers(host: Host, liveness: Liveness, programs: ReadonlyMap<string, string>): ConnectedPeer[] {
  const peers = new Map<string, ConnectedPeer>()
  for (const { remotePeer, remoteAddr, direction, status } of host.getConnections()) {
    const id = remotePeer.toString()
    if (status !== 'open' || peers.has(id)) continue
    peers.set(id, { id, address: remoteAddr.toString(), direction, latencyMs: liveness.latencyMs(id), program: programs.get(id) ?? null })
  }
  return [...peers.values()]
}

/** What the peer has said of itself when it connected. */
async function announcedBy(host: Host, peer: string): Promise<string[]> {
  const { addresses } = await host.peerStore.get(peerIdFromString(peer)).catch(() => ({ addresses: [] }))
  return addresses.slice(0, networkLimits.addressesPerPeerMax).map(({ multiaddr: address }) => `${address.toString()}/p2p/${peer}`)
}

function openConnection(host: Host, peer: string): Connection | undefined {
  let id: PeerId
  try {
    id = peerIdFromString(peer)
  } catch {
    return undefined
  }
  return host.getConnections(id).find((connection) => connection.status === 'open')
}

function parseAddress(address: string): { target: Multiaddr; peer: string | null } {
  try {
    const target = multiaddr(address)
    const peer = target.getComponents().findLast((component) => component.name === 'p2p')?.value ?? null
    return { target, peer }
  } catch (error) {
    throw new NetworkError('dial-failed', `not a multiaddr: ${address}`, { cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** libp2p lists the failures of all addresses, each with its stack: the first one's message says what is wrong. */
function listenReason(error: unknown): string {
  const message = messageOf(error)
  const reason = /Error: (.+)/.exec(message)?.[1] ?? message
  return reason.includes('EADDRINUSE') ? 'the port is in use; stop what runs there, or choose another port for peers' : reason
}
