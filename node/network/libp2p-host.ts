import type { GossipSub, GossipSubComponents } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { networkLimits } from './limits.ts'

export type Host = Libp2p<{ identify: Identify; ping: Ping; gossip: GossipSub }>

export interface HostInit {
  privateKey: Ed25519PrivateKey
  listen: string[]
  /** Told to peers in place of what is listened on; empty: nothing. */
  announce?: string[] | null
  /** Told to every peer that connects: what program this is. */
  program?: string
  gossip: (components: GossipSubComponents) => GossipSub
  /** A socket was accepted; it is not known yet who is there. */
  onAccepted?: () => void
}

/** A libp2p host over TCP, noise and yamux, not yet started, with the defaults changed that break networks on one machine. */
export function createHost({ privateKey, listen, announce = null, program, gossip, onAccepted }: HostInit): Promise<Host> {
  return createLibp2p({
    start: false,
    privateKey,
    ...(program === undefined ? {} : { nodeInfo: { userAgent: program } }),
    addresses: { listen, announce: announce ?? [], ...(announce?.length === 0 ? { announceFilter: () => [] } : {}) },
    transports: [tcp({ backlog: 512 })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxEarlyStreams: 256 })],
    connectionManager: {
      maxConnections: networkLimits.connectionsMax,
      // Many peers come from one address: the default lets in five a second.
      inboundConnectionThreshold: networkLimits.connectionsPerSecondAndIpMax,
      maxIncomingPendingConnections: networkLimits.connectionsPendingMax,
      dialTimeout: networkLimits.dialTimeoutMs,
      addressDialTimeout: networkLimits.dialTimeoutMs,
      inboundUpgradeTimeout: networkLimits.dialTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: networkLimits.dialTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: networkLimits.dialTimeoutMs,
    },
    connectionGater: {
      denyInboundConnection() {
        onAccepted?.()
        return false
      },
    },
    // Its own monitor aborts a connection after one lost ping; ours counts them.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ timeout: networkLimits.dialTimeoutMs }),
      ping: ping({ timeout: networkLimits.pingTimeoutMs, maxInboundStreams: 8 }),
      gossip,
    },
  })
}

/** libp2p leaves the timer behind that would store its addresses a second after the listeners closed: it is cleared here. */
export async function stopHost(host: Host): Promise<void> {
  await host.stop()
  const { components } = host as { components?: { addressManager?: { _updatePeerStoreAddresses?: { stop?: () => void } } } }
  components?.addressManager?._updatePeerStoreAddresses?.stop?.()
}
