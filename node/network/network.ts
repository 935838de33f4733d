/** What a gossip validator says of a message: pass it on, drop it silently, or drop it and hold it against the sender. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** A connected peer as the host sees it. */
export interface ConnectedPeer {
  id: string
  address: string
  direction: 'inbound' | 'outbound'
  latencyMs: number | null
  /** What the peer says of the program that it is; null before it has said so. */
  program: string | null
}

/** What the host tells its owner. Peer ids are libp2p PeerIds in base58 text. All handlers must not throw. */
export interface NetworkHandlers {
  /** A gossip message arrived; the promise's verdict decides whether it is forwarded. */
  onGossip(message: Uint8Array, from: string): Promise<GossipVerdict>
  /** A peer asks over a stream; the frames returned are sent back in order. */
  onRequest(request: Uint8Array, from: string): Promise<Uint8Array[]>
  onPeerConnected(peer: string): void
  onPeerDisconnected(peer: string): void
}

/** Errors of the host, closed set. */
export type NetworkErrorCode = 'dial-failed' | 'request-failed' | 'request-timeout' | 'too-large' | 'listen-failed' | 'stopped'

export class NetworkError extends Error {
  readonly code: NetworkErrorCode
  constructor(code: NetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NetworkError'
    this.code = code
  }
}

/** The network as the rest of the node sees it: bytes in, bytes out; it knows no message of the protocol. */
export interface Network {
  readonly peerId: string
  /** Full multiaddrs including /p2p/<id>, as printed at start and given to `join`. */
  addresses(): string[]
  /** Gossips to the topic given at creation. Resolves when handed to the peers known now; never throws for want of peers. */
  publish(message: Uint8Array): Promise<void>
  /** Sends one request over the stream protocol and collects the reply's frames. Rejects with NetworkError. */
  request(peer: string, request: Uint8Array, options?: { timeoutMs?: number }): Promise<Uint8Array[]>
  /** Keeps a connection to this address: dials now, and again with backoff whenever it is lost. */
  keepConnected(address: string): void
  /** Dials once; resolves to the peer id. Rejects with NetworkError. */
  dial(address: string): Promise<string>
  peers(): ConnectedPeer[]
  /** Full multiaddrs under which a peer that was connected says it can be reached. */
  announcedBy(peer: string): Promise<string[]>
  /** Subscribes to the topic: until then the host answers requests but carries no gossip. */
  joinTopic(topic: string): Promise<void>
  stop(): Promise<void>
}
